#include "store/quarantine.h"

#include "publish/name_durability.h"
#include "sys/lock_file.h"
#include "sys/system_info.h"

namespace libcopyfile::store {

// Nobody adds meanwhile: a good file that was put in its place must stay.
Result<bool> quarantine_blob(Repository& repository, const Digest& digest, const Fd* fd) {
  const Result<HeldLock> lock = HeldLock::take(repository.content_lock(), LockMode::exclusive);
  if (!lock) return fail(lock.error());
  const System& system = repository.environment().system;
  const std::string path = blob_path(digest);
  const Result<FileStat> now = system.names.stat(repository.blobs(), path, false);
  if (!now) {
    if (now.error().code == ENOENT) return false;
    return fail(now.error());
  }
  if (fd != nullptr) {
    const Result<FileStat> seen = system.files.stat(fd->get());
    if (!seen) return fail(seen.error());
    if (seen->inode != now->inode || seen->device != now->device) return false;
  }
  const std::string name = path + "." + random_name();
  if (now->type == FileType::directory) return fail(EISDIR, Op::rename, path);
  if (Done ok = system.names.link_name(repository.blobs(), path, repository.quarantine(), name);
      !ok) {
    return fail(ok.error());
  }
  if (Done ok = system.names.unlink(repository.blobs(), path); !ok) return fail(ok.error());
  for (const int dir : {repository.quarantine(), repository.blobs()}) {
    if (Done ok = sync_names(system.files, system.names, dir, path); !ok) return fail(ok.error());
  }
  return true;
}

}  // namespace libcopyfile::store
