#include "snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/fd.h"

namespace libcopyfile::test {
namespace {

// Times from before this are given by somebody; others are when the test ran.
constexpr time_t kLongAgo = 1'500'000'000;

std::vector<std::string> names_below(const std::string& directory) {
  std::vector<std::string> names;
  const std::filesystem::recursive_directory_iterator end;
  for (std::filesystem::recursive_directory_iterator i(directory); i != end; ++i) {
    names.push_back(i->path().string().substr(directory.size() + 1));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string identity(const std::string& path) {
  struct statx st {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &st) !=
      0) {
    return "";
  }
  std::string text = fmt::format("{} {}.{}", st.stx_ino, st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
  if (S_ISREG(st.stx_mode) || S_ISDIR(st.stx_mode)) {
    // An inode that is used again within a tick of the clock has another generation.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    long generation = 0;
    if (fd.valid() && ::ioctl(fd.get(), FS_IOC_GETVERSION, &generation) == 0) {
      text += fmt::format(" {}", generation);
    }
  }
  return text;
}

std::string time_text(const timespec& time) {
  if (time.tv_sec > kLongAgo) return "now";
  return fmt::format("{}.{:09}", time.tv_sec, time.tv_nsec);
}

char type_letter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return '-';
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFIFO: return 'p';
    case S_IFSOCK: return 's';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    default: return '?';
  }
}

std::string attributes_of(const std::string& path) {
  char list[4096];
  const ssize_t size = ::llistxattr(path.c_str(), list, sizeof list);
  std::vector<std::string> all;
  for (ssize_t at = 0; at < size;) {
    const std::string name = list + at;
    char value[1024];
    const ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value, sizeof value);
    std::string text = name + "=";
    for (ssize_t i = 0; i < length; ++i) {
      text += fmt::format("{:02x}", static_cast<unsigned char>(value[i]));
    }
    all.push_back(text);
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  std::sort(all.begin(), all.end());
  std::string text;
  for (const std::string& a : all) text += " " + a;
  return text;
}

std::string contents_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string whole = text.str();
  if (whole.size() <= 32) return "'" + whole + "'";
  return fmt::format("#{:x}", std::hash<std::string>{}(whole));
}

}  // namespace

Identities identities_in(const std::string& directory) {
  Identities all;
  for (const std::string& name : names_below(directory)) {
    all[name] = identity(directory + "/" + name);
  }
  return all;
}

std::string snapshot(const std::string& directory, const SnapshotOptions& options) {
  std::string text;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names;
  for (const std::string& name : names_below(directory)) {
    const std::string path = directory + "/" + name;
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) {
      text += name + " vanished\n";
      continue;
    }
    const bool was_there = options.before != nullptr && options.before->contains(name);
    const bool has_time = options.identities || !was_there || !S_ISDIR(st.st_mode);
    text += fmt::format("{} {}{:04o} {}:{} {}", name, type_letter(st.st_mode), st.st_mode & 07777,
                        st.st_uid, st.st_gid, has_time ? time_text(st.st_mtim) : "-");
    if (S_ISREG(st.st_mode)) text += fmt::format(" {} {}", st.st_size, contents_of(path));
    if (S_ISLNK(st.st_mode)) text += " -> " + std::filesystem::read_symlink(path).string();
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
      text += fmt::format(" {}:{}", major(st.st_rdev), minor(st.st_rdev));
    }
    text += attributes_of(path);
    if (!S_ISDIR(st.st_mode)) {
      const auto [first, is_new] = first_names.try_emplace({st.st_dev, st.st_ino}, name);
      text += fmt::format(" {} names", st.st_nlink);
      if (!is_new) text += ", as " + first->second;
    }
    if (was_there && options.identities) {
      text += options.before->at(name) == identity(path) ? ", kept" : ", another";
    }
    text += '\n';
  }
  return text;
}

}  // namespace libcopyfile::test
