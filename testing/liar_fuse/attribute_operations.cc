// Operations on attributes: mode, owner, times, extended attributes. On open files where the kernel names one, for an
// unlinked file has no path.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "testing/liar_fuse/open_file.h"
#include "testing/liar_fuse/server.h"

namespace libcopyfile::test {
namespace {

// Extended attributes have no *at calls before Linux 6.13.
std::string full_path(const char* path) {
  return "/proc/self/fd/" + std::to_string(server().root.get()) + path;
}

template <class OnFile, class OnName>
int pass(const char* operation, const char* path, fuse_file_info* info, OnFile on_file,
         OnName on_name) {
  Call call(operation, info != nullptr ? open_file(info).name : path);
  if (call.decided()) return static_cast<int>(call.outcome());
  if (info != nullptr) return static_cast<int>(call.done(on_file(open_file(info).fd.get())));
  return static_cast<int>(
      call.done(on_name(server().root.get(), path[1] != '\0' ? path + 1 : ".")));
}

template <class SystemCall>
int pass_xattr(const char* operation, const char* path, SystemCall system_call) {
  Call call(operation, path);
  if (call.decided()) return static_cast<int>(call.outcome());
  return static_cast<int>(call.done(system_call(full_path(path).c_str())));
}

int liar_chmod(const char* path, mode_t mode, fuse_file_info* info) {
  return pass(
      "chmod", path, info, [&](int fd) { return fchmod(fd, mode); },
      [&](int root, const char* name) { return fchmodat(root, name, mode, 0); });
}

int liar_chown(const char* path, uid_t user, gid_t group, fuse_file_info* info) {
  return pass(
      "chown", path, info, [&](int fd) { return fchown(fd, user, group); },
      [&](int root, const char* name) {
        return fchownat(root, name, user, group, AT_SYMLINK_NOFOLLOW);
      });
}

int liar_utimens(const char* path, const timespec times[2], fuse_file_info* info) {
  return pass(
      "utimens", path, info, [&](int fd) { return futimens(fd, times); },
      [&](int root, const char* name) {
        return utimensat(root, name, times, AT_SYMLINK_NOFOLLOW);
      });
}

int liar_setxattr(const char* path, const char* name, const char* value, size_t size, int flags) {
  return pass_xattr("setxattr", path,
                    [&](const char* full) { return lsetxattr(full, name, value, size, flags); });
}

int liar_getxattr(const char* path, const char* name, char* value, size_t size) {
  return pass_xattr("getxattr", path,
                    [&](const char* full) { return lgetxattr(full, name, value, size); });
}

int liar_listxattr(const char* path, char* list, size_t size) {
  return pass_xattr("listxattr", path,
                    [&](const char* full) { return llistxattr(full, list, size); });
}

int liar_removexattr(const char* path, const char* name) {
  return pass_xattr("removexattr", path,
                    [&](const char* full) { return lremovexattr(full, name); });
}

}  // namespace

void add_attribute_operations(fuse_operations& operations) {
  operations.chmod = liar_chmod;
  operations.chown = liar_chown;
  operations.utimens = liar_utimens;
  operations.setxattr = liar_setxattr;
  operations.getxattr = liar_getxattr;
  operations.listxattr = liar_listxattr;
  operations.removexattr = liar_removexattr;
}

}  // namespace libcopyfile::test
