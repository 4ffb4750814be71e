#include "tree/tree_shared.h"

#include <algorithm>

#include "sys/system_info.h"
#include "tree/tree_counters.h"

namespace libcopyfile {
namespace {

FileJob common_job(const TreeOptions& options) {
  FileJob job;
  job.data = options.data;
  job.allow_change = options.allow_change;
  job.replace = Replace::file;
  job.durability = options.durability;
  job.required = options.required;
  job.wanted = options.wanted;
  job.keep_replaced = options.keep_replaced;
  job.creation_mask = options.creation_mask;
  job.new_mode = options.new_mode;
  job.control.rate = options.control.rate;
  job.keep_plans = !options.plain_small_files;
  return job;
}

// Workers, and whoever else there is in this process, need some, too.
size_t budget_of(const TreeOptions& options) {
  const uint64_t limit = open_files_limit();
  return limit == 0 ? options.directory_descriptors
                    : std::min<uint64_t>(options.directory_descriptors, limit / 2);
}

}  // namespace

Pace::Pace(uint64_t rate) : rate_(rate), started_(rate > 0 ? monotonic_seconds() : 0) {}

void Pace::copied(uint64_t bytes) {
  if (rate_ == 0) return;
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
  const double due = started_ + static_cast<double>(bytes_) / static_cast<double>(rate_);
  const double now = monotonic_seconds();
  if (due > now) sleep_seconds(due - now);
}

TreeShared::TreeShared(const System& sys, const Catalogue& cat, Learned& learned_so_far,
                       const TreeOptions& opt, TreeObserver& obs)
    : system(sys),
      catalogue(cat),
      learned(learned_so_far),
      options(opt),
      budget(budget_of(opt)),
      pace(opt.control.rate),
      common(common_job(opt)),
      observer_(obs),
      wants_every_item_(obs.wants_every_item()) {
  common.control.progress = MovedBytes{this};
}

void TreeShared::note_created(const std::string& name, const FileStat& stat) {
  const std::lock_guard lock(created_mutex_);
  created_.insert({name, stat.device, stat.inode});
}

bool TreeShared::was_created(const std::string& name, const FileStat& stat) {
  const std::lock_guard lock(created_mutex_);
  return created_.contains({name, stat.device, stat.inode});
}

// Starts again where the source changed and all is copied once more.
bool TreeShared::MovedBytes::operator()(const Progress& progress) {
  if (shared->options.counters != nullptr) {
    shared->options.counters->move(progress.copied - told);
    told = progress.copied;
  }
  return !shared->cancel_asked();
}

void TreeShared::name_job(FileJob& job, const Place& place) const {
  if (options.counters == nullptr) return;
  job.control.progress = common.control.progress;
  if (options.counters->wants_name()) options.counters->set_name(place.from_path());
}

void TreeShared::leave_out(const FileStat& source) const {
  if (options.counters == nullptr || source.type == FileType::directory) return;
  options.counters->leave_out(source.type == FileType::regular ? source.size : 0);
}

void TreeShared::count(const FileStat& source, const Place& place, const FileJob* job) {
  TreeCounters* const counters = options.counters;
  if (counters == nullptr) return;
  if (counters->wants_name()) counters->set_name(place.from_path());
  const MovedBytes* const moved =
      job == nullptr ? nullptr : job->control.progress.target<MovedBytes>();
  const uint64_t size = source.type == FileType::regular ? source.size : 0;
  // Of a file that grew, or failed, this takes back what is too much.
  counters->done(size - (moved == nullptr ? 0 : moved->told));
}

void TreeShared::fail_item(const TreeItem& item, const TreeFailure& failure) {
  if (failure.trouble != Trouble::twice) failed = true;
  if (options.stop_on_error) stop = true;
  // Every file that follows would fail, too, and a tree that is staged shall not come to be without them.
  const int code = failure.error.code;
  if (staging && (code == ENOSPC || code == EDQUOT) && failure.error.op != Op::set_attribute) {
    no_space = stop = true;
  }
  tell([&](TreeObserver& o) { o.failed(item, failure); });
}

bool TreeShared::cancel_asked() {
  if (cancelled) return true;
  if (!options.control.progress) return false;
  Progress now;
  now.copied = now.moved = bytes_done;
  const std::lock_guard lock(telling_);
  if (options.control.progress(now)) return false;
  cancelled = stop = true;
  return true;
}

}  // namespace libcopyfile
