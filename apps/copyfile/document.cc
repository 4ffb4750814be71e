#include "copyfile/document.h"

#include <fcntl.h>

#include "engine/out_name.h"
#include "publish/pending_file.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

Done write_stream(Files& files, int fd, std::string_view text) {
  size_t written = 0;
  return write_all(files, fd, std::as_bytes(std::span(text)), kStream, &written);
}

}  // namespace

Done write_document(const std::string& path, std::string_view text) {
  KernelFiles files;
  KernelNames names;
  const Result<FileStat> existing = names.stat(AT_FDCWD, path, true);
  const Result<OutName> out = resolve_out(files, names, AT_FDCWD, path, true);
  // Devices and pipes, and what is open already (/dev/stdout), are written into.
  const bool open_already = !out && out.error().code == EBUSY;
  if (open_already || (existing && existing->type != FileType::regular)) {
    Result<Fd> fd = names.open(AT_FDCWD, path, Open::write);
    if (!fd) return fail(fd.error());
    if (Done ok = write_stream(files, fd->get(), text); !ok) return ok;
    return fd->close();
  }
  if (!out) return fail(out.error());
  Result<PendingFile> file = PendingFile::create(files, names, out->dir, out->name, Replace::file);
  if (!file) return fail(file.error());
  if (Done ok = write_stream(files, file->fd(), text); !ok) return ok;
  constexpr uint32_t kPermissions = 0777;
  const uint32_t mode = existing ? existing->mode & kPermissions : 0666 & ~creation_mask();
  if (Done ok = KernelAttributes().set_mode(file->fd(), mode); !ok) return ok;
  // It can be made again at any time, so nobody has to wait for the disk.
  const Result<Published> published = std::move(*file).commit(Durability::none);
  if (!published) return fail(published.error());
  return {};
}

}  // namespace libcopyfile::app
