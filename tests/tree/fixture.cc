#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

void must(int rc, const std::string& what) {
  if (rc != 0) throw ScratchError(what + ": " + std::strerror(errno));
}

std::string attributes_of(const std::string& path) {
  std::array<char, 4096> list{};
  const ssize_t n = llistxattr(path.c_str(), list.data(), list.size());
  std::vector<std::string> found;
  for (ssize_t at = 0; at < n;) {
    const std::string name = list.data() + at;
    at += static_cast<ssize_t>(name.size()) + 1;
    std::array<char, 4096> value{};
    const ssize_t length = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    found.push_back(name + "=" + std::string(value.data(), std::max<ssize_t>(length, 0)));
  }
  std::sort(found.begin(), found.end());
  std::string all;
  for (const std::string& one : found) all += " " + one;
  return all;
}

// Short ones as they are; a difference must be readable.
std::string digest_of(const std::string& text) {
  if (text.size() < 100) return text;
  return std::to_string(text.size()) + "#" + std::to_string(std::hash<std::string>{}(text));
}

class Walk {
 public:
  Walk(const SnapshotOptions& options, Snapshot& snapshot) : o_(options), snapshot_(snapshot) {}

  void go(const std::string& path, const std::string& name) {
    struct stat st {};
    must(lstat(path.c_str(), &st), path);
    std::string text = "type=" + std::to_string(st.st_mode & S_IFMT);
    if (!S_ISLNK(st.st_mode)) text += " mode=" + std::to_string(st.st_mode & 07777);
    if (o_.owners) text += " owner=" + std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid);
    if (o_.times && (o_.directory_times || !S_ISDIR(st.st_mode))) {
      text +=
          " mtime=" + std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec);
    }
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
      text += " same=" + first_.try_emplace({st.st_dev, st.st_ino}, name).first->second;
    }
    if (S_ISREG(st.st_mode)) text += " data=" + digest_of(read_text(path));
    if (S_ISLNK(st.st_mode)) {
      std::array<char, 4096> target{};
      (void)!readlink(path.c_str(), target.data(), target.size());
      text += std::string(" to=") + target.data();
    }
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) text += " rdev=" + std::to_string(st.st_rdev);
    snapshot_[name] = text + attributes_of(path);
    if (!S_ISDIR(st.st_mode)) return;
    for (const std::string& entry : names_in(path)) {
      go(path + "/" + entry, name.empty() ? entry : name + "/" + entry);
    }
  }

 private:
  const SnapshotOptions& o_;
  Snapshot& snapshot_;
  std::map<std::pair<dev_t, ino_t>, std::string> first_;
};

const char* name_of_trouble(Trouble trouble) {
  switch (trouble) {
    case Trouble::none: return "none";
    case Trouble::same_file: return "same_file";
    case Trouble::into_itself: return "into_itself";
    case Trouble::directory_over_file: return "directory_over_file";
    case Trouble::file_over_directory: return "file_over_directory";
    case Trouble::just_created: return "just_created";
    case Trouble::cycle: return "cycle";
    case Trouble::exists: return "exists";
    case Trouble::omitting_directory: return "omitting_directory";
    default: return "other";
  }
}

}  // namespace

Snapshot snapshot(const std::string& top, const SnapshotOptions& options) {
  Snapshot all;
  Walk(options, all).go(top, "");
  return all;
}

void make_directory(const std::string& path, unsigned mode) {
  must(mkdir(path.c_str(), 0700), path);
  must(chmod(path.c_str(), mode), path);
}

void set_times(const std::string& path, int64_t seconds, int64_t nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  must(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), path);
}

void make_rich_tree(const std::string& top, FsKind kind) {
  const auto at = [&](const std::string& name) { return top + "/" + name; };
  make_directory(top);
  for (const char* directory :
       {"sub", "sub/deep", "sub/deep/deeper", "read-only", "empty", "set-id"}) {
    make_directory(at(directory));
  }
  write_text(at("empty-file"), "");
  write_text(at("small"), "a few bytes");
  write_text(at("executable"), std::string(5000, 'x'), 0755);
  write_text(at("secret"), "mine alone", 0600);
  write_text(at("large"), std::string(700000, 'l'));
  write_text(at("sub/one"), "1");
  write_text(at("sub/deep/two"), std::string(70000, '2'));
  write_text(at("sub/deep/deeper/three"), "3", 0444);
  write_text(at("read-only/inside"), "kept");
  write_text(at("new\nline"), "a name that ends lines");
  if (kind != FsKind::fuse) write_text(at("not-\xff-utf8"), "a name of bytes");
  {
    const Fd fd(open(at("holes").c_str(), O_CREAT | O_WRONLY, 0640));
    must(static_cast<int>(pwrite(fd.get(), "end", 3, 1 << 20)) - 3, "holes");
    must(ftruncate(fd.get(), (1 << 20) + 70000), "holes");
  }
  must(link(at("small").c_str(), at("small-too").c_str()), "link");
  must(link(at("small").c_str(), at("sub/deep/small-three").c_str()), "link");
  must(symlink("small", at("link").c_str()), "symlink");
  must(symlink("nowhere/at/all", at("sub/dangling").c_str()), "symlink");
  must(symlink("..", at("sub/deep/up").c_str()), "symlink");
  if (kind != FsKind::fuse) {
    must(mkfifo(at("pipe").c_str(), 0620), "mkfifo");
    must(mknod(at("sub/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), "mknod");
    must(mknod(at("sub/socket").c_str(), S_IFSOCK | 0755, 0), "mknod");
    must(chown(at("executable").c_str(), 1234, 4321), "chown");
    must(lchown(at("link").c_str(), 77, 88), "chown");
    must(setxattr(at("secret").c_str(), "user.note", "kept", 4, 0), "setxattr");
    must(setxattr(at("sub").c_str(), "user.note", "of a directory", 14, 0), "setxattr");
  }
  must(chmod(at("executable").c_str(), 04755), "chmod");
  must(chmod(at("set-id").c_str(), 02775), "chmod");
  int64_t when = 1'000'000'000;
  for (const auto& [name, text] : snapshot(top))
    set_times(name.empty() ? top : at(name), when += 1001, 123456000);
  must(chmod(at("read-only").c_str(), 0555), "chmod");
}

Done Told::before_file(const TreeItem& item, FileJob& job) {
  return before ? before(item, job) : Done{};
}

void Told::copied(const TreeItem& item, const FileJob&, const FileReport& report) {
  if (every_item) lines.push_back("copied " + item.to);
  losses.insert(losses.end(), report.losses.begin(), report.losses.end());
}

void Told::made(const TreeItem& item, Made, const std::vector<Loss>& lost) {
  if (every_item) lines.push_back("made " + item.to);
  losses.insert(losses.end(), lost.begin(), lost.end());
}

void Told::backed_up(const TreeItem& item, const std::string& backup) {
  lines.push_back("backup " + item.to + " " + backup);
}

void Told::removed(const TreeItem& item) { lines.push_back("removed " + item.to); }

void Told::skipped(const TreeItem& item, Skipped) { lines.push_back("skipped " + item.to); }

void Told::failed(const TreeItem& item, const TreeFailure& failure) {
  lines.push_back("failed " + item.from + ": " + name_of_trouble(failure.trouble));
  troubles.push_back(failure.trouble);
  errnos.push_back(failure.error.code);
}

bool Told::may_overwrite(const TreeItem&, const FileStat&) { return answer; }

TreeOptions archive() {
  TreeOptions o;
  o.recursive = true;
  o.follow = FollowLinks::never;
  o.keep_hard_links = true;
  o.wanted = metadata::kAll;
  o.creation_mask = 022;
  return o;
}

bool TreeRun::copy(const std::vector<TreeRoot>& roots, const TreeOptions& options) {
  report = {};
  told.lines.clear();
  told.troubles.clear();
  told.errnos.clear();
  return copy_trees(system.system(), catalogue, learned, roots, options, told, report);
}

}  // namespace libcopyfile::test
