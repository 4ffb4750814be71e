#include "plan_case.h"

namespace libcopyfile::test {

using namespace world;

namespace {

std::vector<CopyRange> adjacent(uint64_t count, uint64_t length) {
  std::vector<CopyRange> all;
  for (uint64_t i = 0; i < count; ++i) all.push_back({i * length, i * length, length});
  return all;
}

std::vector<CopyRange> scattered(uint64_t count, uint64_t length) {
  std::vector<CopyRange> all;
  for (uint64_t i = 0; i < count; ++i) all.push_back({i * 4 * length, i * 2 * length, length});
  return all;
}

std::vector<PlanCase> alignment_cases() {
  return {
      ranges("ragged_range", "head and tail copied, aligned core cloned", kXfs, 10 * kMiB,
             10 * kMiB, {{1000, 4096 + 1000, kMiB}}),
      ranges("ragged_head_only", "the range ends on a block", kXfs, 10 * kMiB, 10 * kMiB,
             {{1000, 1000, kMiB - 1000}}),
      ranges("tail_at_end_of_both", "an unaligned tail is cloned where both files end", kXfs,
             kMiB + 100, 0, {{0, 4 * kMiB, kMiB + 100}}),
      ranges("tail_at_end_of_source_only", "the destination goes on: the tail is copied", kXfs,
             kMiB + 100, 10 * kMiB, {{0, 4 * kMiB, kMiB + 100}}),
      ranges("tail_at_end_of_destination_only", "the source goes on: the tail is copied", kXfs,
             10 * kMiB, 0, {{0, 4 * kMiB, kMiB + 100}}),
      with(ranges("tail_at_end_of_one_file", "its end moves as it grows: the tail is copied", kXfs,
                  kMiB + 100, kMiB + 100, {{0, 4 * kMiB, kMiB + 100}}),
           [](PlanCase& c) { c.facts.same_file = true; }),
      ranges("tail_before_the_new_end", "another range makes the file longer: the tail is copied",
             kXfs, kMiB + 100, 0, {{0, 0, kMiB + 100}, {0, 4 * kMiB, 1000}}),
      ranges("tail_covers_end_of_destination", "all of the old tail is replaced: cloned", kXfs,
             kMiB + 100, kMiB + 50, {{0, 0, kMiB + 100}}),
      ranges("not_aligned_together", "offsets differ within the block: nothing can be shared", kXfs,
             10 * kMiB, 10 * kMiB, {{0, 512, kMiB}}),
      with(ranges("large_clone_unit", "a unit of 64 KiB moves the edges", kXfs, 10 * kMiB,
                  10 * kMiB, {{4096, 4096, kMiB}}),
           [](PlanCase& c) { c.facts.clone_alignment = 65536; }),
      ranges("small_aligned_ranges", "4 KiB pieces are copied, not cloned", kXfs, 10 * kMiB,
             10 * kMiB, scattered(8, 4 * kKiB)),
      ranges("large_and_small_ranges", "each range by its size", kXfs, 10 * kMiB, 10 * kMiB,
             {{0, 0, kMiB}, {2 * kMiB, 3 * kMiB, 4 * kKiB}, {4 * kMiB, 5 * kMiB, kMiB}}),
      ranges("clone_limit_below", "one block less than 256 KiB", kXfs, 10 * kMiB, 10 * kMiB,
             {{0, kMiB, 252 * kKiB}}),
      ranges("clone_limit_at", "256 KiB", kXfs, 10 * kMiB, 10 * kMiB, {{0, kMiB, 256 * kKiB}}),
  };
}

std::vector<PlanCase> must_cases() {
  const auto always = [](PlanCase& c) { c.request.options.sharing = Sharing::always; };
  const auto offload = [](PlanCase& c) { c.request.options.offload = Offload::always; };
  return {
      with(ranges("must_share_aligned", "shared, however small", kXfs, 10 * kMiB, 10 * kMiB,
                  {{0, kMiB, 4 * kKiB}}),
           always),
      with(ranges("must_share_ragged", "what can't be shared is an error before the first byte",
                  kXfs, 10 * kMiB, 10 * kMiB, {{0, kMiB, kMiB}, {3 * kMiB, 3 * kMiB, 5000}}),
           always),
      with(ranges("must_share_tail", "a tail that ends both files can be shared", kXfs, kMiB + 100,
                  0, {{0, 0, kMiB + 100}}),
           always),
      with(ranges("must_share_short_tail", "also where the tail is all there is", kXfs, 100, 0,
                  {{0, 0, 100}}),
           always),
      with(ranges("must_offload_local", "a local file system has nobody to offload to", kExt4,
                  10 * kMiB, 10 * kMiB, {{512, 0, kMiB}}),
           offload),
      with(ranges("must_offload_shareable", "sharing moves no byte through this host", kXfs,
                  10 * kMiB, 10 * kMiB, {{0, 0, kMiB}}),
           offload),
      with(ranges("must_offload_ragged", "head and tail would go through memory", kXfs, 10 * kMiB,
                  10 * kMiB, {{100, 100, kMiB}}),
           offload),
      with(ranges("must_offload_remote", "the server may copy", kNfs, 10 * kMiB, 10 * kMiB,
                  {{512, 0, kMiB}}),
           offload),
      with(ranges("must_offload_holes", "holes need nobody", kExt4, 10 * kMiB, 10 * kMiB,
                  {{0, 0, kMiB}}),
           [&](PlanCase& c) {
             offload(c);
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
             c.layout = layout_of("hole 10M");
           }),
  };
}

std::vector<PlanCase> extent_cases() {
  const auto no_clone = [](PlanCase& c) {
    refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
  };
  return {
      ranges("holes_within_shared_core", "a clone brings the holes along; only head and tail care",
             kXfs, 10 * kMiB, 10 * kMiB, {{1000, 1000, kMiB}}),
      with(ranges("holes_are_punched", "an old destination gets holes where the source has them",
                  kExt4, 4 * kMiB, 4 * kMiB, {{0, 0, 4 * kMiB}}),
           [&](PlanCase& c) {
             no_clone(c);
             c.layout = layout_of("data 64K, hole 1M, data 64K, unwritten 1M, hole 1920K");
           }),
      with(ranges("several_ranges_over_extents", "each range is cut at the edges of extents", kExt4,
                  4 * kMiB, 4 * kMiB,
                  {{0, 2 * kMiB, 100 * kKiB}, {kMiB, 0, kMiB}, {100, 3 * kMiB, 70 * kKiB}}),
           [&](PlanCase& c) {
             no_clone(c);
             c.layout = layout_of("data 64K, hole 1M, data 64K, unwritten 1M, data 1920K");
           }),
      ranges("small_request", "up to 64 KiB nobody looks for holes", kExt4, 10 * kMiB, 10 * kMiB,
             {{0, 0, 64 * kKiB}}),
      ranges("past_the_end", "what lies behind the end is in no step", kExt4, kMiB, 0,
             {{512 * kKiB, 0, kMiB}, {2 * kMiB, 2 * kMiB, kMiB}}),
      with(ranges("past_the_end_exact", "an error before the first byte", kExt4, kMiB, 0,
                  {{512 * kKiB, 0, kMiB}}),
           [](PlanCase& c) { c.request.options.exact = true; }),
      with(ranges("up_to_the_end_exact", "exactly to the end is exact", kExt4, kMiB, 0,
                  {{512 * kKiB, 0, 512 * kKiB}}),
           [](PlanCase& c) { c.request.options.exact = true; }),
      ranges("all_past_the_end", "nothing to copy", kExt4, kMiB, 0, {{2 * kMiB, 0, kMiB}}),
      ranges("no_ranges", "nothing to copy", kExt4, kMiB, 0, {}),
      ranges("adjacent_ranges_become_one", "a million ranges, one clone", kXfs,
             1'000'000 * 4 * kKiB, 0, adjacent(1'000'000, 4 * kKiB)),
      ranges("scattered_ranges", "in the order of the destination, one pipeline", kExt4, 100 * kMiB,
             100 * kMiB, scattered(1000, 4 * kKiB)),
      ranges("swapped_halves", "not adjacent on both sides: two clones", kXfs, 2 * kMiB, 0,
             {{kMiB, 0, kMiB}, {0, kMiB, kMiB}}),
  };
}

}  // namespace

std::vector<PlanCase> range_cases() {
  std::vector<PlanCase> all = alignment_cases();
  for (auto more : {must_cases, extent_cases}) {
    for (PlanCase& c : more()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace libcopyfile::test
