#include "engine/overwrite.h"

#include "engine/range_job.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// The directory part of the path is open where there is out_parent.
std::string path_of(const FileJob& job) {
  if (job.out_parent < 0) return job.out_path;
  const size_t slash = job.out_path.rfind('/');
  return slash == std::string::npos ? job.out_path : job.out_path.substr(slash + 1);
}

Error at(Error e, const std::string& where) {
  e.where = where;
  return e;
}

Done copy_bytes(const System& system, const Catalogue& catalogue, Learned* learned,
                const FileJob& job, int in, const FileStat& source, int out, const FileStat& there,
                bool out_claimed, FileReport& report) {
  if (there.type == FileType::regular && there.size > 0) {
    const Done ok = retry_interrupted([&] { return system.files.truncate(out, 0); });
    if (!ok) return fail(at(ok.error(), job.out_path));
  }
  const bool sized = source.type == FileType::regular && source.size > 0;
  const CopyRange whole{0, 0, sized ? source.size : kMaxOffset};
  RangeJob ranges;
  ranges.in = in;
  ranges.out = out;
  ranges.ours = ranges.streams = true;
  ranges.out_claimed = out_claimed;
  ranges.ranges = {&whole, 1};
  ranges.data = job.data;
  ranges.control = job.control;
  ranges.keep_plans = job.keep_plans;
  RangeReport moved;
  const Done ok = copy_ranges(system.files, catalogue, learned, ranges, moved);
  report.facts = std::move(moved.facts);
  report.data = std::move(moved.data);
  report.size = report.data.copied;
  if (ok && report.data.cancelled) return fail(ECANCELED, Op::progress, job.out_path);
  if (ok) return {};
  const Op op = ok.error().op;
  const bool reading = op == Op::read || op == Op::seek || op == Op::map_extents;
  return fail(at(ok.error(), reading ? job.in_path : job.out_path));
}

}  // namespace

Done overwrite_file(const System& system, const Catalogue& catalogue, Learned* learned,
                    const FileJob& job, FileReport& report) {
  if (job.check.algorithm() != Algorithm::none) return fail(EOPNOTSUPP, Op::verify, job.out_path);
  Fd opened;
  int in = job.in_file;
  if (in < 0) {
    Result<Fd> fd = system.names.open(job.in_dir, job.in_path,
                                      job.follow_in ? Open::read : Open::read_no_follow);
    if (!fd) return fail(at(fd.error(), job.in_path));
    opened = std::move(*fd);
    in = opened.get();
  }
  const Result<FileStat> source = system.files.stat(in);
  if (!source) return fail(at(source.error(), job.in_path));
  const int dir = job.out_parent >= 0 ? job.out_parent : job.out_dir;
  Result<Fd> out = system.names.open(dir, path_of(job), Open::write);
  if (!out) return fail(out.error().code, Op::open, job.out_path);
  const Result<FileStat> there = system.files.stat(out->get());
  if (!there) return fail(at(there.error(), job.out_path));
  bool claimed = false;
  if (there->type == FileType::block_device) {
    Result<Fd> ours = claim_device(system.files, *out);
    if (!ours) return fail(ours.error().code, Op::open, job.out_path);
    claimed = ours->valid();
    if (claimed) out = std::move(ours);
  }
  if (there->inode == source->inode && there->device == source->device) {
    return fail(EINVAL, Op::create, job.out_path);
  }
  MetadataTransfer metadata(system.attributes,
                            {job.required, job.wanted, job.creation_mask, job.new_mode});
  const bool regular = there->type == FileType::regular;
  if (regular) {
    metadata.read_replaced(out->get(), *there);
    if (Done ok = metadata.read_source(in, *source); !ok) return fail(at(ok.error(), job.in_path));
  }
  if (Done ok = copy_bytes(system, catalogue, learned, job, in, *source, out->get(), *there,
                           claimed, report);
      !ok) {
    return ok;
  }
  if (regular && (job.required | job.wanted) != 0) {
    Done ok = metadata.before_data(out->get(), *there);
    if (ok) ok = metadata.after_data(out->get());
    report.losses = metadata.losses();
    for (const Loss& loss : report.losses) report.not_preserved |= loss.metadata_class;
    if (!ok) return fail(at(ok.error(), job.out_path));
  }
  if (job.durability != Durability::none && (regular || there->type == FileType::block_device)) {
    const Done ok = retry_interrupted([&] { return system.files.sync(out->get(), Sync::all); });
    if (!ok) return fail(at(ok.error(), job.out_path));
    report.synced_by = SyncedBy::file;
    report.reached = job.durability;
  }
  report.published = true;
  return {};
}

}  // namespace libcopyfile
