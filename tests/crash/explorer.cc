#include "explorer.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "observe.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kExamples = 5;
constexpr int kPasses = 8;

void keep_image(const Fd& image, const std::string& path) {
  const Fd to(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const off_t size = lseek(image.get(), 0, SEEK_END);
  if (!to.valid() || ftruncate(to.get(), size) != 0) throw ScratchError::of_errno("make " + path);
  for (off_t data = 0; (data = lseek(image.get(), data, SEEK_DATA)) >= 0 && data < size;) {
    const off_t end = lseek(image.get(), data, SEEK_HOLE);
    lseek(to.get(), data, SEEK_SET);
    while (data < end) {
      if (sendfile(to.get(), image.get(), &data, static_cast<size_t>(end - data)) <= 0) {
        throw ScratchError::of_errno("write " + path);
      }
    }
  }
}

}  // namespace

Explorer::Explorer(const Recording& recording, const History& history, ExploreOptions options)
    : recording_(recording),
      history_(history),
      options_(std::move(options)),
      windows_(windows_of(recording.events)) {
  for (const FlushWindow& window : windows_) all_writes_ += window.writes;
}

Findings Explorer::run() {
  const auto start = std::chrono::steady_clock::now();
  // A pass goes forward through the windows. The first looks at each of them; more follow until there are as many different
  // states as asked for.
  uint64_t next = 1;
  // A sample of few states leaves out flushes where there are many, but none behind which something has been promised.
  const size_t stride = 1 + 2 * windows_.size() / std::max<size_t>(1, options_.states);
  for (int pass = 0; pass < kPasses; ++pass) {
    const uint64_t first = next;
    missing_ = options_.states - std::min(options_.states, known_.size());
    CrashImage image(recording_.before);
    for (size_t w = 0; w < windows_.size(); ++w) {
      const bool look = w % stride == 0 || windows_[w].marked || options_.only;
      if (pass == 0 && look) explore_settled(w, image);
      const uint64_t end = first + tries(windows_[w]);
      next = std::max(next, end);
      for (uint64_t number = first; number < end; ++number) {
        if (wanted({w, number})) explore_choice({w, number}, image);
      }
      for (size_t i = windows_[w].begin; i < windows_[w].end; ++i) {
        image.settle(recording_.events[i]);
      }
    }
    if (options_.only || known_.size() >= options_.states) break;
  }
  findings_.states = known_.size();
  findings_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return std::move(findings_);
}

bool Explorer::wanted(StateId id) const {
  return !options_.only ||
         (options_.only->window == id.window && options_.only->number == id.number);
}

// Where more was written there is more to choose from.
uint64_t Explorer::tries(const FlushWindow& window) {
  if (options_.only) return options_.only->number;
  if (window.writes == 0) return 0;
  const double share = static_cast<double>(window.writes + 3) /
                       static_cast<double>(all_writes_ + 3 * windows_.size());
  const double most = window.writes < 6 ? static_cast<double>(3U << window.writes) : 1e9;
  // What is left of one window adds up to a state of another.
  owed_ += std::min(most, share * static_cast<double>(missing_));
  const auto whole = static_cast<uint64_t>(owed_);
  owed_ -= static_cast<double>(whole);
  return whole;
}

// Nothing but what was flushed: at the flush, and at every mark behind it.
void Explorer::explore_settled(size_t index, CrashImage& image) {
  const StateId id{index, 0};
  if (!wanted(id)) return;
  const FlushWindow& window = windows_[index];
  if (!options_.keep.empty()) keep_image(image.file(), options_.keep);
  const Observation& observation = seen(image);
  judge(id, observation, recording_.moments[window.begin]);
  for (size_t i = window.begin; i < window.end; ++i) {
    if (recording_.events[i].op == BlockOp::mark) {
      judge(id, observation, recording_.moments[i + 1]);
    }
  }
}

void Explorer::explore_choice(StateId id, CrashImage& image) {
  const Moment moment = apply_choice(id, image);
  if (!options_.keep.empty()) keep_image(image.file(), options_.keep);
  judge(id, seen(image), moment);
  image.undo();
}

Moment Explorer::apply_choice(StateId id, CrashImage& image) const {
  std::seed_seq seed{options_.seed, uint64_t{id.window}, id.number};
  std::mt19937_64 random(seed);
  return recording_.moments[cut_power(recording_.events, windows_[id.window], random, image)];
}

// The same bytes are mounted once only.
const Observation& Explorer::seen(CrashImage& image) {
  const auto [found, is_new] = known_.try_emplace(image.fingerprint());
  if (is_new) {
    found->second = observe(recording_.job, image.file(), history_);
    image.undo_everything();
    findings_.leftovers += found->second.leftovers;
    findings_.mount_failures += found->second.mount_error.empty() ? 0 : 1;
    if (!found->second.mount_error.empty() && findings_.examples.size() < kExamples) {
      findings_.examples.push_back("cannot be mounted: " + found->second.mount_error);
    }
  }
  return found->second;
}

void Explorer::judge(StateId id, const Observation& observation, Moment moment) {
  const Judgement judgement = history_.judge(observation, moment);
  findings_.torn += judgement.torn;
  if (judgement.violations.empty()) return;
  ++findings_.violations;
  if (findings_.examples.size() >= kExamples) return;
  std::string text = "state " + id.text() + ", ";
  text += moment.begun > moment.ended ? "during" : "after";
  text += " step " + std::to_string(moment.begun);
  if (moment.begun > 0) text += " (" + history_.steps()[moment.begun - 1].title + ")";
  for (size_t i = 0; i < judgement.violations.size() && i < 3; ++i) {
    text += (i == 0 ? ": " : "; ") + judgement.violations[i];
  }
  if (judgement.violations.size() > 3) {
    text += "; and " + std::to_string(judgement.violations.size() - 3) + " more names";
  }
  findings_.examples.push_back(text);
}

}  // namespace libcopyfile::test
