#include "testing/power_cuts.h"

#include <algorithm>

#include "testing/islands.h"

namespace libcopyfile::test {
namespace {

double chance(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

void apply_write(const BlockEvent& event, bool tear, double drop, std::mt19937_64& random,
                 CrashImage& image) {
  if (!tear) {
    image.apply(event, 0, event.length);
    return;
  }
  for (uint64_t at = 0; at < event.length;) {
    const uint64_t position = event.offset + at;
    const uint64_t n = std::min(kBlock - position % kBlock, event.length - at);
    if (chance(random) >= drop) image.apply(event, at, n);
    at += n;
  }
}

}  // namespace

std::vector<FlushWindow> windows_of(std::span<const BlockEvent> events) {
  std::vector<FlushWindow> windows;
  FlushWindow window;
  for (size_t i = 0; i < events.size(); ++i) {
    window.writes += events[i].changes() ? 1 : 0;
    window.marked = window.marked || events[i].op == BlockOp::mark;
    if (events[i].op != BlockOp::flush && i + 1 < events.size()) continue;
    window.end = i + 1;
    windows.push_back(window);
    window = {i + 1, i + 1};
  }
  return windows;
}

size_t cut_power(std::span<const BlockEvent> events, const FlushWindow& window,
                 std::mt19937_64& random, CrashImage& image) {
  static constexpr double kDrops[] = {0.1, 0.5, 0.9};
  // The power goes at the next flush, or somewhere before it.
  const size_t cut =
      random() % 2 == 0 ? window.end : window.begin + 1 + choose(random, window.end - window.begin);
  const double drop = kDrops[choose(random, 3)];
  const bool tear = random() % 2 == 0;
  std::vector<const BlockEvent*> survivors;
  for (size_t i = window.begin; i < cut; ++i) {
    // A torn write loses some of its blocks, not all or none.
    if (events[i].changes() && (tear || chance(random) >= drop)) survivors.push_back(&events[i]);
  }
  const bool shuffle = random() % 2 == 0;
  for (size_t i = survivors.size(); shuffle && i > 1; --i) {
    std::swap(survivors[i - 1], survivors[choose(random, i)]);
  }
  for (const BlockEvent* event : survivors) apply_write(*event, tear, drop, random, image);
  return cut;
}

}  // namespace libcopyfile::test
