#include "plan_case.h"

namespace libcopyfile::test {

using namespace world;

namespace {

std::vector<PlanCase> sharing_cases() {
  return {
      whole_file("whole_file_is_cloned", "one FICLONE, nothing else, no extents", kXfs, 10 * kGiB),
      whole_file("small_file_is_copied", "a clone of so little costs more than copying it", kXfs,
                 1 * kKiB),
      whole_file("small_file_limit", "64 KiB is the first size that is cloned", kXfs, 64 * kKiB),
      with(whole_file("small_file_shared_on_demand", "must be shared, so it is, however small",
                      kXfs, 1 * kKiB),
           [](PlanCase& c) { c.request.options.sharing = Sharing::always; }),
      with(whole_file("learned_no", "a refusal learned on an earlier file is not asked for again",
                      kExt4, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
           }),
      with(whole_file("learned_no_but_must_share", "an error before the first byte, with its errno",
                      kExt4, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EXDEV, "the files are on different file systems");
             c.request.options.sharing = Sharing::always;
           }),
      with(whole_file("never_share", "neither a clone nor copy_file_range, which might clone", kXfs,
                      10 * kMiB),
           [](PlanCase& c) { c.request.options.sharing = Sharing::never; }),
      with(whole_file("verified_source", "fs-verity checks what is read, so it is read", kXfs,
                      10 * kMiB),
           [](PlanCase& c) { c.facts.in.has_verity = true; }),
      with(
          whole_file("verified_source_must_share", "who asks for sharing gets it", kXfs, 10 * kMiB),
          [](PlanCase& c) {
            c.facts.in.has_verity = true;
            c.request.options.sharing = Sharing::always;
          }),
      with(whole_file("never_share_remote", "a server might share extents behind our back", kNfs,
                      10 * kMiB),
           [](PlanCase& c) { c.request.options.sharing = Sharing::never; }),
      with(whole_file("different_file_systems", "no clone between types of file systems", kXfs,
                      10 * kMiB),
           [](PlanCase& c) {
             move_to(c.facts.out, kExt4);
             c.facts.same_file_system = c.facts.same_mount = false;
           }),
  };
}

std::vector<PlanCase> sparse_cases() {
  const Layout islands = layout_of("hole 1M, data 1M, unwritten 1M, data 4K, hole 100M");
  const auto sparse_file = [&](std::string name, std::string shows, auto change) {
    PlanCase c = whole_file(std::move(name), std::move(shows), kExt4, islands.back().range.end);
    c.layout = islands;
    c.facts.in.stat.blocks = 2 * 2048 + 8;
    refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
    change(c);
    return c;
  };
  return {
      sparse_file("holes_and_preallocation", "holes stay holes, preallocated space stays so",
                  [](PlanCase&) {}),
      sparse_file("sparse_never", "zeros are written for holes, and nobody looks for extents",
                  [](PlanCase& c) { c.request.options.sparse = Sparse::never; }),
      sparse_file("sparse_always", "known holes are skipped and zeros are looked for in the data",
                  [](PlanCase& c) { c.request.options.sparse = Sparse::always; }),
      sparse_file("sparse_only_holes", "no data at all: no mechanism that moves bytes is needed",
                  [](PlanCase& c) { c.layout = layout_of("hole 103M, hole 4K"); }),
      with(whole_file("sparse_always_instead_of_clone", "a clone has the holes of its source", kXfs,
                      10 * kMiB),
           [](PlanCase& c) { c.request.options.sparse = Sparse::always; }),
      with(whole_file("sparse_always_small_blocks", "zero blocks are never smaller than 4 KiB",
                      kExt4, 10 * kMiB),
           [](PlanCase& c) {
             c.request.options.sparse = Sparse::always;
             c.facts.out.stat.block_size = 512;
           }),
      with(whole_file("sparse_always_huge_blocks", "nor larger than 64 KiB, whatever ZFS says",
                      kExt4, 10 * kMiB),
           [](PlanCase& c) {
             c.request.options.sparse = Sparse::always;
             c.facts.out.stat.block_size = 16 << 20;
           }),
      with(whole_file("small_sparse_file", "fewer blocks than bytes: its extents are asked for",
                      kExt4, 60 * kKiB),
           [](PlanCase& c) {
             c.layout = layout_of("data 4K, hole 56K");
             c.facts.in.stat.blocks = 8;
           }),
  };
}

std::vector<PlanCase> cache_cases() {
  const auto cold = [](std::string name, std::string shows, uint64_t size, auto change) {
    PlanCase c = whole_file(std::move(name), std::move(shows), kExt4, size);
    refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
    c.facts.source_cached = 0;
    c.request.options.will_sync = true;
    change(c);
    return c;
  };
  return {
      cold("cache_auto_cold", "cold and to be made stable: around the page cache", kGiB,
           [](PlanCase&) {}),
      cold("cache_auto_cold_not_synced", "nobody waits for the medium: through the page cache",
           kGiB, [](PlanCase& c) { c.request.options.will_sync = false; }),
      cold("cache_auto_warm", "the source is in the page cache already", kGiB,
           [](PlanCase& c) { c.facts.source_cached = kGiB; }),
      cold("cache_auto_unknown", "whether the source is cached is not known: as if it were", kGiB,
           [](PlanCase& c) { c.facts.source_cached.reset(); }),
      cold("cache_auto_small", "too little to gain by direct I/O", 10 * kMiB, [](PlanCase&) {}),
      cold("cache_auto_larger_than_memory", "more than half of the memory, warm or not", 5 * kGiB,
           [](PlanCase& c) { c.facts.source_cached = 5 * kGiB; }),
      cold("cache_keep", "the page cache is to be used", kGiB,
           [](PlanCase& c) { c.request.options.cache = CachePolicy::keep; }),
      cold("cache_bypass", "aligned core direct, tail with pages dropped", 10 * kMiB + 5,
           [](PlanCase& c) { c.request.options.cache = CachePolicy::bypass; }),
      cold("cache_bypass_no_direct", "without direct I/O, pages are dropped behind", 10 * kMiB,
           [](PlanCase& c) {
             c.request.options.cache = CachePolicy::bypass;
             c.facts.out.stat.direct_offset_align = 0;
           }),
      cold("cache_bypass_small", "direct I/O gains nothing on small pieces", 100 * kKiB,
           [](PlanCase& c) { c.request.options.cache = CachePolicy::bypass; }),
      cold("cache_bypass_large_sectors", "direct I/O in units of what the device wants",
           10 * kMiB + 8 * kKiB,
           [](PlanCase& c) {
             c.request.options.cache = CachePolicy::bypass;
             c.facts.in.stat.direct_offset_align = 16384;
           }),
      cold("cache_bypass_sparse_always", "looking for zeros needs the page cache", 10 * kMiB,
           [](PlanCase& c) {
             c.request.options.cache = CachePolicy::bypass;
             c.request.options.sparse = Sparse::always;
           }),
      with(whole_file("cache_bypass_clone", "a clone touches no page anyway", kXfs, 10 * kMiB),
           [](PlanCase& c) { c.request.options.cache = CachePolicy::bypass; }),
  };
}

}  // namespace

std::vector<PlanCase> whole_file_cases() {
  std::vector<PlanCase> all = sharing_cases();
  for (auto more : {sparse_cases, cache_cases}) {
    for (PlanCase& c : more()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace libcopyfile::test
