#include "trees.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <set>
#include <vector>

#include "base/fd.h"
#include "content.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint32_t kFilesOfOne = 1000;  // contents are numbered: those of each tree are its own
constexpr const char* kReadOnly = "a/closed";
constexpr std::array kDirectories{"", "a", "a/b", "c", kReadOnly};
constexpr std::array<uint64_t, 6> kSizes{8192, 100, 0, 20000, 4096, 1};

struct Node {
  std::string name;  // below the top
  mode_t mode = 0;   // with the type
  uint32_t content = 0;
  uint64_t size = 0;
  std::string target;  // of a symbolic link
  std::string same;    // as which file this is another name
  timespec modified{};
};

std::string join(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::vector<Node> nodes_of(uint32_t content, uint64_t files) {
  std::vector<Node> nodes;
  const auto add = [&](Node node) {
    node.modified = {1'000'000'000 + content * 10'000 + static_cast<time_t>(nodes.size()),
                     123'456'789};
    nodes.push_back(std::move(node));
  };
  for (const char* d : kDirectories) {
    add({d, S_IFDIR | (std::strcmp(d, kReadOnly) == 0 ? 0555U : 0750U), 0, 0, {}, {}, {}});
  }
  for (uint32_t i = 0; i < files; ++i) {
    const std::string directory = kDirectories[i % kDirectories.size()];
    const uint64_t size = i == 7 ? 300'000 : kSizes[i % kSizes.size()];
    add({join(directory, "f" + std::to_string(i)),
         S_IFREG | (0600U + i % 64),
         content * kFilesOfOne + i,
         size,
         {},
         {},
         {}});
  }
  add({"c/link", S_IFLNK | 0777U, 0, 0, "../a/f" + std::to_string(content), {}, {}});
  add({"a/pipe", S_IFIFO | 0640U, 0, 0, {}, {}, {}});
  add({"c/other-name", 0, 0, 0, {}, "f0", {}});
  return nodes;
}

void make_node(const std::string& top, const Node& node) {
  const std::string path = top + "/" + node.name;
  int rc = 0;
  if (!node.same.empty()) {
    rc = link((top + "/" + node.same).c_str(), path.c_str());
  } else if (S_ISDIR(node.mode)) {
    rc = mkdir(path.c_str(), 0700);
  } else if (S_ISLNK(node.mode)) {
    rc = symlink(node.target.c_str(), path.c_str());
  } else if (S_ISFIFO(node.mode)) {
    rc = mkfifo(path.c_str(), 0600);
  } else {
    write_text(path, stamped_content(node.content, node.size));
  }
  if (rc != 0) throw ScratchError::of_errno("make " + path);
}

std::string difference_of(const std::string& top, const Node& node) {
  const std::string path = node.name.empty() ? top : top + "/" + node.name;
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return "is missing";
  if (!node.same.empty()) {
    struct stat other {};
    const bool same =
        lstat((top + "/" + node.same).c_str(), &other) == 0 && other.st_ino == found.st_ino;
    return same ? "" : "is not the same file as " + node.same;
  }
  if ((found.st_mode & S_IFMT) != (node.mode & S_IFMT)) return "is of another type";
  if (S_ISREG(node.mode)) {
    std::string text;
    try {
      text = read_text(path);
    } catch (const ScratchError& error) {
      return error.what();
    }
    const std::string& wanted = stamped_content(node.content, node.size);
    if (text != wanted) return "has " + describe(text, wanted);
  }
  if (S_ISLNK(node.mode)) {
    std::array<char, 256> target{};
    const ssize_t n = readlink(path.c_str(), target.data(), target.size());
    if (n < 0 || std::string(target.data(), static_cast<size_t>(n)) != node.target) {
      return "leads elsewhere";
    }
  } else if (found.st_mode != node.mode) {
    return "has other rights";
  }
  const bool same_time = found.st_mtim.tv_sec == node.modified.tv_sec &&
                         found.st_mtim.tv_nsec == node.modified.tv_nsec;
  return same_time ? "" : "has another time";
}

void list(const std::string& directory, const std::string& name, std::set<std::string>& all) {
  for (const std::string& entry : names_in(directory)) {
    const std::string path = directory + "/" + entry;
    all.insert(join(name, entry));
    struct stat found {};
    if (lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) {
      list(path, join(name, entry), all);
    }
  }
}

}  // namespace

void make_tree(const std::string& path, uint32_t content, uint64_t files) {
  const std::vector<Node> nodes = nodes_of(content, files);
  for (const Node& node : nodes) make_node(path, node);
  // From the last to the first: what is in a directory changes its time.
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (!node->same.empty()) continue;
    const std::string name = path + "/" + node->name;
    const timespec times[2] = {node->modified, node->modified};
    const bool is_link = S_ISLNK(node->mode);
    if ((!is_link && chmod(name.c_str(), node->mode & 07777) != 0) ||
        utimensat(AT_FDCWD, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      throw ScratchError::of_errno("set what " + name + " has");
    }
  }
}

std::string tree_difference(const std::string& path, uint32_t content, uint64_t files) {
  std::set<std::string> names;
  list(path, {}, names);
  for (const Node& node : nodes_of(content, files)) {
    const std::string what = difference_of(path, node);
    if (!what.empty()) return "a tree in which '" + node.name + "' " + what;
    names.erase(node.name);
  }
  if (!names.empty()) return "a tree with '" + *names.begin() + "', which nobody made";
  return {};
}

}  // namespace libcopyfile::test
