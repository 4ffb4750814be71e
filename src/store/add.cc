#include "store/add.h"

#include <algorithm>
#include <mutex>

#include "publish/pending_directory.h"
#include "store/add_batch.h"
#include "sys/system_info.h"
#include "sys/thread.h"

namespace libcopyfile::store {
namespace {

// Private copies that are kept open: so many as are synced one by one, and some more. A batch may have more files than a
// process may have descriptors.
constexpr size_t kMostOpen = 4 * Batch::kManyFiles;

class Adder {
 public:
  Adder(Repository& repository, const NextSource& next, const AddOptions& options,
        const AddEnded& ended, PendingDirectory directory)
      : repository_(repository),
        next_(next),
        options_(options),
        ended_(ended),
        directory_(std::move(directory)),
        batch_(repository, options, directory_.fd()) {}

  Result<AddTotals> run() {
    const unsigned count = options_.workers > 0 ? options_.workers : processors();
    {
      std::vector<Thread> helpers;
      for (unsigned i = 1; i < count; ++i) {
        Result<Thread> helper = Thread::start([this] { work(); });
        if (!helper) break;
        helpers.push_back(*std::move(helper));
      }
      work();
    }
    if (!error_) commit(take_all());
    if (error_) {
      drop();
      return fail(*error_);
    }
    totals_.synced_by = batch_.synced_by();
    return totals_;
  }

 private:
  struct Taken {
    AddSource source;
    std::string name;
  };

  std::optional<Taken> take() {
    const std::lock_guard lock(mutex_);
    if (error_ || at_end_) return {};
    std::optional<AddSource> source = next_();
    at_end_ = !source;
    if (!source) return {};
    return Taken{*std::move(source), std::to_string(taken_++)};
  }

  void work() {
    while (std::optional<Taken> taken = take()) {
      Result<Frozen> frozen = freeze_one(*taken);
      taken->source.keeps.reset();
      std::vector<Member> full =
          keep({std::move(taken->source), std::move(frozen), std::move(taken->name)});
      if (!full.empty()) commit(std::move(full));
    }
  }

  Result<Frozen> freeze_one(const Taken& taken) {
    if (!taken.source.name.empty()) {
      if (Done ok = check_name(taken.source.name); !ok) return fail(ok.error());
    }
    uint64_t told = 0;
    const FreezeJob job{repository_, options_, directory_.fd(), taken.name,
                        [&](uint64_t copied) { return progress(copied, told); }};
    Result<Frozen> frozen = freeze(job, taken.source);
    if (frozen && !progress(frozen->added.size, told)) {
      return fail(ECANCELED, Op::progress, shown_name(taken.source));
    }
    return frozen;
  }

  // A second pass over a file begins at 0 again: only what is new counts.
  bool progress(uint64_t copied, uint64_t& told) {
    const std::lock_guard lock(progress_mutex_);
    if (copied > told) {
      progress_.copied += copied - told;
      progress_.moved = progress_.copied;
      told = copied;
    }
    if (!cancelled_ && options_.control.progress)
      cancelled_ = !options_.control.progress(progress_);
    return !cancelled_;
  }

  // Gives the batch back once it is full.
  std::vector<Member> keep(Member member) {
    const std::lock_guard lock(mutex_);
    if (member.frozen) {
      bytes_ += member.frozen->added.size;
      if (open_ < kMostOpen) {
        ++open_;
      } else {
        close(member);
      }
    } else if (member.frozen.error().code == ECANCELED && !error_) {
      error_ = member.frozen.error();
    }
    members_.push_back(std::move(member));
    if (members_.size() < options_.batch_files && bytes_ < options_.batch_bytes) return {};
    return take_members();
  }

  // It keeps its private name.
  static void close(Member& member) {
    if (Done ok = member.frozen->file->give_name(); !ok) {
      member.frozen = fail(ok.error());
      return;
    }
    member.frozen->file.reset();
  }

  std::vector<Member> take_members() {
    bytes_ = 0;
    open_ = 0;
    return std::exchange(members_, {});
  }
  std::vector<Member> take_all() {
    const std::lock_guard lock(mutex_);
    return take_members();
  }

  // One batch at a time; the others go on freezing meanwhile.
  void commit(std::vector<Member> members) {
    const std::lock_guard committing(commit_mutex_);
    const Done ok = batch_.commit(
        std::move(members),
        [&](const AddSource& source, const Result<Added>& added) { tell(source, added); });
    if (ok) return;
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = ok.error();
  }

  void tell(const AddSource& source, const Result<Added>& added) {
    if (added) {
      ++totals_.files;
      totals_.bytes += added->size;
      if (added->was_there) ++totals_.were_there;
    } else {
      ++totals_.failed;
    }
    ended_(source, added);
  }

  // What is left has no name and gets none.
  void drop() {
    const std::lock_guard committing(commit_mutex_);
    for (Member& m : take_all()) {
      const Error error =
          m.frozen ? Error{ECANCELED, Op::progress, shown_name(m.source), {}} : m.frozen.error();
      tell(m.source, fail(error));
    }
  }

  Repository& repository_;
  const NextSource& next_;
  const AddOptions& options_;
  const AddEnded& ended_;
  PendingDirectory directory_;
  AddBatch batch_;  // of whoever has commit_mutex_
  AddTotals totals_;
  std::mutex commit_mutex_;

  std::mutex mutex_;
  std::vector<Member> members_;
  uint64_t bytes_ = 0;
  size_t open_ = 0;
  uint64_t taken_ = 0;
  bool at_end_ = false;
  std::optional<Error> error_;

  std::mutex progress_mutex_;
  Progress progress_;
  bool cancelled_ = false;
};

}  // namespace

Result<AddTotals> add(Repository& repository, const NextSource& next, const AddOptions& options,
                      const AddEnded& ended) {
  if (repository.use() != Use::write) return fail(EROFS, Op::write, repository.path());
  // Before anything is copied: without it nothing can be added.
  if (const Result<Index*> index = repository.index(); !index) return fail(index.error());
  const System& system = repository.environment().system;
  Result<PendingDirectory> directory = PendingDirectory::create(
      system.files, system.names, system.attributes, repository.pending(), "add");
  if (!directory) return fail(directory.error());
  return Adder(repository, next, options, ended, *std::move(directory)).run();
}

Result<Added> add_one(Repository& repository, const AddSource& source, const AddOptions& options) {
  std::optional<AddSource> next = source;
  Result<Added> result = fail(ECANCELED, Op::progress);
  AddOptions alone = options;
  alone.workers = 1;
  const Result<AddTotals> totals = add(
      repository, [&] { return std::exchange(next, {}); }, alone,
      [&](const AddSource&, const Result<Added>& added) { result = added; });
  if (!totals && (result || result.error().code == ECANCELED)) return fail(totals.error());
  return result;
}

}  // namespace libcopyfile::store
