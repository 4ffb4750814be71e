// The states that a power cut could leave of what a disk was asked (block_log.h): what was flushed is there; of what came since, any
// part, in any order, whole or block by block.
#pragma once

#include <random>
#include <span>
#include <vector>

#include "testing/crash_image.h"

namespace libcopyfile::test {

// Events between two flushes.
struct FlushWindow {
  size_t begin = 0;
  size_t end = 0;
  size_t writes = 0;
  bool marked = false;  // there is a mark among them
};

// Of all events, in order: each ends with its flush, the last one with the last event.
std::vector<FlushWindow> windows_of(std::span<const BlockEvent> events);

// Applies a part of the window to `image`, which has settled everything before it. Returns where the power went: this event, and
// those behind it, were not yet asked for.
size_t cut_power(std::span<const BlockEvent> events, const FlushWindow& window,
                 std::mt19937_64& random, CrashImage& image);

}  // namespace libcopyfile::test
