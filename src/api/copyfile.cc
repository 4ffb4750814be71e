// The C interface: decodes and validates what comes from outside, calls the engine, maps errors to errno. Nothing else.
#include <copyfile/copyfile.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "api/boundary.h"
#include "api/convert.h"
#include "engine/copy_job.h"
#include "engine/range_job.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"

namespace libcopyfile {
namespace {

ssize_t run_ranges(int out_fd, int in_fd, std::span<const CopyRange> ranges, unsigned flags,
                   RangeReport& report) {
  const Result<DataOptions> options = data_options(flags, kRangeFlags);
  if (!options) return fail_with(options.error().code);
  KernelFiles files;
  const Catalogue catalogue;
  RangeJob job;
  job.in = in_fd;
  job.out = out_fd;
  job.ranges = ranges;
  job.data = *options;
  const Done ok = copy_ranges(files, catalogue, nullptr, job, report);
  if (!ok && report.data.copied == 0) return fail_with(ok.error().code);
  return 0;
}

// The part of `range` that is in place without a gap from its first byte on.
uint64_t copied_of(const RangeSet& done, const CopyRange& range) {
  return std::min(range.length, done.end_of_run(range.out) - range.out);
}

}  // namespace
}  // namespace libcopyfile

using namespace libcopyfile;

ssize_t copyfile(int out_fd, int in_fd, off_t in_offset, off_t out_offset, size_t count,
                 unsigned int flags) {
  return at_boundary([&]() -> ssize_t {
    if (in_offset < 0 || out_offset < 0) return fail_with(EINVAL);
    const CopyRange range{static_cast<uint64_t>(in_offset), static_cast<uint64_t>(out_offset),
                          count};
    RangeReport report;
    if (run_ranges(out_fd, in_fd, {&range, 1}, flags, report) < 0) return -1;
    if (count == 0) return 0;
    const auto copied = static_cast<ssize_t>(copied_of(report.data.done, range));
    if (copied == 0 && report.data.error) return fail_with(report.data.error->code);
    return copied;
  });
}

ssize_t copyfilev(int out_fd, int in_fd, struct copyfile_range* ranges, size_t count,
                  unsigned int flags) {
  return at_boundary([&]() -> ssize_t {
    if (ranges == nullptr && count > 0) return fail_with(EFAULT);
    const std::span<copyfile_range> all(ranges, count);
    std::vector<CopyRange> wanted;
    wanted.reserve(count);
    for (copyfile_range& r : all) {
      r.copied = 0;
      wanted.push_back({r.in_offset, r.out_offset, r.length});
    }
    RangeReport report;
    if (run_ranges(out_fd, in_fd, wanted, flags, report) < 0) return -1;
    ssize_t total = 0;
    for (size_t i = 0; i < count; ++i) {
      if (wanted[i].length == 0) continue;
      all[i].copied = copied_of(report.data.done, wanted[i]);
      total += static_cast<ssize_t>(all[i].copied);
    }
    if (total == 0 && report.data.error) return fail_with(report.data.error->code);
    return total;
  });
}

int copyfileat(int in_dirfd, const char* in_path, int out_dirfd, const char* out_path,
               const struct copyfile_how* how, size_t how_size, struct copyfile_report* report,
               size_t report_size) {
  return static_cast<int>(at_boundary([&]() -> ssize_t {
    if (in_path == nullptr || out_path == nullptr) return fail_with(EFAULT);
    if (report != nullptr) std::memset(report, 0, report_size);
    Result<FileJob> job = file_job(how, how_size);
    if (!job) return fail_with(job.error().code);
    job->in_dir = in_dirfd;
    job->in_path = in_path;
    job->out_dir = out_dirfd;
    job->out_path = out_path;
    KernelFiles files;
    KernelNames names;
    KernelAttributes attributes;
    const Catalogue catalogue;
    FileReport result;
    const Done ok = copy_file({files, names, attributes}, catalogue, nullptr, *job, result);
    tell_losses(result, how, how_size);
    if (report != nullptr) fill_report(result, report, report_size);
    if (!ok) return fail_with(ok.error().code);
    return 0;
  }));
}

const char* copyfile_version(void) { return COPYFILE_VERSION; }
