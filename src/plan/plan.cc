#include "plan/plan.h"

#include <algorithm>

#include "facts/unit_facts.h"
#include "plan/cost.h"
#include "plan/split.h"

namespace libcopyfile {
namespace {

uint64_t smallest_clone(const Facts& facts) {
  if (facts.cheap_clones) return cost::kSmallestCheapClone;
  if (facts.out_is_new) return cost::kSmallestCloneIntoNew;
  return cost::kSmallestClone;
}

// Reading the copy again would cost more than another way of copying could gain.
constexpr const char* kDigestReason = "a digest is computed as the bytes pass";

// The first that is possible is taken: EXTENDED COPY is what most storage has, and knows best. NVMe disks have nothing else.
constexpr MechanismId kByDisks[] = {MechanismId::scsi_extended_copy, MechanismId::scsi_token,
                                    MechanismId::nvme_copy};

class Planner {
 public:
  Planner(const Facts& facts, const PerMechanism<Verdict>& verdicts, const ExtentMap* extents,
          const PlanRequest& request)
      : facts_(facts), extents_(extents), request_(request), options_(request.options) {
    plan_.verdicts = verdicts;
    plan_.ranges_asked = request.ranges_asked;
    plan_.ranges_planned = request.ranges.size();
  }

  Result<Plan> make() {
    if (facts_.in.kind == FileType::stream || facts_.out.kind == FileType::stream ||
        !facts_.in.size_trusted) {
      return stream();
    }
    clip_to_source();
    if (plan_.short_source && options_.exact) return fail(ENODATA, Op::validate, past_end_);
    if (ranges_.empty()) return finish();
    plan_disks();
    if (Done ok = plan_sharing(); !ok) return fail(ok.error());
    plan_rest();
    if (Done ok = plan_data(); !ok) return fail(ok.error());
    return finish();
  }

 private:
  void refuse(MechanismId id, std::string reason) {
    Verdict& v = plan_.verdicts[index_of(id)];
    if (v.can == Can::no) return;  // what can't be needs no second reason, nor what does not apply
    v = {Can::no, std::move(reason), 0};
  }
  bool possible(MechanismId id) const { return plan_.verdicts[index_of(id)].can != Can::no; }

  void add_step(MechanismId id, Manner manner, std::vector<CopyRange> ranges, std::string reason) {
    if (ranges.empty()) return;
    Step step;
    step.mechanism = id;
    step.manner = manner;
    step.manner.out_is_new = facts_.out_is_new;
    step.bytes = total_length(ranges);
    step.ranges = std::move(ranges);
    step.reason = std::move(reason);
    step.moves_data = id != MechanismId::reflink && id != MechanismId::zero;
    plan_.steps.push_back(std::move(step));
  }

  // No extents, no end that could be known: read until there is no more.
  Result<Plan> stream() {
    if (options_.sharing == Sharing::always || options_.offload == Offload::always) {
      return fail(EOPNOTSUPP, Op::validate);
    }
    const std::string why = !facts_.in.size_trusted ? "the size of the source is not to be trusted"
                                                    : "a stream is read and written in order";
    for (const MechanismId id :
         {MechanismId::reflink, MechanismId::copy_range, MechanismId::direct, MechanismId::zero,
          MechanismId::scsi_extended_copy, MechanismId::scsi_token, MechanismId::nvme_copy}) {
      refuse(id, why);
    }
    Manner manner;
    if (facts_.out.kind == FileType::regular) manner.detect_zeros = zero_block();
    add_step(MechanismId::buffered, manner, request_.ranges, why);
    Result<Plan> plan = finish();
    // Where it ends is not known yet.
    plan->bytes = 0;
    plan->out_size = 0;
    return plan;
  }

  void clip_to_source() {
    for (const CopyRange& r : request_.ranges) {
      const uint64_t available = facts_.in.size > r.in ? facts_.in.size - r.in : 0;
      if (available < r.length) {
        plan_.short_source = true;
        past_end_ = r.source();
      }
      if (const CopyRange c = r.part(0, available); c.length > 0) ranges_.push_back(c);
    }
  }

  // What the storage copies goes to the plan, the others stay in ranges_.
  void plan_disks() {
    for (const MechanismId id : kByDisks) {
      if (options_.sharing == Sharing::never) refuse(id, "it might share extents");
      if (zero_block() > 0) refuse(id, "looking for zeros needs the bytes in memory");
      if (options_.bytes_seen && options_.offload != Offload::always) refuse(id, kDigestReason);
    }
    const auto* const id = std::find_if(std::begin(kByDisks), std::end(kByDisks),
                                        [&](MechanismId one) { return possible(one); });
    if (id == std::end(kByDisks)) return;
    RangeList cores, rest;
    for (const CopyRange& r : ranges_) {
      const AlignedParts parts = split_for_disks(r);
      rest.add(parts.head);
      cores.add(parts.core);
      rest.add(parts.tail);
    }
    if (cores.empty() ||
        (options_.offload != Offload::always && cores.bytes() < cost::kSmallestByDisks)) {
      const char* const reason = cores.empty() ? "source and destination are not aligned together"
                                               : "too little to gain by it";
      for (const MechanismId one : kByDisks) refuse(one, reason);
      return;
    }
    ranges_ = rest.take();
    for (const MechanismId one : kByDisks) {
      if (one != *id) refuse(one, "not needed");
    }
    add_step(*id, {}, cores.take(), "the storage copies on its own");
  }

  // Disks align from their beginning, not from that of a partition.
  AlignedParts split_for_disks(const CopyRange& r) const {
    const UnitFacts& units = *facts_.units;
    const auto moved = [&](CopyRange range, bool to_disk) {
      range.in = to_disk ? range.in + units.in_start : range.in - units.in_start;
      range.out = to_disk ? range.out + units.out_start : range.out - units.out_start;
      return range;
    };
    // What lies behind the end of the destination is for those who say so.
    const uint64_t room = facts_.out.size > r.out ? facts_.out.size - r.out : 0;
    AlignedParts parts = split_aligned(moved(r.part(0, room), true), units.granularity);
    parts.head = moved(parts.head, false);
    parts.core = moved(parts.core, false);
    parts.tail = moved(parts.tail, false);
    if (room < r.length) parts.tail = r.part(parts.head.length + parts.core.length, r.length);
    return parts;
  }

  // Cloned ranges go to the plan, the others to rest_.
  Done plan_sharing() {
    const bool must = options_.sharing == Sharing::always;
    if (options_.sharing == Sharing::never) {
      refuse(MechanismId::reflink, "a real second copy is asked for");
    } else if (options_.sparse != Sparse::automatic) {
      refuse(MechanismId::reflink, "holes are asked for otherwise than the source has them");
    } else if (!must && facts_.in.has_verity) {
      refuse(MechanismId::reflink, "fs-verity checks what is read, not what is shared");
    }
    if (!possible(MechanismId::reflink)) {
      const Verdict& v = plan_.verdicts[index_of(MechanismId::reflink)];
      if (must) return fail(Error{v.code != 0 ? v.code : EOPNOTSUPP, Op::clone, v.reason, {}});
      for (const CopyRange& r : ranges_) rest_.add(r);
      return {};
    }
    if (request_.whole_file) return plan_whole_clone(must);
    RangeList clones;
    uint64_t small = 0;
    for (const CopyRange& r : ranges_) {
      const AlignedParts parts = split_for_clone(r);
      if (must && (parts.head.length > 0 || parts.tail.length > 0)) {
        return fail(EINVAL, Op::clone, r.source());
      }
      if (!must && parts.core.length < smallest_clone(facts_)) {
        small += parts.core.length > 0 ? 1 : 0;
        rest_.add(r);
        continue;
      }
      rest_.add(parts.head);
      clones.add(parts.core);
      rest_.add(parts.tail);
    }
    if (small > 0) {
      plan_.notes.push_back(std::to_string(small) + " aligned ranges of less than " +
                            std::to_string(smallest_clone(facts_) >> 10) +
                            " KiB are copied: a clone of so little costs more than copying it");
    }
    if (clones.empty()) {
      refuse(MechanismId::reflink, small > 0 ? "a clone of so little costs more than copying it"
                                             : "source and destination are not aligned together");
    }
    add_step(MechanismId::reflink, {}, clones.take(), "aligned ranges share their extents");
    return {};
  }

  Done plan_whole_clone(bool must) {
    if (!must && facts_.in.size < smallest_clone(facts_)) {
      refuse(MechanismId::reflink, "a clone of so little costs more than copying it");
      for (const CopyRange& r : ranges_) rest_.add(r);
      return {};
    }
    Manner manner;
    manner.whole_file = true;
    add_step(MechanismId::reflink, manner, std::move(ranges_), "one clone of the whole file");
    return {};
  }

  // As split_aligned, but a tail that ends both files belongs to the core.
  AlignedParts split_for_clone(const CopyRange& r) const {
    AlignedParts parts = split_aligned(r, facts_.clone_alignment);
    // In one file the end moves with the first clone that lands behind it.
    const bool source_ends = r.in + r.length == facts_.in.size && !facts_.same_file;
    // A file that will be longer may get its size first.
    const CopyRange& last = ranges_.back();
    const uint64_t out_end = std::max(facts_.out.size, last.out + last.length);
    const bool out_ends = r.out + r.length >= out_end;
    const bool tail_is_aligned =
        parts.core.length > 0 || (parts.tail.length > 0 && parts.head.length < r.length);
    if (source_ends && out_ends && tail_is_aligned && parts.tail.length > 0) {
      parts.core = r.part(parts.head.length, r.length);
      parts.tail.length = 0;
    }
    return parts;
  }

  // Of what is not shared: holes and preallocated space need no copying.
  void plan_rest() {
    RangeList holes, unwritten;
    const bool walk = extents_ != nullptr && options_.sparse != Sparse::never;
    for (const CopyRange& r : rest_.all()) {
      if (!walk) {
        data_.add(r);
        continue;
      }
      split_by_extent(r, *extents_, [&](const CopyRange& piece, ExtentKind kind) {
        if (kind == ExtentKind::data) data_.add(piece);
        if (kind == ExtentKind::hole) holes.add(piece);
        if (kind == ExtentKind::unwritten) unwritten.add(piece);
      });
    }
    if (holes.empty() && unwritten.empty()) {
      refuse(MechanismId::zero,
             options_.sparse == Sparse::never ? "zeros are to be written" : "no holes to be made");
    }
    add_step(MechanismId::zero, {}, holes.take(), "holes of the source stay holes");
    Manner reserve;
    reserve.zero = Manner::Zero::reserve;
    add_step(MechanismId::zero, reserve, unwritten.take(), "preallocated space stays preallocated");
  }

  Done plan_data() {
    if (use_copy_range()) {
      add_step(MechanismId::copy_range, {}, data_.take(), "the server may copy on its own");
      refuse(MechanismId::direct, "not needed");
      refuse(MechanismId::buffered, "not needed");
      return {};
    }
    if (options_.offload == Offload::always && !data_.empty()) {
      return fail(no_offload());
    }
    RangeList direct, buffered;
    const bool around = around_cache();
    for (const CopyRange& r : data_.all()) {
      const AlignedParts parts = split_aligned(r, direct_alignment());
      if (!around || !possible(MechanismId::direct) || parts.core.length < cost::kSmallestDirect) {
        buffered.add(r);
        continue;
      }
      buffered.add(parts.head);
      direct.add(parts.core);
      buffered.add(parts.tail);
    }
    if (around && direct.empty()) {
      refuse(MechanismId::direct, "the pieces are too small or not aligned together");
    }
    Manner manner;
    if (around) manner.cache = Cache::drop;
    manner.detect_zeros = zero_block();
    manner.preallocate = facts_.preallocation_pays && facts_.out_is_new && zero_block() == 0;
    if (buffered.empty()) refuse(MechanismId::buffered, "not needed");
    add_step(MechanismId::direct, manner, direct.take(), direct_reason_);
    add_step(MechanismId::buffered, manner, buffered.take(),
             !around               ? "through the page cache, reading and writing at once"
             : options_.bytes_seen ? "the bytes are to be seen; pages are dropped behind them"
                                   : "what direct I/O can't take; pages are dropped behind it");
    return {};
  }

  // Why the bytes would have to pass through this host.
  Error no_offload() const {
    for (const MechanismId id : kByDisks) {
      const Verdict& v = plan_.verdicts[index_of(id)];
      if (v.reason.empty()) continue;
      const std::string why =
          v.can == Can::no ? v.reason : "some of the bytes are in no whole unit of the disks";
      return Error{EOPNOTSUPP, Op::offload, why, {}};
    }
    const Verdict& v = plan_.verdicts[index_of(MechanismId::copy_range)];
    return Error{EOPNOTSUPP, Op::copy_range, v.reason, {}};
  }

  bool use_copy_range() {
    if (data_.empty()) {
      refuse(MechanismId::copy_range, "not needed: nothing is left to copy");
      return false;
    }
    if (options_.sharing == Sharing::never) {
      refuse(MechanismId::copy_range, "it might share extents");
    }
    // Where no byte may pass through memory, the digest is that of the copy, in a pass of its own.
    if (options_.bytes_seen && options_.offload != Offload::always) {
      refuse(MechanismId::copy_range, kDigestReason);
    }
    if (zero_block() > 0) {
      refuse(MechanismId::copy_range, "looking for zeros needs the bytes in memory");
    }
    if (facts_.in.fs_class == FsClass::local) {
      refuse(MechanismId::copy_range,
             "on a local file system it only splices through the page cache, in one thread");
    }
    return possible(MechanismId::copy_range);
  }

  // Whether data should go around the page cache; says why in direct_reason_ or in the verdict.
  bool around_cache() {
    if (data_.empty()) {
      refuse(MechanismId::direct, "not needed: nothing is left to copy");
      return false;
    }
    if (zero_block() > 0) refuse(MechanismId::direct, "looking for zeros needs the page cache");
    if (options_.bytes_seen) refuse(MechanismId::direct, kDigestReason);
    const uint64_t bytes = data_.bytes();
    switch (options_.cache) {
      case CachePolicy::bypass: direct_reason_ = "the page cache is to be left alone"; return true;
      case CachePolicy::keep:
        refuse(MechanismId::direct, "the page cache is to be used");
        return false;
      case CachePolicy::automatic: break;
    }
    if (facts_.memory > 0 && bytes > facts_.memory / cost::kMemoryShare) {
      direct_reason_ = "more than half of the memory: it would only push other data out";
      return true;
    }
    const bool cold = facts_.source_cached &&
                      *facts_.source_cached < std::max<uint64_t>(1, bytes / cost::kColdShare);
    if (options_.will_sync && bytes >= cost::kDirectFrom && cold) {
      direct_reason_ = "the source is cold and the copy must reach the medium anyway";
      return true;
    }
    refuse(MechanismId::direct, bytes < cost::kDirectFrom ? "too little data to gain by it"
                                : !options_.will_sync     ? "nobody waits for the medium"
                                                          : "the source is in the page cache");
    return false;
  }

  uint64_t direct_alignment() const {
    uint64_t align = 512;
    for (const SideFacts* side : {&facts_.in, &facts_.out}) {
      const uint64_t a = side->stat.direct_known ? side->stat.direct_offset_align : 4096;
      align = std::max(align, a);
    }
    return std::max<uint64_t>(align, 4096);
  }

  uint64_t zero_block() const {
    if (options_.sparse != Sparse::always) return 0;
    return std::clamp<uint64_t>(facts_.out.stat.block_size, cost::kSmallestHole,
                                cost::kLargestHole);
  }

  Result<Plan> finish() {
    for (const Step& step : plan_.steps) {
      plan_.verdicts[index_of(step.mechanism)] = {Can::yes, step.reason, 0};
      plan_.bytes += step.bytes;
      for (const CopyRange& r : {step.ranges.front(), step.ranges.back()}) {
        plan_.out_size = std::max(plan_.out_size, r.out + r.length);
      }
    }
    if (plan_.steps.empty()) {
      for (size_t i = 0; i < kMechanismCount; ++i) {
        refuse(static_cast<MechanismId>(i), "nothing to copy");
      }
    }
    if (plan_.ranges_planned < plan_.ranges_asked) {
      plan_.notes.push_back(std::to_string(plan_.ranges_asked) + " ranges joined to " +
                            std::to_string(plan_.ranges_planned));
    }
    return std::move(plan_);
  }

  const Facts& facts_;
  const ExtentMap* extents_;
  const PlanRequest& request_;
  const DataOptions& options_;
  Plan plan_;
  std::vector<CopyRange> ranges_;  // within the source
  Range past_end_;
  RangeList rest_;  // not shared
  RangeList data_;  // not shared, and data
  std::string direct_reason_;
};

}  // namespace

bool needs_full_facts(std::span<const CopyRange> ranges, const DataOptions& o) {
  constexpr size_t kFew = 16;
  const bool plain = o.sharing != Sharing::always && o.offload != Offload::always &&
                     o.sparse == Sparse::automatic && o.cache != CachePolicy::bypass && !o.exact;
  if (!plain || ranges.size() > kFew) return true;
  uint64_t total = 0;
  for (const CopyRange& r : ranges) {
    if (r.length > cost::kSmallRequest) return true;
    total += r.length;
  }
  return total > cost::kSmallRequest;
}

bool needs_cached(const DataOptions& options) {
  return options.cache == CachePolicy::automatic && options.will_sync;
}

bool needs_extents(const Facts& facts, const PerMechanism<Verdict>& verdicts,
                   const PlanRequest& request) {
  if (facts.in.kind != FileType::regular || !facts.in.size_trusted) return false;
  if (facts.out.kind == FileType::stream || request.options.sparse == Sparse::never) return false;
  const bool may_share = verdicts[index_of(MechanismId::reflink)].can != Can::no &&
                         request.options.sharing != Sharing::never &&
                         request.options.sparse == Sparse::automatic &&
                         (request.options.sharing == Sharing::always || !facts.in.has_verity);
  if (request.whole_file) {
    const bool clones = may_share && (request.options.sharing == Sharing::always ||
                                      facts.in.size >= smallest_clone(facts));
    // A new file reads as zero where nothing is written: what is not allocated need not be looked for in a small file
    // that has all its blocks.
    const bool dense =
        facts.in.size <= cost::kSmallRequest && facts.in.stat.blocks * 512 >= facts.in.size;
    return !clones && !dense;
  }
  return total_length(request.ranges) > cost::kSmallRequest;
}

Result<Plan> make_plan(const Facts& facts, const PerMechanism<Verdict>& verdicts,
                       const ExtentMap* extents, const PlanRequest& request) {
  return Planner(facts, verdicts, extents, request).make();
}

}  // namespace libcopyfile
