#include "plan_case.h"

namespace libcopyfile::test {

using namespace world;

namespace {

void make_stream(PlanCase& c) {
  c.facts.in.kind = c.facts.in.stat.type = FileType::stream;
  c.facts.in.size = c.facts.in.stat.size = 0;
  c.facts.source_cached.reset();
  c.request.whole_file = false;
  c.request.ranges = {{0, 0, kMaxOffset}};
  c.layout.reset();
}

void distrust_size(PlanCase& c) {
  c.facts.in.size_trusted = false;
  c.request.whole_file = false;
  c.request.ranges = {{0, 0, kMaxOffset}};
  c.layout.reset();
}

void make_device(SideFacts& side, uint64_t number) {
  side.kind = side.stat.type = FileType::block_device;
  side.stat.special_device = number;
  side.fs = {};
  side.fs_class = FsClass::unknown;
}

std::vector<PlanCase> source_cases() {
  return {
      with(whole_file("stream", "a pipe is read in order until it ends", kXfs, 0), make_stream),
      with(whole_file("stream_sparse_always", "zeros in a pipe can become holes", kXfs, 0),
           [](PlanCase& c) {
             make_stream(c);
             c.request.options.sparse = Sparse::always;
           }),
      with(whole_file("stream_must_share", "a pipe has nothing to share", kXfs, 0),
           [](PlanCase& c) {
             make_stream(c);
             c.request.options.sharing = Sharing::always;
           }),
      with(whole_file("stream_must_offload", "a pipe goes through memory", kXfs, 0),
           [](PlanCase& c) {
             make_stream(c);
             c.request.options.offload = Offload::always;
           }),
      with(whole_file("untrusted_size", "a file of procfs is read until it ends", kXfs, 4096),
           [](PlanCase& c) {
             move_to(c.facts.in, kProc);
             distrust_size(c);
           }),
      with(whole_file("block_device_to_file", "a device has no holes that it tells of", kXfs,
                      10 * kMiB),
           [](PlanCase& c) {
             make_device(c.facts.in, 1);
             c.facts.same_file_system = c.facts.same_mount = false;
             c.request.whole_file = false;
           }),
      with(ranges("block_device_to_block_device", "two devices: read and write", kXfs, 10 * kMiB,
                  10 * kMiB, {{0, 0, 10 * kMiB}}),
           [](PlanCase& c) {
             make_device(c.facts.in, 1);
             make_device(c.facts.out, 2);
             c.facts.same_file_system = c.facts.same_mount = false;
           }),
      with(ranges("block_device_bypass", "devices of our own opening go around the page cache",
                  kXfs, 10 * kMiB, 10 * kMiB, {{0, 0, 10 * kMiB}}),
           [](PlanCase& c) {
             make_device(c.facts.in, 1);
             make_device(c.facts.out, 2);
             c.facts.same_file_system = c.facts.same_mount = false;
             c.facts.in.ours = c.facts.out.ours = true;
             c.request.options.cache = CachePolicy::bypass;
           }),
  };
}

std::vector<PlanCase> file_system_cases() {
  return {
      with(whole_file("remote", "without clones, the server is asked to copy", kNfs, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
           }),
      whole_file("remote_unknown", "a clone is tried first", kNfs, 10 * kMiB),
      with(whole_file("remote_sparse", "holes are made here, data by the server", kNfs, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
             c.layout = layout_of("data 1M, hole 8M, data 1M");
           }),
      with(whole_file("remote_sparse_always", "looking for zeros needs the bytes", kNfs, 10 * kMiB),
           [](PlanCase& c) { c.request.options.sparse = Sparse::always; }),
      with(whole_file("fuse", "a FUSE server may copy on its own", kFuse, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
           }),
      with(whole_file("fuse_declined", "it did not: read and write", kFuse, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
             refuse(c, MechanismId::copy_range, EXDEV, "not between these file systems");
           }),
      with(whole_file("unknown_file_system", "only trying tells", {0x1234567, FsClass::unknown},
                      10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
           }),
      with(whole_file("remote_old_kernel", "copy_file_range between mounts is unsafe before 5.19",
                      kNfs, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EXDEV, "the files are on different file systems");
             c.facts.kernel = {5, 15};
             c.facts.same_file_system = c.facts.same_mount = false;
           }),
      with(whole_file("remote_ancient_kernel", "and unsafe anywhere before 5.3", kNfs, 10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "the file system cannot share extents");
             c.facts.kernel = {4, 19};
           }),
  };
}

// A digest is asked for.
std::vector<PlanCase> digest_cases() {
  const auto seen = [](PlanCase c, auto change) {
    c.request.options.bytes_seen = true;
    change(c);
    return c;
  };
  const auto nothing = [](PlanCase&) {};
  return {
      seen(whole_file("digest_clone", "a clone is a clone; its bytes are read afterwards", kXfs,
                      10 * kGiB),
           nothing),
      seen(whole_file("digest_copy", "through memory, where it is computed", kXfs, 10 * kMiB),
           [](PlanCase& c) { c.request.options.sharing = Sharing::never; }),
      seen(whole_file("digest_bypass", "not by direct I/O; the cache is left alone nevertheless",
                      kXfs, 10 * kMiB),
           [](PlanCase& c) {
             c.request.options.sharing = Sharing::never;
             c.request.options.cache = CachePolicy::bypass;
           }),
      seen(whole_file("digest_remote", "not by the server, whose word would have to be taken", kNfs,
                      10 * kMiB),
           [](PlanCase& c) { refuse(c, MechanismId::reflink, EOPNOTSUPP, "no"); }),
      seen(whole_file("digest_must_offload", "by the server, as it must be; read afterwards", kNfs,
                      10 * kMiB),
           [](PlanCase& c) {
             refuse(c, MechanismId::reflink, EOPNOTSUPP, "no");
             c.request.options.offload = Offload::always;
           }),
  };
}

}  // namespace

std::vector<PlanCase> kind_cases() {
  std::vector<PlanCase> all = source_cases();
  for (PlanCase& c : file_system_cases()) all.push_back(std::move(c));
  for (PlanCase& c : digest_cases()) all.push_back(std::move(c));
  return all;
}

}  // namespace libcopyfile::test
