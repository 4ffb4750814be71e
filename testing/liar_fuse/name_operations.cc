// Operations on names: directories, links, renames.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "testing/liar_fuse/open_file.h"
#include "testing/liar_fuse/server.h"

namespace libcopyfile::test {
namespace {

int root() { return server().root.get(); }

const char* relative(const char* path) { return path[1] != '\0' ? path + 1 : "."; }

// One operation that is nothing but a system call.
template <class SystemCall>
int pass(const char* operation, const char* path, SystemCall system_call) {
  Call call(operation, path);
  if (call.decided()) return static_cast<int>(call.outcome());
  return static_cast<int>(call.done(system_call()));
}

// libfuse gives an open file this name when it is unlinked or replaced, and unlinks it when it is closed. What was asked
// for is one unlink.
bool is_hidden(const char* path) {
  const char* name = std::strrchr(path, '/') + 1;
  return std::strncmp(name, ".fuse_hidden", std::strlen(".fuse_hidden")) == 0;
}

int give_to_caller(const char* path) {
  const fuse_context* context = fuse_get_context();
  return fchownat(root(), relative(path), context->uid, context->gid, AT_SYMLINK_NOFOLLOW);
}

int liar_mkdir(const char* path, mode_t mode) {
  return pass("mkdir", path, [&] {
    const int code = mkdirat(root(), relative(path), mode);
    return code == 0 ? give_to_caller(path) : code;
  });
}

int liar_unlink(const char* path) {
  if (is_hidden(path)) return unlinkat(root(), relative(path), 0) == 0 ? 0 : -errno;
  return pass("unlink", path, [&] { return unlinkat(root(), relative(path), 0); });
}

int liar_rmdir(const char* path) {
  return pass("rmdir", path, [&] { return unlinkat(root(), relative(path), AT_REMOVEDIR); });
}

int liar_symlink(const char* target, const char* path) {
  return pass("symlink", path, [&] {
    const int code = symlinkat(target, root(), relative(path));
    return code == 0 ? give_to_caller(path) : code;
  });
}

int liar_readlink(const char* path, char* buffer, size_t size) {
  const int code = pass("readlink", path, [&] {
    const ssize_t n = readlinkat(root(), relative(path), buffer, size - 1);
    if (n >= 0) buffer[n] = '\0';
    return n;
  });
  return code < 0 ? code : 0;
}

int liar_rename(const char* from, const char* to, unsigned flags) {
  const char* operation = is_hidden(to) ? "unlink" : flags == 0 ? "rename" : "rename2";
  return pass(operation, from,
              [&] { return renameat2(root(), relative(from), root(), relative(to), flags); });
}

int liar_link(const char* from, const char* to) {
  return pass("link", from,
              [&] { return linkat(root(), relative(from), root(), relative(to), 0); });
}

int liar_statfs(const char* path, struct statvfs* result) {
  return pass("statfs", path, [&] { return fstatvfs(root(), result); });
}

// With nullpath_ok an open directory comes without its path: it is kept in the handle.
int liar_opendir(const char* path, fuse_file_info* info) {
  return pass("opendir", path, [&] {
    info->fh = reinterpret_cast<uint64_t>(new std::string(path));
    return 0;
  });
}

const std::string& path_of(const fuse_file_info* info) {
  return *reinterpret_cast<const std::string*>(info->fh);
}

int liar_releasedir(const char*, fuse_file_info* info) {
  delete reinterpret_cast<std::string*>(info->fh);
  return 0;
}

int liar_readdir(const char*, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info* info,
                 fuse_readdir_flags) {
  const char* path = path_of(info).c_str();
  return pass("readdir", path, [&] {
    const int fd = openat(root(), relative(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    DIR* directory = fdopendir(fd);
    while (const dirent* entry = readdir(directory)) {
      if (is_hidden((std::string("/") + entry->d_name).c_str())) continue;
      fill(buffer, entry->d_name, nullptr, 0, fuse_fill_dir_flags{});
    }
    return closedir(directory);
  });
}

int liar_fsyncdir(const char*, int, fuse_file_info* info) {
  return pass("fsyncdir", path_of(info).c_str(), [] { return 0; });
}

}  // namespace

void add_name_operations(fuse_operations& operations) {
  operations.mkdir = liar_mkdir;
  operations.unlink = liar_unlink;
  operations.rmdir = liar_rmdir;
  operations.symlink = liar_symlink;
  operations.readlink = liar_readlink;
  operations.rename = liar_rename;
  operations.link = liar_link;
  operations.statfs = liar_statfs;
  operations.opendir = liar_opendir;
  operations.releasedir = liar_releasedir;
  operations.readdir = liar_readdir;
  operations.fsyncdir = liar_fsyncdir;
}

}  // namespace libcopyfile::test
