#include "publish/pending_directory.h"

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
    const std::string candidate = resume_as ? *resume_as : libcopyfile::private_name();
    const Result<bool> made = pending.make(candidate, resume_as.has_value());
    if (!made) return fail(made.error());
    if (*made) return pending;
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
      resumed_(o.resumed_),
      kept_(o.kept_) {}

PendingDirectory::~PendingDirectory() {
  if (private_name_.empty() || kept_) return;
  (void)remove_tree(files_, names_, attributes_, dir_, private_name_);
}

// False: to be tried again.
Result<bool> PendingDirectory::make(const std::string& candidate, bool may_exist) {
  const Done made = names_.make_directory(dir_, candidate, 0700);
  if (!made && made.error().code != EEXIST) return fail(made.error().code, Op::create, name_);
  if (!made && !may_exist) return false;
  Result<Fd> fd = names_.open(dir_, candidate, Open::directory_no_follow);
  if (!fd) return fail(fd.error());
  const Done locked = files_.lock(fd->get());
  if (!locked && locked.error().code == EWOULDBLOCK) {
    if (may_exist) return fail(EBUSY, Op::create, name_);
    return false;
  }
  // A sweep may have removed it before it was locked, and somebody else may have made what is there.
  const Result<FileStat> stat = files_.stat(fd->get());
  if (!stat) return fail(stat.error());
  if (stat->links == 0) return false;
  if (stat->owner != effective_user()) return fail(EACCES, Op::create, name_);
  if (!made) {
    if (Done ok = attributes_.set_mode(fd->get(), 0700); !ok) return fail(ok.error());
  }
  fd_ = std::move(*fd);
  private_name_ = candidate;
  resumed_ = !made;
  return true;
}

Result<Published> PendingDirectory::commit(Durability durability, bool stable) && {
  if (durability != Durability::none && !stable) {
    const Done ok = retry_interrupted([&] { return files_.sync_file_system(fd_.get()); });
    if (!ok) return fail(ok.error().code, Op::sync, name_);
  }
  if (Done ok = give_name(); !ok) return fail(ok.error());
  Published published{durability == Durability::durable ? Durability::ordered : durability, {}};
  if (durability == Durability::durable) {
    if (Done ok = sync_parent(); ok) {
      published.reached = Durability::durable;
    } else {
      published.late = ok.error();
    }
  }
  return published;
}

Done PendingDirectory::give_name() {
  Done ok = names_.rename(dir_, private_name_, name_, Rename::no_replace);
  // NFS, 9p, FUSE and old ZFS lack the flag (EINVAL), old kernels the call (ENOSYS). rename(2) replaces no directory but an
  // empty one.
  if (!ok && (ok.error().code == EINVAL || is_not_supported(ok.error().code))) {
    if (names_.stat(dir_, name_, false)) return fail(EEXIST, Op::rename, name_);
    ok = names_.rename(dir_, private_name_, name_, Rename::replace);
  }
  if (ok) private_name_.clear();
  return ok;
}

Done PendingDirectory::sync_parent() {
  Result<Fd> dir = names_.open(dir_, ".", Open::directory);
  if (!dir) return fail(dir.error());
  const Done ok = retry_interrupted([&] { return files_.sync(dir->get(), Sync::all); });
  if (!ok) return fail(ok.error().code, Op::sync_directory, name_);
  return {};
}

}  // namespace libcopyfile
