#include "engine/data_copy.h"

#include <algorithm>

#include "extents/read_extents.h"
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
      const bool again = run_plan(*plan);
      if (job_.keep_plans) outcome_.plans.push_back(std::move(*plan));
      if (!again) break;
      job_.request.ranges = outcome_.done.missing(asked);
      job_.request.whole_file = false;
    }
    if (!job_.control.finish()) outcome_.cancelled = true;
    return std::move(outcome_);
  }

 private:
  Result<ExtentMap> read_map() {
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
    const ExtentQuery query{job_.in, job_.facts.in.ours, job_.facts.in.size};
    return read_extents(job_.files, query, sources);
  }

  // True if something declined and the rest is to be planned again.
  bool run_plan(const Plan& plan) {
    if (Done ok = prepare(plan); !ok) {
      outcome_.error = ok.error();
      return false;
    }
    for (const Step& step : plan.steps) {
      Pair pair{job_.files, job_.in, job_.out, job_.facts, job_.control, step.manner};
      const Mechanism& mechanism = job_.catalogue.at(step.mechanism);
      job_.control.set_limited(step.moves_data);
      const Moved moved = checked(mechanism.move(pair, step.ranges), step);
      record(step, moved);
      switch (moved.stop) {
        case Stop::complete: break;
        case Stop::end_of_source:
          outcome_.end_of_source = true;
          // Only now is it known where the copy of an endless request ends; it may end in a hole.
          if (plan.out_size == 0) extend_to(step.ranges.front().out + moved.bytes);
          return false;
        case Stop::cancelled: outcome_.cancelled = true; return false;
        case Stop::failed: outcome_.error = moved.error; return false;
        case Stop::declined: return decline(step, moved);
      }
    }
    outcome_.end_of_source = plan.short_source;
    return finish(plan);
  }

  // The contract is held here, in the one caller, not in each mechanism.
  static Moved checked(Moved moved, const Step& step) {
    const uint64_t asked = total_length(step.ranges);
    const bool bad =
        moved.bytes > asked || (moved.stop == Stop::complete && moved.bytes != asked) ||
        ((moved.stop == Stop::failed || moved.stop == Stop::declined) && moved.error.code == 0);
    if (!bad) return moved;
    Moved broken;
    broken.stop = Stop::failed;
    broken.error = Error{EPROTO, Op::none, std::string(name_of(step.mechanism)), {}};
    return broken;
  }

  void record(const Step& step, const Moved& moved) {
    uint64_t left = moved.bytes;
    for (const CopyRange& r : step.ranges) {
      if (left == 0) break;
      const CopyRange part = r.part(0, left);
      outcome_.done.add(part.destination());
      left -= part.length;
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

  // A new file gets its size first where that helps: XFS then preallocates nothing behind its end, and direct writes of
  // several chunks at once need not extend the file one after the other.
  Done prepare(const Plan& plan) {
    if (!job_.facts.out_is_new || job_.facts.out.kind != FileType::regular) return {};
    const bool helps = std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& s) {
      return s.mechanism == MechanismId::zero || s.mechanism == MechanismId::direct;
    });
    if (!helps || plan.out_size == 0) return {};
    return retry_interrupted([&] { return job_.files.truncate(job_.out, plan.out_size); });
  }

  // A destination that ends in a hole is not yet as long as it must be.
  bool finish(const Plan& plan) {
    if (job_.facts.out.kind != FileType::regular) return false;
    uint64_t written_to = 0;
    bool holes = false;
    for (const Step& step : plan.steps) {
      if (step.mechanism == MechanismId::zero || step.manner.detect_zeros > 0) {
        holes = true;
      } else {
        const CopyRange& last = step.ranges.back();
        written_to = std::max(written_to, last.out + last.length);
      }
    }
    if (holes && written_to < plan.out_size) extend_to(plan.out_size);
    return false;
  }

  void extend_to(uint64_t size) {
    if (job_.facts.out.kind != FileType::regular) return;
    const Result<FileStat> stat = job_.files.stat(job_.out);
    if (!stat) {
      outcome_.error = stat.error();
    } else if (stat->size < size) {
      const Done ok = retry_interrupted([&] { return job_.files.truncate(job_.out, size); });
      if (!ok) outcome_.error = ok.error();
    }
  }

  DataJob& job_;
  std::optional<ExtentMap> extents_;
  DataOutcome outcome_;
};

}  // namespace

DataOutcome copy_data(DataJob& job) { return DataCopy(job).run(); }

Result<Plan> plan_data(DataJob& job) { return DataCopy(job).plan_next(); }

}  // namespace libcopyfile
