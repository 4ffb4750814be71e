// Opening, creating, closing, and the size of files: where the special files and the lies about sizes are.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "testing/liar_fuse/open_file.h"
#include "testing/liar_fuse/server.h"

namespace libcopyfile::test {
namespace {

bool is_special(std::string_view path) {
  return path == "/.control" || path == "/.stats" || path == "/.log";
}

// The file belongs to whom the kernel says, not to the server.
int give_to_caller(const Fd& fd) {
  const fuse_context* context = fuse_get_context();
  return fchown(fd.get(), context->uid, context->gid);
}

void keep(fuse_file_info* info, std::unique_ptr<OpenFile> file) {
  // Without the page cache every transfer arrives here as it was asked for, whatever size stat has told.
  info->direct_io = !server().cached || file->special;
  info->fh = reinterpret_cast<uintptr_t>(file.release());
}

int open_special(std::string_view path, fuse_file_info* info) {
  auto file = std::make_unique<OpenFile>();
  file->special = true;
  if (path == "/.stats") file->text = server().stats();
  if (path == "/.log") file->text = server().log;
  keep(info, std::move(file));
  return 0;
}

}  // namespace

int liar_open(const char* path, fuse_file_info* info) {
  if (is_special(path)) return open_special(path, info);
  Call call("open", path);
  if (call.decided()) return static_cast<int>(call.outcome());
  // Offsets of O_APPEND are found by the kernel; the server is told where to write.
  const int flags = info->flags & ~(O_APPEND | O_DIRECT | O_NOFOLLOW);
  Fd fd(openat(server().root.get(), path + 1, flags | O_CLOEXEC));
  const int64_t code = call.done(fd.valid() ? 0 : -1);
  if (code == 0)
    keep(info, std::make_unique<OpenFile>(OpenFile{path + 1, std::move(fd), false, {}}));
  return static_cast<int>(code);
}

int liar_create(const char* path, mode_t mode, fuse_file_info* info) {
  Call call("create", path);
  if (call.decided()) return static_cast<int>(call.outcome());
  const int flags = info->flags & ~(O_APPEND | O_DIRECT | O_NOFOLLOW);
  Fd fd(openat(server().root.get(), path + 1, flags | O_CREAT | O_CLOEXEC, mode));
  const int64_t code = call.done(fd.valid() ? give_to_caller(fd) : -1);
  if (code == 0)
    keep(info, std::make_unique<OpenFile>(OpenFile{path + 1, std::move(fd), false, {}}));
  return static_cast<int>(code);
}

int liar_release(const char*, fuse_file_info* info) {
  delete &open_file(info);
  return 0;
}

int liar_getattr(const char* path, struct stat* result, fuse_file_info* info) {
  const bool special = info != nullptr ? open_file(info).special : is_special(path);
  if (special) {
    *result = {};
    result->st_mode = S_IFREG | 0666;
    result->st_nlink = 1;
    result->st_ino = 2;
    return 0;
  }
  Call call("getattr", info != nullptr ? open_file(info).name : path);
  if (call.decided()) return static_cast<int>(call.outcome());
  const char* name = path != nullptr && path[1] != '\0' ? path + 1 : ".";
  const int64_t code =
      call.done(info != nullptr ? fstat(open_file(info).fd.get(), result)
                                : fstatat(server().root.get(), name, result, AT_SYMLINK_NOFOLLOW));
  if (code == 0 && S_ISREG(result->st_mode)) {
    const std::string& told = info != nullptr ? open_file(info).name : std::string(name);
    result->st_size =
        static_cast<off_t>(server().faults.told_size(told, static_cast<uint64_t>(result->st_size)));
  }
  return static_cast<int>(code);
}

int liar_truncate(const char* path, off_t size, fuse_file_info* info) {
  if (info != nullptr ? open_file(info).special : is_special(path)) return 0;  // by the shell's ">"
  Call call("truncate", info != nullptr ? open_file(info).name : path, static_cast<uint64_t>(size));
  if (call.decided()) return static_cast<int>(call.outcome());
  if (info != nullptr)
    return static_cast<int>(call.done(ftruncate(open_file(info).fd.get(), size)));
  const Fd fd(openat(server().root.get(), path + 1, O_WRONLY | O_CLOEXEC));
  return static_cast<int>(call.done(fd.valid() ? ftruncate(fd.get(), size) : -1));
}

}  // namespace libcopyfile::test
