#include "engine/range_job.h"

#include <algorithm>

#include "facts/read_facts.h"
#include "facts/read_unit_facts.h"
#include "plan/validate.h"
#include "sys/devices.h"

namespace libcopyfile {
namespace {

bool usable(FileType kind, bool streams) {
  return kind == FileType::regular || kind == FileType::block_device ||
         (streams && kind == FileType::stream);
}

// Errors in the order in which copy_file_range(2) finds them.
Done check_sides(const SideFacts& in, const SideFacts& out, bool streams) {
  const bool appends = out.append_only_writes && out.kind != FileType::stream;
  if (!in.readable || !out.writable || appends) {
    return fail(in.kind == FileType::directory || out.kind == FileType::directory ? EISDIR : EBADF,
                Op::validate);
  }
  if (in.kind == FileType::directory || out.kind == FileType::directory) {
    return fail(EISDIR, Op::validate);
  }
  if (!usable(in.kind, streams) || !usable(out.kind, streams)) return fail(EINVAL, Op::validate);
  return {};
}

Done find_facts(Files& files, const RangeJob& job, Detail detail, RangeReport& report) {
  Result<SideFacts> in = read_side(files, job.in, job.ours, detail);
  if (!in) return fail(in.error());
  Result<SideFacts> out = read_side(files, job.out, job.ours, detail);
  if (!out) return fail(out.error());
  if (Done ok = check_sides(*in, *out, job.streams); !ok) return ok;
  report.facts = join_sides(std::move(*in), std::move(*out), false, detail);
  ask_servers(files, job.in, job.out, report.facts);
  // Their descriptors are opened once more to claim them, which is not done to a caller's.
  if (job.ours && detail == Detail::full) {
    read_unit_facts(files, job.in, job.out, job.out_claimed, report.facts);
  }
  return {};
}

Result<PlanRequest> prepare(Files& files, Learned* learned, const RangeJob& job,
                            RangeReport& report) {
  const bool full = job.keep_plans || needs_full_facts(job.ranges, job.data);
  if (Done ok = find_facts(files, job, full ? Detail::full : Detail::brief, report); !ok) {
    return fail(ok.error());
  }
  if (!full && report.facts.same_file) {
    // The end of the source moves when a range lands behind it: where it was must be known before.
    if (Done ok = find_facts(files, job, Detail::full, report); !ok) return fail(ok.error());
  }
  if (learned != nullptr) learned->recall(report.facts);
  PlanRequest request;
  request.options = job.data;
  request.ranges_asked = job.ranges.size();
  Result<std::vector<CopyRange>> ranges = validate_ranges(job.ranges, report.facts.same_file);
  if (!ranges) return fail(ranges.error());
  request.ranges = std::move(*ranges);
  report.size = total_length(request.ranges);
  return request;
}

// What there is to do, for display; 0: nobody knows. Ranges may be asked for to the end, wherever that is.
uint64_t expected(const SideFacts& in, std::span<const CopyRange> ranges) {
  if (in.kind == FileType::stream) return 0;
  uint64_t total = 0;
  for (const CopyRange& range : ranges) {
    total += std::min(range.length, in.size - std::min(in.size, range.in));
  }
  return total;
}

}  // namespace

Result<Fd> claim_device(Files& files, const Fd& out) {
  if (files.devices() == nullptr) return Fd();
  Result<Fd> claimed = files.devices()->claim(out.get(), true);
  if (!claimed && claimed.error().code != EBUSY) return Fd();
  return claimed;
}

Done copy_ranges(Files& files, const Catalogue& catalogue, Learned* learned, const RangeJob& job,
                 RangeReport& report) {
  Result<PlanRequest> request = prepare(files, learned, job, report);
  if (!request) {
    report.data.error = request.error();
    return fail(request.error());
  }
  JobControl control(job.control, expected(report.facts.in, request->ranges));
  DataJob data{files,   catalogue, job.in,        job.out, report.facts, std::move(*request),
               learned, control,   job.keep_plans};
  report.data = copy_data(data);
  report.facts = data.facts;
  if (report.data.error) return fail(*report.data.error);
  if (report.data.cancelled) {
    report.data.error = Error{ECANCELED, Op::progress, {}, {}};
    return fail(*report.data.error);
  }
  return {};
}

Result<Plan> plan_ranges(Files& files, const Catalogue& catalogue, Learned* learned,
                         const RangeJob& job, RangeReport& report) {
  Result<PlanRequest> request = prepare(files, learned, job, report);
  if (!request) return fail(request.error());
  JobControl control(job.control, report.size);
  DataJob data{files,   catalogue, job.in, job.out, report.facts, std::move(*request),
               learned, control,   false};
  return plan_data(data);
}

}  // namespace libcopyfile
