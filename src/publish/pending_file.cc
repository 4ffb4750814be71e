#include "publish/pending_file.h"

#include "publish/name_durability.h"
#include "publish/private_name.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

constexpr int kNameAttempts = 100;

// open(2): each of these has been seen from a file system without O_TMPFILE (NFS, FUSE, old overlayfs, kernels before 3.11).
bool no_unnamed_files(int code) {
  return is_not_supported(code) || code == EISDIR || code == ENOENT || code == EINVAL ||
         code == EPERM;
}

}  // namespace

Result<PendingFile> PendingFile::create(Files& files, Names& names, int dir, std::string name,
                                        Replace replace) {
  PendingFile pending(files, names, dir, std::move(name), replace);
  Result<Fd> fd = names.create_unnamed(dir, 0600);
  if (fd) {
    pending.fd_ = std::move(*fd);
    return pending;
  }
  if (!no_unnamed_files(fd.error().code)) {
    fd.error().where = pending.name_;
    return fail(fd.error());
  }
  if (Done ok = pending.make_named(); !ok) return fail(ok.error());
  return pending;
}

Result<PendingFile> PendingFile::create_unseen(Files& files, Names& names, int dir,
                                               std::string name, uint32_t mode) {
  PendingFile pending(files, names, dir, std::move(name), Replace::never);
  Result<Fd> fd = names.create_exclusive(dir, pending.name_, mode);
  if (!fd) return fail(fd.error());
  pending.fd_ = std::move(*fd);
  pending.private_name_ = pending.name_;
  return pending;
}

PendingFile::PendingFile(PendingFile&& o) noexcept
    : files_(o.files_),
      names_(o.names_),
      dir_(o.dir_),
      name_(std::move(o.name_)),
      replace_(o.replace_),
      fd_(std::move(o.fd_)),
      private_name_(std::exchange(o.private_name_, {})),
      reopened_(o.reopened_) {}

PendingFile::~PendingFile() {
  if (!private_name_.empty()) (void)names_.unlink(dir_, private_name_);
}

Done PendingFile::make_named() {
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    std::string candidate = private_name_in(files_, dir_);
    Result<Fd> fd = names_.create_exclusive(dir_, candidate, 0600);
    if (fd) {
      if (!is_ours_alone(fd->get(), candidate)) continue;
      fd_ = std::move(*fd);
      private_name_ = std::move(candidate);
      return {};
    }
    if (fd.error().code != EEXIST) {
      fd.error().where = name_;
      return fail(fd.error());
    }
  }
  return fail(EEXIST, Op::create, name_);
}

// Locked against a sweep. One that came between the creation and this has the file, or has removed it already; where files
// can't be locked, sweeps leave them alone. Sweeps want the file for themselves; those who use it share it, because one of them
// may have it open twice (make_read_only()). Not on SMB: its locks are mandatory, and under a shared one nobody writes.
bool PendingFile::is_ours_alone(int fd, std::string_view private_name) {
  const LockMode mode = is_for_smb(private_name) ? LockMode::exclusive : LockMode::shared;
  if (const Done locked = files_.lock(fd, mode); !locked) return locked.error().code != EWOULDBLOCK;
  const Result<FileStat> now = files_.stat(fd);
  return !now || now->links > 0;
}

// Without /proc by its name: whether that still leads to the same file is looked at.
Result<Fd> PendingFile::open_again() {
  Result<Fd> again = files_.reopen(fd_.get(), Reopen::read);
  if (again || again.error().code != ENOENT || private_name_.empty()) return again;
  again = names_.open(dir_, private_name_, Open::look);
  if (!again) return again;
  const Result<FileStat> ours = files_.stat(fd_.get());
  if (!ours) return fail(ours.error());
  const Result<FileStat> found = files_.stat(again->get());
  if (!found) return fail(found.error());
  if (found->device != ours->device || found->inode != ours->inode)
    return fail(ESTALE, Op::open, name_);
  return again;
}

// Locks belong to what open(2) made: the new one is locked before the old one goes, so that no sweep comes between, where a lock
// can be shared.
Done PendingFile::make_read_only() {
  Result<Fd> again = open_again();
  if (!again) return fail(again.error());
  const bool named = !private_name_.empty();
  const bool shared = named && !is_for_smb(private_name_);
  if (shared && !is_ours_alone(again->get(), private_name_)) return fail(ENOENT, Op::open, name_);
  if (Done ok = fd_.close(); !ok) return ok;
  fd_ = std::move(*again);
  if (named && !shared && !is_ours_alone(fd_.get(), private_name_))
    return fail(ENOENT, Op::open, name_);
  reopened_ = true;
  return {};
}

Result<Published> PendingFile::commit(Durability durability) && {
  if (durability != Durability::none) {
    if (Done ok = make_stable(); !ok) return fail(ok.error());
  }
  if (Done ok = give_name(); !ok) return fail(ok.error());
  return after_naming(files_, names_, dir_, name_, durability);
}

// A failed fsync is final: the pages are clean now and a second one would say success (errseq, Linux 4.13). One that a signal
// interrupted has not said anything yet.
Done PendingFile::make_stable() {
  return retry_interrupted([&] { return files_.sync(fd_.get(), Sync::all); });
}

Done PendingFile::give_name() {
  if (private_name_ == name_) {
    private_name_.clear();
    return {};
  }
  if (private_name_.empty()) {
    const Done ok = names_.link(fd_.get(), dir_, name_);
    if (ok || (ok.error().code == EEXIST && has_arrived())) return {};
    if (ok.error().code != EEXIST || replace_ == Replace::never) return ok;
    if (Done linked = link_privately(); !linked) return linked;
  } else if (Done ok = files_.flush(fd_.get()); !ok) {
    return ok;
  }
  return replace_ == Replace::file ? rename_over() : rename_without_replacing();
}

// link(2) can't replace: a private name first, then rename(2).
Done PendingFile::link_privately() {
  (void)files_.lock(fd_.get(), LockMode::shared);
  for (int attempt = 0;; ++attempt) {
    std::string candidate = private_name_in(files_, dir_);
    const Done linked = names_.link(fd_.get(), dir_, candidate);
    if (linked) {
      private_name_ = std::move(candidate);
      return {};
    }
    if (linked.error().code != EEXIST || attempt == kNameAttempts) return linked;
  }
}

Done PendingFile::rename_over() {
  if (Done ok = names_.rename(dir_, private_name_, name_, Rename::replace); !ok) return ok;
  private_name_.clear();
  return {};
}

Done PendingFile::rename_without_replacing() {
  Done ok = names_.rename(dir_, private_name_, name_, Rename::no_replace);
  if (ok) {
    private_name_.clear();
    return ok;
  }
  // NFS, 9p, FUSE and old ZFS lack the flag (EINVAL), old kernels the call (ENOSYS).
  if (ok.error().code != EINVAL && !is_not_supported(ok.error().code)) return ok;
  ok = names_.link_name(dir_, private_name_, dir_, name_);
  if (!ok) return ok;
  (void)names_.unlink(dir_, private_name_);
  private_name_.clear();
  return {};
}

// A lost reply of an NFS server makes a link(2) that succeeded say EEXIST the second time.
bool PendingFile::has_arrived() {
  const Result<FileStat> mine = files_.stat(fd_.get());
  const Result<FileStat> there = names_.stat(dir_, name_, false);
  return mine && there && mine->links > 0 && mine->inode == there->inode &&
         mine->device == there->device;
}

Done PendingFile::sync_directory() { return sync_names(files_, names_, dir_, name_); }

}  // namespace libcopyfile
