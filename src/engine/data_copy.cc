#include "engine/data_copy.h"

#include <algorithm>

#include "extents/read_extents.h"
#include "facts/read_facts.h"
#include "sys/system_info.h"
#include "sys/thread.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

class DataCopy {
 public:
  explicit DataCopy(DataJob& job) : job_(job) {}

  Result<Plan> plan_next() {
    const double start = monotonic_seconds();
    if (!asked_cached_ && needs_cached(job_.request.options)) {
      ask_cached(job_.files, job_.in, job_.facts);
      asked_cached_ = true;
    }
    const PerMechanism<Verdict> verdicts = job_.catalogue.verdicts(job_.facts);
    if (!extents_ && needs_extents(job_.facts, verdicts, job_.request)) {
      Result<ExtentMap> map = read_map();
      if (!map) return fail(map.error());
      extents_ = std::move(*map);
    }
    Result<Plan> plan =
        make_plan(job_.facts, verdicts, extents_ ? &*extents_ : nullptr, job_.request);
    outcome_.planning_seconds += monotonic_seconds() - start;
    return plan;
  }

  DataOutcome run() {
    const FileSizeSignalBlock guard;
    const std::vector<CopyRange> asked = job_.request.ranges;
    // Every round but the last rules out one mechanism.
    for (size_t round = 0; round <= kMechanismCount; ++round) {
      Result<Plan> plan = plan_next();
      if (!plan) {
        outcome_.error = plan.error();
        break;
      }
      planned_end_ = std::max(planned_end_, plan->out_size);
      const bool again = run_plan(*plan);
      if (job_.keep_plans) outcome_.plans.push_back(std::move(*plan));
      if (!again) break;
      job_.request.ranges = outcome_.done.missing(asked);
      job_.request.whole_file = false;
    }
    give_holes_their_size();
    cut_what_is_not_counted();
    if (!job_.control.finish()) outcome_.cancelled = true;
    return std::move(outcome_);
  }

 private:
  Result<ExtentMap> read_map() {
    const ExtentQuery query{job_.in, job_.facts.in.ours, job_.facts.in.size};
    // Sorting many sources and looking each up costs more than one question that usually settles it.
    if (job_.request.ranges.size() > 1 && is_dense(job_.files, query)) return ExtentMap{};
    std::vector<Range> sources;
    sources.reserve(job_.request.ranges.size());
    for (const CopyRange& r : job_.request.ranges) sources.push_back(r.source());
    const auto before = [](const Range& a, const Range& b) { return a.begin < b.begin; };
    if (!std::is_sorted(sources.begin(), sources.end(), before)) {
      std::sort(sources.begin(), sources.end(), before);
    }
    // One source range may be copied to several places: a map is asked for once.
    size_t last = 0;
    for (size_t i = 1; i < sources.size(); ++i) {
      if (sources[i].begin <= sources[last].end) {
        sources[last].end = std::max(sources[last].end, sources[i].end);
      } else {
        sources[++last] = sources[i];
      }
    }
    if (!sources.empty()) sources.resize(last + 1);
    return read_extents(job_.files, query, sources);
  }

  // True if something declined and the rest is to be planned again.
  bool run_plan(const Plan& plan) {
    if (Done ok = prepare(plan); !ok) {
      outcome_.error = ok.error();
      return false;
    }
    tell_what_moves(plan);
    if (plan.short_source) outcome_.end_of_source = true;
    tap_ = job_.tap != nullptr && job_.tap->follow(plan) ? job_.tap : nullptr;
    for (const Step& step : plan.steps) {
      const Moved moved = run_step(step);
      switch (moved.stop) {
        case Stop::complete: break;
        case Stop::end_of_source: outcome_.end_of_source = true; break;
        case Stop::cancelled: outcome_.cancelled = true; return false;
        case Stop::failed: outcome_.error = moved.error; return false;
        case Stop::declined: return decline(step, moved);
      }
    }
    return false;
  }

  // Where the end is not known, the ranges are as long as files can be.
  void tell_what_moves(const Plan& plan) {
    uint64_t bytes = 0;
    for (const Step& step : plan.steps) bytes += step.moves_data ? step.bytes : 0;
    const bool known = job_.facts.in.size_trusted && job_.facts.in.kind != FileType::stream;
    job_.control.expect(known ? bytes : 0);
  }

  // A source may end before its ranges do, because it shrank or because its size was not known. What lies behind that end is
  // left out; ranges that lie before it are copied nevertheless.
  Moved run_step(const Step& step) {
    const Mechanism& mechanism = job_.catalogue.at(step.mechanism);
    job_.control.begin_step(step.moves_data);
    Pair pair{job_.files, job_.in, job_.out, job_.facts, job_.control, step.manner, tap_};
    std::vector<CopyRange> shorter;
    std::span<const CopyRange> ranges = step.ranges;
    if (source_end_ != UINT64_MAX) ranges = shorter = below_end(ranges, 0);
    while (!ranges.empty()) {
      Moved moved = checked(mechanism.move(pair, ranges), step, ranges);
      record(step, ranges, moved);
      if (moved.stop != Stop::end_of_source || job_.facts.in.kind == FileType::stream) return moved;
      const std::vector<CopyRange> rest = remaining(ranges, moved.bytes);
      const uint64_t end = rest.empty() ? source_end_ : rest.front().in;
      // What is read of a disk that is gone is the end of a file, too, to some drivers (NVMe).
      if (job_.facts.in.kind == FileType::block_device && end < job_.facts.in.size) {
        moved.stop = Stop::failed;
        moved.error = Error{EIO, Op::read, {}, {end, job_.facts.in.size}};
        return moved;
      }
      outcome_.end_of_source = true;
      source_end_ = std::min(source_end_, end);
      // The first of the rest is the one that ended: never asked for again, so that this comes to an end.
      ranges = shorter = below_end(rest, 1);
    }
    return {};
  }

  // What of `ranges` behind the first `skip` lies before the end of the source, as far as it is known.
  std::vector<CopyRange> below_end(std::span<const CopyRange> ranges, size_t skip) const {
    std::vector<CopyRange> below;
    for (const CopyRange& r : ranges.subspan(std::min(skip, ranges.size()))) {
      if (r.in < source_end_) below.push_back(r.part(0, source_end_ - r.in));
    }
    return below;
  }

  // The contract is held here, in the one caller, not in each mechanism.
  static Moved checked(Moved moved, const Step& step, std::span<const CopyRange> ranges) {
    const uint64_t asked = total_length(ranges);
    const bool bad =
        moved.bytes > asked || (moved.stop == Stop::complete && moved.bytes != asked) ||
        ((moved.stop == Stop::failed || moved.stop == Stop::declined) && moved.error.code == 0);
    if (!bad) return moved;
    Moved broken;
    broken.stop = Stop::failed;
    broken.error = Error{EPROTO, Op::none, std::string(name_of(step.mechanism)), {}};
    return broken;
  }

  void record(const Step& step, std::span<const CopyRange> ranges, const Moved& moved) {
    const bool may_be_hole = step.mechanism == MechanismId::zero || step.manner.detect_zeros > 0;
    uint64_t left = moved.bytes;
    for (const CopyRange& r : ranges) {
      if (left == 0) break;
      const Range out = r.part(0, left).destination();
      outcome_.done.add(out);
      left -= out.length();
      uint64_t& reach = may_be_hole ? holes_reach_ : data_reaches_;
      reach = std::max(reach, out.end);
    }
    outcome_.copied += moved.bytes;
    outcome_.holes += moved.holes;
    outcome_.bytes_by[index_of(step.mechanism)] += moved.bytes;
  }

  bool decline(const Step& step, const Moved& moved) {
    Verdict verdict{Can::no, moved.error.where, moved.error.code};
    job_.facts.learned[index_of(step.mechanism)] = verdict;
    // After the first byte a refusal says something about this file, not about the mounts.
    if (moved.scope == Scope::mounts && job_.learned != nullptr && outcome_.copied == 0) {
      job_.learned->learn(job_.facts, step.mechanism, verdict);
    }
    outcome_.declined.push_back({step.mechanism, outcome_.copied, std::move(verdict)});
    return true;
  }

  // A file gets its size first where that helps: XFS then preallocates nothing behind its end, which would fill the gaps
  // between scattered ranges (100,000 of 4 KiB took four times their space), and direct writes of several chunks at once need
  // not extend the file one after the other.
  Done prepare(const Plan& plan) {
    if (job_.facts.out.kind != FileType::regular) return {};
    const bool is_new = job_.facts.out_is_new;
    const bool helps = std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& s) {
      return (is_new && (s.mechanism == MechanismId::zero || s.mechanism == MechanismId::direct)) ||
             (s.moves_data && s.ranges.size() > 1);
    });
    // Never below what is there, nor below what earlier rounds have put in place: a hole there has nothing but the size.
    const uint64_t before = std::max(grown_to_, is_new ? 0 : job_.facts.out.size);
    const uint64_t size = std::max({plan.out_size, data_reaches_, holes_reach_});
    if (!helps || size <= before) return {};
    grown_to_ = size;
    return retry_interrupted([&] { return job_.files.truncate(job_.out, size); });
  }

  // A caller's file that did not get all of its bytes ends where they do: not where a second thread had written ahead, nor at
  // the size that it got first. Not if somebody else has made it longer than we would have.
  void cut_what_is_not_counted() {
    const bool complete = !outcome_.error && !outcome_.cancelled && !outcome_.end_of_source;
    if (complete || job_.facts.out_is_new || job_.facts.out.kind != FileType::regular) return;
    const uint64_t end = std::max({job_.facts.out.size, data_reaches_, holes_reach_});
    if (planned_end_ <= end) return;
    const Result<FileStat> stat = retry_interrupted([&] { return job_.files.stat(job_.out); });
    if (!stat || stat->size <= end || stat->size > planned_end_) return;
    const Done ok = retry_interrupted([&] { return job_.files.truncate(job_.out, end); });
    if (!ok && !outcome_.error) outcome_.error = ok.error();
  }

  // A destination that ends in a hole is not yet as long as it must be, however this ended.
  void give_holes_their_size() {
    if (job_.facts.out.kind != FileType::regular || holes_reach_ <= data_reaches_) return;
    const Result<FileStat> stat = retry_interrupted([&] { return job_.files.stat(job_.out); });
    Done ok;
    if (!stat) {
      ok = fail(stat.error());
    } else if (stat->size < holes_reach_) {
      ok = retry_interrupted([&] { return job_.files.truncate(job_.out, holes_reach_); });
    }
    if (!ok && !outcome_.error) outcome_.error = ok.error();
  }

  DataJob& job_;
  std::optional<ExtentMap> extents_;
  bool asked_cached_ = false;
  DigestTap* tap_ = nullptr;  // of the plan that runs
  DataOutcome outcome_;
  // Where what is in place ends: what was written, and what may be a hole there.
  uint64_t data_reaches_ = 0;
  uint64_t holes_reach_ = 0;
  uint64_t grown_to_ = 0;  // the size that it got first
  uint64_t planned_end_ = 0;
  uint64_t source_end_ = UINT64_MAX;  // once it is known to be earlier than the ranges say
};

}  // namespace

DataOutcome copy_data(DataJob& job) { return DataCopy(job).run(); }

Result<Plan> plan_data(DataJob& job) { return DataCopy(job).plan_next(); }

}  // namespace libcopyfile
