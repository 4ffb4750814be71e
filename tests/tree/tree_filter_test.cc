// What a copy of a tree takes where there are rules or a list.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "fixture.h"
#include "testing/text_files.h"
#include "tree/filter.h"

namespace libcopyfile::test {
namespace {

class TreeFilter : public ::testing::Test {
 protected:
  TreeFilter() {
    for (const char* name : {"s", "s/a", "s/a/b", "s/c", "s/e"}) make_directory(top_ + "/" + name);
    for (const char* name : {"s/f.o", "s/a/g.c", "s/a/b/h.o", "s/a/b/i.c", "s/c/j.c"}) {
      write_text(top_ + "/" + name, name);
    }
    EXPECT_EQ(::symlink("../a", (top_ + "/s/e/link").c_str()), 0);
  }
  // What is there afterwards, as paths.
  std::vector<std::string> copied(const Filter& filter) {
    TreeOptions options = archive();
    options.filter = &filter;
    options.jobs = 2;
    complete_ = run_.copy({{top_ + "/s", top_ + "/t"}}, options);
    std::vector<std::string> paths;
    for (const auto& [path, about] : snapshot(top_ + "/t")) {
      if (!path.empty()) paths.push_back(path);
    }
    return paths;
  }
  static Filter list(const std::string& names, bool recursive) {
    Filter filter;
    filter.set_list(*NameList::parse(names, EndsIn::newline, recursive));
    return filter;
  }
  // Failures, in no particular order, without the directory of the test.
  std::vector<std::string> failures() {
    std::vector<std::string> found;
    for (size_t i = 0, n = 0; i < run_.told.lines.size(); ++i) {
      const std::string& line = run_.told.lines[i];
      if (!line.starts_with("failed ")) continue;
      const size_t path = line.find(top_);
      const size_t end = line.find(':', path);
      found.push_back(line.substr(path + top_.size() + 1, end - path - top_.size() - 1) + " " +
                      std::to_string(run_.told.errnos[n++]));
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  using Names = std::vector<std::string>;
  const std::string top_ = test_directory(FsKind::ext4);
  TreeRun run_;
  bool complete_ = false;
};

TEST_F(TreeFilter, RulesLeaveOut) {
  Filter filter;
  ASSERT_TRUE(filter.add(Filter::Action::exclude, "*.o"));
  ASSERT_TRUE(filter.add(Filter::Action::exclude, "/c/"));
  EXPECT_EQ(copied(filter), (Names{"a", "a/b", "a/b/i.c", "a/g.c", "e", "e/link"}));
  EXPECT_TRUE(complete_);
  EXPECT_EQ(run_.report.skipped, 3U);
}

TEST_F(TreeFilter, ListsTakeTheirNamesAndTheWayToThem) {
  EXPECT_EQ(copied(list("a/b/h.o\nc\ne/\n", false)),
            (Names{"a", "a/b", "a/b/h.o", "c", "e", "e/link"}));
  EXPECT_TRUE(complete_);
}

TEST_F(TreeFilter, RecursiveListsTakeAllThatIsInThem) {
  EXPECT_EQ(copied(list("a/b\nc\n", true)),
            (Names{"a", "a/b", "a/b/h.o", "a/b/i.c", "c", "c/j.c"}));
  EXPECT_TRUE(complete_);
}

TEST_F(TreeFilter, ListedNamesThatAreNotThereFail) {
  EXPECT_EQ(copied(list("f.o\nnone\na/none\ngone/x\ngone/y\n", true)), (Names{"a", "f.o"}));
  EXPECT_FALSE(complete_);
  EXPECT_EQ(failures(), (Names{"s/a/none 2", "s/gone 2", "s/none 2"}));
}

// Nothing is read through a link that the list only goes through.
TEST_F(TreeFilter, LinksAndFilesLeadNowhere) {
  EXPECT_EQ(copied(list("e/link/g.c\nf.o/x\nc/j.c\nc/j.c/y\n", true)), (Names{"c", "c/j.c", "e"}));
  EXPECT_FALSE(complete_);
  EXPECT_EQ(failures(), (Names{"s/c/j.c 20", "s/e/link 20", "s/f.o 20"}));
}

}  // namespace
}  // namespace libcopyfile::test
