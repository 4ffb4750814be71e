#include "tree/tree_survey.h"

#include <chrono>

#include "tree/filter.h"

namespace libcopyfile {

TreeSurvey::TreeSurvey(const System& system, const std::vector<TreeRoot>& roots,
                       const TreeOptions& options)
    : system_(system), roots_(roots), options_(options) {
  if (options.counters == nullptr) return;
  Result<Thread> thread = Thread::start([this] { run(); });
  if (thread) thread_.emplace(std::move(*thread));
}

TreeSurvey::~TreeSurvey() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.reset();
}

// Most copies are over before a progress line is drawn.
bool TreeSurvey::somebody_asks() {
  constexpr std::chrono::milliseconds kInterval(50);
  std::unique_lock lock(mutex_);
  while (!stop_ && !options_.counters->wants_total()) stopped_.wait_for(lock, kInterval);
  return !stop_;
}

void TreeSurvey::run() {
  if (!somebody_asks()) return;
  const bool follow = options_.follow != FollowLinks::never;
  for (const TreeRoot& root : roots_) {
    const Result<FileStat> stat = system_.names.stat(kCurrentDirectory, root.from, follow);
    if (!stat) continue;
    if (stat->type != FileType::directory) {
      options_.counters->see(stat->type == FileType::regular ? stat->size : 0);
      continue;
    }
    if (!options_.recursive) continue;
    Result<Fd> fd = system_.names.open(kCurrentDirectory, root.from,
                                       follow ? Open::directory : Open::directory_no_follow);
    if (fd) directory(std::move(*fd), {}, 0);
  }
  if (!stop_) options_.counters->see_no_more();
}

bool TreeSurvey::left_out(const std::string& inside, const Entry& entry) const {
  const Filter* const filter = options_.filter;
  return filter != nullptr &&
         !filter->includes(inside, entry.name, entry.type == FileType::directory);
}

// An estimate: what is deeper than this, or behind links that are followed, is not in it.
void TreeSurvey::directory(Fd fd, const std::string& inside, int depth) {
  constexpr int kDeepest = 100;
  for (;;) {
    const Result<std::vector<Entry>> entries = system_.names.list_more(fd.get());
    if (!entries || entries->empty()) return;
    for (const Entry& e : *entries) {
      if (stop_) return;
      if (left_out(inside, e)) continue;
      if (e.type == FileType::directory) {
        if (depth == kDeepest) continue;
        Result<Fd> below = system_.names.open(fd.get(), e.name, Open::directory_no_follow);
        if (below) {
          directory(std::move(*below), inside.empty() ? e.name : inside + "/" + e.name, depth + 1);
        }
        continue;
      }
      const Result<FileStat> stat = system_.names.stat(fd.get(), e.name, false);
      if (stat) options_.counters->see(stat->type == FileType::regular ? stat->size : 0);
    }
  }
}

}  // namespace libcopyfile
