// The same rules and the same lists, given to rsync: it must take the same names.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "testing/process.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"
#include "tree/filter.h"

namespace libcopyfile::test {
namespace {

using Names = std::set<std::string>;
using Random = std::mt19937;

// What is drawn, drawn from: names that patterns can tell apart only by looking closely.
constexpr const char* kNames[] = {"a",  "b",   "ab",   "aa.o", "b.o", "foo", "bar", "A1",
                                  "-x", "a*b", "a\\b", "[a]",  "a b", ".o",  "z-"};
constexpr const char* kPieces[] = {
    "a",   "b",  "foo",         "bar",          ".o",    "*",     "**",   "***", "?",    "/",
    "/",   "/",  "[ab]",        "[!a]",         "[a-f]", "[^b/]", "\\*",  "\\a", "\\\\", "[]a]",
    "[[]", "-x", "[[:alpha:]]", "[[:digit:]-]", "**/",   "/**/",  "/***", "[a"};

template <class T, size_t N>
T any_of(Random& random, const T (&from)[N]) {
  return from[random() % N];
}

// How many seeds; more of them with COPYFILE_FILTER_ROUNDS=5000.
unsigned rounds(unsigned usual) {
  const char* asked = std::getenv("COPYFILE_FILTER_ROUNDS");  // NOLINT(concurrency-mt-unsafe)
  return asked == nullptr ? usual : static_cast<unsigned>(std::atoi(asked));
}

// Paths inside it; true for directories.
class Tree {
 public:
  Tree(std::string top, unsigned seed) : top_(std::move(top)) {
    Random random(seed);
    ::mkdir(top_.c_str(), 0755);
    grow(random, "", 4);
  }
  const std::string& top() const { return top_; }
  const std::map<std::string, bool>& paths() const { return paths_; }

  // What a walk takes that asks the filter about each name, and enters only what is included.
  Names included(const Filter& filter) const {
    Names names;
    for (const auto& [path, is_directory] : paths_) {
      const size_t slash = path.rfind('/');
      if (slash != std::string::npos && !names.contains(path.substr(0, slash + 1))) continue;
      if (filter.includes(path, is_directory)) names.insert(is_directory ? path + "/" : path);
    }
    return names;
  }

 private:
  void grow(Random& random, const std::string& directory, int levels) {
    for (const char* name : kNames) {
      if (random() % 3 == 0) continue;
      const std::string path = directory + name;
      const bool is_directory = levels > 1 && random() % 4 == 0;
      paths_[path] = is_directory;
      if (is_directory) {
        ::mkdir((top_ + "/" + path).c_str(), 0755);
        grow(random, path + "/", levels - 1);
      } else {
        write_text(top_ + "/" + path, "x");
      }
    }
  }

  std::string top_;
  std::map<std::string, bool> paths_;
};

// What rsync would copy of the tree; directories end in a slash.
Names taken_by_rsync(const Tree& tree, const std::string& empty,
                     const std::vector<std::string>& options) {
  std::vector<std::string> argv{"rsync", "-a", "--dry-run", "--out-format=%n"};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(tree.top() + "/");
  argv.push_back(empty);
  const Finished finished = run(argv);
  EXPECT_TRUE(finished.ok()) << finished.err;
  Names names;
  for (size_t at = 0; at < finished.out.size();) {
    const size_t end = finished.out.find('\n', at);
    names.insert(finished.out.substr(at, end - at));
    at = end + 1;
  }
  names.erase("./");
  return names;
}

std::string difference(const Names& ours, const Names& theirs) {
  std::string text;
  for (const std::string& name : ours) {
    if (!theirs.contains(name)) text += "only here: " + name + "\n";
  }
  for (const std::string& name : theirs) {
    if (!ours.contains(name)) text += "only rsync: " + name + "\n";
  }
  return text;
}

std::string any_pattern(Random& random) {
  std::string pattern = random() % 4 == 0 ? "/" : "";
  for (size_t i = 1 + random() % 5; i > 0; --i) {
    pattern += random() % 3 == 0 ? any_of(random, kNames) : any_of(random, kPieces);
  }
  if (random() % 5 == 0) pattern += "/";
  return pattern;
}

class FilterAndRsync : public testing::Test {
 protected:
  const std::string directory_ = test_directory(FsKind::tmpfs);
  const std::string empty_ = directory_ + "/empty";
  const std::string file_ = directory_ + "/file";

  void SetUp() override { ::mkdir(empty_.c_str(), 0755); }
};

TEST_F(FilterAndRsync, AgreeOnRules) {
  const Tree tree(directory_ + "/tree", 1);
  ASSERT_GT(tree.paths().size(), 100U);
  size_t decided = 0;
  for (unsigned seed = 1; seed <= rounds(120); ++seed) {
    Random random(seed);
    std::string rules;
    for (size_t i = 1 + random() % 4; i > 0; --i) {
      rules += (random() % 3 == 0 ? "+ " : "- ") + any_pattern(random) + "\n";
    }
    Filter filter;
    ASSERT_TRUE(filter.add_all(Filter::Action::exclude, rules, EndsIn::newline));
    const Names ours = tree.included(filter);
    write_text(file_, rules);
    EXPECT_EQ(difference(ours, taken_by_rsync(tree, empty_, {"--exclude-from=" + file_})), "")
        << "seed " << seed << ", rules:\n"
        << rules;
    decided += ours.size() != tree.paths().size() ? 1 : 0;
  }
  EXPECT_GT(decided, rounds(120) / 4) << "most rules excluded nothing: this proves little";
}

TEST_F(FilterAndRsync, AgreeOnSignsCommentsAndEnds) {
  const Tree tree(directory_ + "/tree", 2);
  const std::string rules =
      "# first\r\n; second\n\n+ foo/\r- *b*\n!\n#\n+ a/\n/b/***\n- - x\n+ -x\na b\n \n";
  for (const bool include : {false, true}) {
    Filter filter;
    const auto action = include ? Filter::Action::include : Filter::Action::exclude;
    ASSERT_TRUE(filter.add_all(action, rules, EndsIn::newline));
    ASSERT_TRUE(filter.add(Filter::Action::exclude, "*o"));
    write_text(file_, rules);
    const std::string option = include ? "--include-from=" : "--exclude-from=";
    EXPECT_EQ(difference(tree.included(filter),
                         taken_by_rsync(tree, empty_, {option + file_, "--exclude=*o"})),
              "");
  }
}

// rsync makes the directories on the way to a name only if something is copied into them.
void drop_empty_implied(const Filter& filter, Names& names) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string& name : names) {
      if (!name.ends_with('/')) continue;
      const std::string path = name.substr(0, name.size() - 1);
      const auto next = names.upper_bound(name);
      const bool empty = next == names.end() || !next->starts_with(name);
      if (!empty || filter.list()->place_of(path) != NameList::Place::implied) continue;
      names.erase(name);
      again = true;
      break;
    }
  }
}

TEST_F(FilterAndRsync, AgreeOnLists) {
  const Tree tree(directory_ + "/tree", 3);
  std::vector<std::string> all;
  for (const auto& [path, is_directory] : tree.paths()) all.push_back(path);
  for (unsigned seed = 1; seed <= rounds(80); ++seed) {
    Random random(seed);
    std::string names;
    for (size_t i = 1 + random() % 8; i > 0; --i) {
      const std::string& path = all[random() % all.size()];
      const bool contents = tree.paths().at(path) && random() % 3 == 0;
      names += (random() % 4 == 0 ? "/" : "") + path + (contents ? "/\n" : "\n");
    }
    // By itself: together with others it takes directories along that drop_empty_implied() can't tell from those.
    if (random() % 10 == 0) names = ".\n";
    const bool recursive = random() % 2 == 0;
    Filter filter;
    filter.set_list(*NameList::parse(names, EndsIn::newline, recursive));
    write_text(file_, names);
    std::vector<std::string> options{"--files-from=" + file_};
    if (recursive) options.push_back("-r");
    for (size_t i = random() % 3; i > 0; --i) {
      const std::string pattern = any_pattern(random);
      ASSERT_TRUE(filter.add(Filter::Action::exclude, pattern));
      options.push_back("--exclude=" + pattern);
    }
    Names ours = tree.included(filter);
    drop_empty_implied(filter, ours);
    Names theirs = taken_by_rsync(tree, empty_, options);
    EXPECT_EQ(difference(ours, theirs), "") << "seed " << seed << ", names:\n" << names;
  }
}

}  // namespace
}  // namespace libcopyfile::test
