#include "publish/pending_directory.h"

#include "publish/name_durability.h"
#include "publish/private_name.h"
#include "publish/remove_tree.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

constexpr int kNameAttempts = 100;

}  // namespace

Result<PendingDirectory> PendingDirectory::create(Files& files, Names& names,
                                                  Attributes& attributes, int dir, std::string name,
                                                  const std::optional<std::string>& resume_as) {
  PendingDirectory pending(files, names, attributes, dir, std::move(name));
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    const std::string candidate = resume_as ? *resume_as : private_name_in(files, dir);
    const Done made = names.make_directory(dir, candidate, 0700);
    const bool there = !made && made.error().code == EEXIST;
    if (there && !resume_as) continue;
    if (!made && !there) return fail(made.error().code, Op::create, pending.name_);
    const Result<bool> taken = pending.take(candidate, there);
    // Ours, but unknown to us: empty, unless somebody has put something there.
    if (!taken && !there) (void)names.remove_directory(dir, candidate);
    if (!taken) return fail(taken.error());
    if (*taken) return pending;
  }
  return fail(EEXIST, Op::create, pending.name_);
}

PendingDirectory::PendingDirectory(PendingDirectory&& o) noexcept
    : files_(o.files_),
      names_(o.names_),
      attributes_(o.attributes_),
      dir_(o.dir_),
      name_(std::move(o.name_)),
      private_name_(std::exchange(o.private_name_, {})),
      fd_(std::move(o.fd_)),
      identity_(o.identity_),
      resumed_(o.resumed_),
      kept_(o.kept_) {}

PendingDirectory::~PendingDirectory() {
  if (private_name_.empty() || kept_) return;
  (void)remove_tree(files_, names_, attributes_, dir_, private_name_, &identity_);
}

bool PendingDirectory::is(const FileStat& other) const {
  return identity_.inode == other.inode && identity_.device == other.device;
}

// False: to be tried again.
Result<bool> PendingDirectory::take(const std::string& candidate, bool resumed) {
  Result<Fd> fd = names_.open(dir_, candidate, Open::directory_no_follow);
  // A sweep has found it before it could be locked.
  if (!fd && fd.error().code == ENOENT && !resumed) return false;
  if (!fd) return fail(fd.error());
  const Done locked = files_.lock(fd->get(), LockMode::exclusive);
  if (!locked && locked.error().code == EWOULDBLOCK) {
    if (resumed) return fail(EBUSY, Op::create, name_);
    return false;
  }
  // A sweep may have removed it before it was locked, and somebody else may have made what is there.
  const Result<FileStat> stat = files_.stat(fd->get());
  if (!stat) return fail(stat.error());
  if (stat->links == 0) return false;
  if (stat->owner != effective_user()) return fail(EACCES, Op::create, name_);
  if (resumed) {
    if (Done ok = attributes_.set_mode(fd->get(), 0700); !ok) return fail(ok.error());
  }
  fd_ = std::move(*fd);
  private_name_ = candidate;
  identity_ = *stat;
  resumed_ = resumed;
  return true;
}

Result<Published> PendingDirectory::commit(Durability durability, bool stable) && {
  if (durability != Durability::none && !stable) {
    const Done ok = retry_interrupted([&] { return files_.sync_file_system(fd_.get()); });
    if (!ok) return fail(ok.error().code, Op::sync, name_);
  }
  if (Done ok = give_name(); !ok) return fail(ok.error());
  return after_naming(files_, names_, dir_, name_, durability);
}

Done PendingDirectory::give_name() {
  const Result<FileStat> there = names_.stat(dir_, private_name_, false);
  if (!there) return fail(there.error());
  if (!is(*there)) return fail(ESTALE, Op::rename, name_);
  Done ok = names_.rename(dir_, private_name_, name_, Rename::no_replace);
  // NFS, 9p, FUSE and old ZFS lack the flag (EINVAL), old kernels the call (ENOSYS). rename(2) replaces no directory but an
  // empty one.
  if (!ok && (ok.error().code == EINVAL || is_not_supported(ok.error().code))) {
    if (names_.stat(dir_, name_, false)) return fail(EEXIST, Op::rename, name_);
    ok = names_.rename(dir_, private_name_, name_, Rename::replace);
  }
  if (!ok) return ok;
  private_name_.clear();
  // Between the two looks: then it was not ours that was renamed.
  const Result<FileStat> now = names_.stat(dir_, name_, false);
  if (now && !is(*now)) return fail(ESTALE, Op::rename, name_);
  return {};
}

}  // namespace libcopyfile
