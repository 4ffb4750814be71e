#include "store/gc.h"

#include "publish/name_durability.h"
#include "publish/sweep.h"
#include "sys/lock_file.h"
#include "sys/system_info.h"

namespace libcopyfile::store {
namespace {

// Who adds waits for no longer than it takes to remove these.
constexpr size_t kPiece = 1000;

class Collection {
 public:
  Collection(Repository& repository, Index& index, const GcOptions& options)
      : repository_(repository),
        system_(repository.environment().system),
        index_(index),
        options_(options) {}

  Result<GcReport> run() {
    std::vector<Digest> blobs;
    if (Done ok = repository_.for_each_blob([&](const Digest& digest) {
          blobs.push_back(digest);
          return true;
        });
        !ok) {
      return fail(ok.error());
    }
    const std::span<const Digest> all(blobs);
    for (size_t at = 0; at < all.size() && !ended_; at += kPiece) {
      const Done ok = collect_piece(all.subspan(at, std::min(kPiece, all.size() - at)));
      if (!ok) return fail(ok.error());
    }
    if (!ended_) {
      if (Done ok = sweep_pending(); !ok) return fail(ok.error());
    }
    if (!ended_ && options_.quarantine) {
      if (Done ok = empty_quarantine(); !ok) return fail(ok.error());
    }
    return report_;
  }

 private:
  Done collect_piece(std::span<const Digest> blobs) {
    // Without the lock first: mostly nothing is to be done.
    const Result<std::vector<Digest>> likely = index_.unused(blobs);
    if (!likely) return fail(likely.error());
    if (likely->empty()) return {};
    const Result<HeldLock> lock =
        HeldLock::take(repository_.content_lock(), LockMode::exclusive, options_.wait_seconds);
    if (!lock)
      return fail(lock.error().code == EWOULDBLOCK ? EBUSY : lock.error().code, Op::unlink);
    // They may have been given names meanwhile; from now on nobody gives any.
    const Result<std::vector<Digest>> unused = index_.unused(*likely);
    if (!unused) return fail(unused.error());
    std::vector<Digest> chosen;
    for (const Digest& digest : *unused) {
      if (choose(digest)) chosen.push_back(digest);
      if (ended_) break;
    }
    return options_.dry_run ? Done() : remove(chosen);
  }

  bool choose(const Digest& digest) {
    const Result<FileStat> stat = system_.names.stat(repository_.blobs(), blob_path(digest), false);
    if (!stat || stat->type == FileType::directory) return false;
    const double age = current_time() - static_cast<double>(stat->changed.seconds);
    if (options_.grace_seconds > 0 && age < options_.grace_seconds) return false;
    if (options_.removed && !options_.removed(digest, stat->size)) {
      ended_ = true;
      return false;
    }
    ++report_.blobs;
    report_.bytes += stat->size;
    return true;
  }

  // The index first: a blob that it does not know is nothing wrong, one that is missing would be.
  Done remove(std::span<const Digest> blobs) {
    if (blobs.empty()) return {};
    if (Done ok = index_.forget(blobs); !ok) return ok;
    for (const Digest& digest : blobs) {
      const Done ok = system_.names.unlink(repository_.blobs(), blob_path(digest));
      if (!ok && ok.error().code != ENOENT) return ok;
    }
    return sync_names(system_.files, system_.names, repository_.blobs(), "blobs");
  }

  Done sweep_pending() {
    SweepOptions options;
    options.dry_run = options_.dry_run;
    const Result<SweepReport> swept = sweep(system_.files, system_.names, system_.attributes,
                                            repository_.pending(), "pending", options);
    if (!swept) return fail(swept.error());
    report_.pending = swept->removed;
    // Where a crash came between the two names of a blob that replaces another one. Those who add hold no lock on it.
    const Result<HeldLock> lock =
        HeldLock::take(repository_.content_lock(), LockMode::exclusive, options_.wait_seconds);
    if (!lock) return {};
    const Result<SweepReport> halves = sweep(system_.files, system_.names, system_.attributes,
                                             repository_.blobs(), "blobs", options);
    if (!halves) return fail(halves.error());
    report_.pending += halves->removed;
    return {};
  }

  Done empty_quarantine() {
    const Result<Fd> again = system_.names.open(repository_.quarantine(), ".", Open::directory);
    if (!again) return fail(again.error());
    const Result<std::vector<Entry>> entries = system_.names.list(again->get());
    if (!entries) return fail(entries.error());
    for (const Entry& entry : *entries) {
      if (!options_.dry_run) {
        if (Done ok = system_.names.unlink(repository_.quarantine(), entry.name); !ok) return ok;
      }
      ++report_.quarantined;
    }
    return {};
  }

  Repository& repository_;
  const System& system_;
  Index& index_;
  const GcOptions& options_;
  GcReport report_;
  bool ended_ = false;
};

}  // namespace

Result<GcReport> collect(Repository& repository, const GcOptions& options) {
  if (repository.use() != Use::write) return fail(EROFS, Op::write, repository.path());
  const Result<Index*> index = repository.index();
  if (!index) return fail(index.error());
  return Collection(repository, **index, options).run();
}

}  // namespace libcopyfile::store
