#include "subjects.h"

#include <cerrno>

namespace libcopyfile::test {
namespace {

const std::set<FsKind> kAll(kAllFs.begin(), kAllFs.end());
const std::set<FsKind> kSharing{FsKind::xfs, FsKind::btrfs, FsKind::overlay};
// Without DONTCACHE a mechanism goes on with the page cache.
const std::set<int> kUnsupported{EOPNOTSUPP, ENOTTY, ENOSYS};

const std::set<int> kCloneFile{EINVAL, EPERM, EACCES, ETXTBSY, EBADF, EAGAIN, ENOENT};
const std::set<int> kCloneMounts{EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV};
const std::set<int> kCopyFile{EINVAL, EPERM, EACCES, EBADF, ETXTBSY, ENOENT, EFBIG, EOVERFLOW};
const std::set<int> kCopyMounts{ENOSYS, EOPNOTSUPP, ENOTTY, EXDEV};
const std::set<int> kDirect{EINVAL, EOPNOTSUPP, ENOTBLK};
const std::set<int> kReopen{EINVAL,  EOPNOTSUPP, ENOENT, EACCES, ENXIO,
                            ETXTBSY, ENOMEM,     EMFILE, ENFILE};
const std::set<int> kPunch{EOPNOTSUPP, ENOTTY, ENOSYS, EINVAL, EPERM, ENODEV};
const std::set<int> kReserve{EOPNOTSUPP, ENOTTY, ENOSYS, EINVAL};

Manner manner(Cache cache, uint64_t detect_zeros, bool out_is_new) {
  Manner m;
  m.cache = cache;
  m.detect_zeros = detect_zeros;
  m.out_is_new = out_is_new;
  return m;
}

Manner zeros(Manner::Zero zero) {
  Manner m;
  m.zero = zero;
  return m;
}

Manner whole_file() {
  Manner m;
  m.out_is_new = true;
  m.whole_file = true;
  return m;
}

std::vector<Subject> make_subjects() {
  const std::vector<std::string> no_clone{"no-reflink", "no-reflink-enotty", "no-reflink-einval"};
  const std::vector<std::string> no_copy{"no-copy-file-range", "forbidden-copy-file-range"};
  const std::vector<std::string> no_ring{"no-io-uring", "no-io-uring-enosys", "no-proc"};
  const std::vector<Refusals> clone_range{{"clone_range", kCloneFile, kCloneMounts, {}}};
  const std::vector<Refusals> buffered{{"read", {}, {}, {}}, {"write", {}, {}, {}}};
  const Manner dropping = manner(Cache::drop, 0, false);
  using M = MechanismId;
  return {
      {"reflink", M::reflink, Shape::aligned, {}, kSharing, no_clone, clone_range},
      {"reflink_tail", M::reflink, Shape::aligned_end, {}, kSharing, no_clone, clone_range},
      {"reflink_whole",
       M::reflink,
       Shape::whole,
       whole_file(),
       kSharing,
       no_clone,
       {{"clone", kCloneFile, kCloneMounts, {}}, {"stat", {}, {}, {}}},
       UINT32_MAX},
      {"copy_range",
       M::copy_range,
       Shape::ragged,
       {},
       kAll,
       no_copy,
       {{"copy_range", kCopyFile, kCopyMounts, {}}}},
      {"buffered", M::buffered, Shape::ragged, {}, kAll, {}, buffered},
      {"buffered_new",
       M::buffered,
       Shape::ragged,
       manner(Cache::keep, 0, true),
       kAll,
       {},
       buffered},
      {"buffered_dropping",
       M::buffered,
       Shape::ragged,
       dropping,
       kAll,
       {},
       {{"read", {}, {}, kUnsupported},
        {"write", {}, {}, kUnsupported},
        {"start_writeback", {}, {}, {}, true},
        {"advise", {}, {}, {}, true}}},
      {"buffered_sparse",
       M::buffered,
       Shape::ragged,
       manner(Cache::keep, 4096, false),
       kAll,
       {},
       {{"read", {}, {}, {}}, {"write", {}, {}, {}}, {"punch", {}, {}, kPunch}}},
      {"buffered_sparse_new",
       M::buffered,
       Shape::ragged,
       manner(Cache::keep, 4096, true),
       kAll,
       {},
       buffered},
      {"direct",
       M::direct,
       Shape::aligned,
       dropping,
       kAll,
       no_ring,
       {{"read", kDirect, {}, {EAGAIN}},
        {"write", kDirect, {}, {EAGAIN}},
        {"reopen", kReopen, {EPERM, ENOSYS}, {}},
        {"queue", kReopen, {EPERM, ENOSYS}, {}}},
       8},
      {"zero_hole",
       M::zero,
       Shape::zeros,
       zeros(Manner::Zero::hole),
       kAll,
       {},
       {{"punch", {}, {}, kPunch}},
       UINT32_MAX},
      {"zero_reserve",
       M::zero,
       Shape::zeros,
       zeros(Manner::Zero::reserve),
       kAll,
       {},
       {{"punch", {}, {}, kPunch}, {"reserve", {}, {}, kReserve}},
       UINT32_MAX},
      {"zero_write",
       M::zero,
       Shape::zeros,
       zeros(Manner::Zero::write),
       kAll,
       {},
       {{"write", {}, {}, {}}}},
  };
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all = make_subjects();
  return all;
}

std::vector<Case> everywhere() {
  std::vector<Case> all;
  for (const Subject& s : subjects()) {
    for (const FsKind fs : kAllFs) all.push_back({&s, fs});
  }
  return all;
}

std::vector<Case> once() {
  std::vector<Case> all;
  for (const Subject& s : subjects()) {
    all.push_back({&s, s.works_on.contains(FsKind::xfs) ? FsKind::xfs : *s.works_on.begin()});
  }
  return all;
}

std::string case_name(const Case& c) {
  return c.subject->name + "_on_" + std::string(name_of(c.fs));
}

}  // namespace libcopyfile::test
