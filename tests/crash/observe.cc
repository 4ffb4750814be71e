#include "observe.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>

#include "content.h"
#include "observe_store.h"
#include "publish/sweep.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/loop_device.h"
#include "testing/private_mounts.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"
#include "trees.h"

namespace libcopyfile::test {
namespace {

bool same_attributes(const Fd& fd, const struct stat& found, const Attributes& wanted) {
  if ((found.st_mode & 07777) != wanted.mode || found.st_uid != wanted.owner ||
      found.st_gid != wanted.group || found.st_mtim.tv_sec != wanted.modified.tv_sec ||
      found.st_mtim.tv_nsec != wanted.modified.tv_nsec) {
    return false;
  }
  for (const auto& [name, value] : wanted.xattrs) {
    std::string there(value.size() + 1, '\0');
    const ssize_t n = fgetxattr(fd.get(), name.c_str(), there.data(), there.size());
    if (n != static_cast<ssize_t>(value.size()) || there.compare(0, value.size(), value) != 0) {
      return false;
    }
  }
  return true;
}

std::string attributes_in_words(const struct stat& found) {
  char text[120];
  std::snprintf(text, sizeof text, ", mode %04o, owner %u:%u, modified %lld.%09ld",
                found.st_mode & 07777, found.st_uid, found.st_gid,
                static_cast<long long>(found.st_mtim.tv_sec), found.st_mtim.tv_nsec);
  return text;
}

void look_at_link(const std::string& path, const std::vector<Version>& versions, Seen& seen) {
  std::string target(4096, '\0');
  const ssize_t n = readlink(path.c_str(), target.data(), target.size());
  target.resize(n < 0 ? 0 : static_cast<size_t>(n));
  for (size_t v = 0; v < versions.size(); ++v) {
    if (versions[v].kind == Version::Kind::link && versions[v].target == target) {
      seen.matches |= uint64_t{1} << v;
    }
  }
  seen.what = "a symbolic link to " + target;
}

// Until end of file; an errno in words otherwise (Btrfs: EIO where a checksum is wrong).
std::string read_all(const Fd& fd, size_t size, std::string& text) {
  text.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd.get(), text.data() + done, size - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::string("cannot be read: ") + std::strerror(errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return {};
}

void look_at_file(const std::string& path, const std::vector<Version>& versions, Seen& seen) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat found {};
  if (!fd.valid() || fstat(fd.get(), &found) != 0) {
    seen.what = std::string("cannot be opened: ") + std::strerror(errno);
    return;
  }
  std::string text;
  seen.what = read_all(fd, static_cast<size_t>(found.st_size), text);
  if (!seen.what.empty()) return;
  for (size_t v = 0; v < versions.size(); ++v) {
    const Version& version = versions[v];
    if (version.kind != Version::Kind::file) continue;
    const std::string& wanted = stamped_content(version.content, version.size);
    if (text == wanted &&
        (!version.attributes || same_attributes(fd, found, *version.attributes))) {
      seen.matches |= uint64_t{1} << v;
    }
    // Of the newest version, as a rule the one that went wrong.
    seen.what = describe(text, wanted) + attributes_in_words(found);
  }
}

void look_at_tree(const std::string& path, const std::vector<Version>& versions, Seen& seen) {
  seen.what = "a directory";
  for (size_t v = 0; v < versions.size(); ++v) {
    if (versions[v].kind != Version::Kind::tree) continue;
    seen.what = tree_difference(path, versions[v].content, versions[v].size);
    if (seen.what.empty()) seen.matches |= uint64_t{1} << v;
  }
}

// Names that belong to nothing that is known, and are no directories on the way to it.
void find_strangers(const std::string& top, const std::string& below, const History& history,
                    Observation& result) {
  for (const std::string& entry : names_in(below.empty() ? top : top + "/" + below)) {
    const std::string name = below.empty() ? entry : below + "/" + entry;
    if (history.knows(name)) continue;
    if (history.knows_below(name)) {
      find_strangers(top, name, history, result);
    } else {
      result.strange.push_back("there is a file " + name + " that nobody made");
    }
  }
}

// What a crash left is swept away; then there is nothing but the names.
void sweep_away(const std::string& path, const History& history, Observation& result) {
  KernelFiles files;
  KernelNames names;
  KernelAttributes attributes;
  const Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  SweepOptions options;
  options.recursive = true;
  // Nobody copies: private links are not left for a minute.
  options.not_sure_too = true;
  const Result<SweepReport> swept = sweep(files, names, attributes, directory.get(), path, options);
  if (!swept) {
    result.strange.push_back("sweeping fails: " + swept.error().message());
    return;
  }
  result.leftovers = swept->removed;
  find_strangers(path, {}, history, result);
}

// A file system that found itself inconsistent is read-only from then on.
void try_to_write(const std::string& directory, Observation& result) {
  try {
    write_text(directory + "/writable", "still");
    if (unlink((directory + "/writable").c_str()) != 0) {
      throw ScratchError::of_errno("unlink");
    }
  } catch (const ScratchError& error) {
    result.strange.push_back(std::string("nothing can be written: ") + error.what());
  }
}

void look_at_names(const std::string& directory, const History& history, Observation& result) {
  for (const History::Name& name : history.names()) {
    result.names.push_back(look(directory + "/" + name.name, name.versions));
  }
  try_to_write(directory, result);
  sweep_away(directory, history, result);
}

void unmount(const std::string& path) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (umount2(path.c_str(), 0) == 0) return;
    if (errno != EBUSY) break;
    usleep(1000);
  }
  throw ScratchError::of_errno("unmount " + path);
}

}  // namespace

Seen look(const std::string& path, const std::vector<Version>& versions) {
  Seen seen;
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    seen.what = errno == ENOENT ? "nothing" : std::strerror(errno);
    for (size_t v = 0; errno == ENOENT && v < versions.size(); ++v) {
      if (versions[v].kind == Version::Kind::absent) seen.matches |= uint64_t{1} << v;
    }
  } else if (S_ISLNK(found.st_mode)) {
    look_at_link(path, versions, seen);
  } else if (S_ISDIR(found.st_mode)) {
    look_at_tree(path, versions, seen);
  } else {
    look_at_file(path, versions, seen);
  }
  return seen;
}

Observation observe(const Job& job, const Fd& image, const History& history) {
  Observation result;
  const std::string path = mount_root() + "/state";
  mkdir(path.c_str(), 0755);
  const LoopDevice loop = attach_loop(image, 512);
  if (mount(loop.path.c_str(), path.c_str(), std::string(name_of(job.fs)).c_str(), 0, "") != 0) {
    result.mount_error = std::strerror(errno);
    return result;
  }
  const std::string directory = path + "/d";
  if (group_of(job) == Group::store) {
    look_at_store(directory, history, result);
  } else {
    look_at_names(directory, history, result);
  }
  unmount(path);
  return result;
}

}  // namespace libcopyfile::test
