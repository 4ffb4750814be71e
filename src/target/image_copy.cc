// Copies between images: by the engine, a piece at a time.
#include <algorithm>

#include "base/buffer.h"
#include "engine/range_job.h"
#include "target/image_file.h"

namespace libcopyfile::target {
namespace {

// A copy that is aborted goes on to the end of its piece, and I/O of the same file waits for a clone of one.
constexpr uint64_t kPiece = uint64_t{64} << 20;
constexpr uint64_t kPieceByHand = uint64_t{1} << 20;

// A piece ends where the next one can begin on a block.
uint64_t piece_length(uint64_t offset, uint64_t left) {
  return std::min(left, kPiece - offset % kPiece);
}

MechanismId most_of(const DataOutcome& data) {
  const auto most = std::max_element(data.bytes_by.begin(), data.bytes_by.end());
  return static_cast<MechanismId>(most - data.bytes_by.begin());
}

// Why these bytes were not shared.
std::string why_not_shared(const RangeReport& report, const CopyRange& piece) {
  for (const Declined& declined : report.data.declined) {
    if (declined.mechanism == MechanismId::reflink) return declined.verdict.reason;
  }
  const Verdict& learned = report.facts.learned[index_of(MechanismId::reflink)];
  if (learned.can == Can::no) return learned.reason;
  const uint64_t block = report.facts.clone_alignment;
  if (piece.in % block != piece.out % block) {
    return "source and destination lie differently in the blocks of the file system";
  }
  return "less than is worth a clone";
}

void add(const RangeReport& report, const CopyRange& piece, CopyAccount& account) {
  const DataOutcome& data = report.data;
  const uint64_t shared = data.bytes_by[index_of(MechanismId::reflink)];
  const uint64_t zeroed = std::min(data.holes, data.copied - shared);
  account.shared += shared;
  account.zeroed += zeroed;
  account.moved += data.copied - shared - zeroed;
  if (data.copied == 0) return;
  const MechanismId most = most_of(data);
  account.mechanism = name_of(most);
  const bool best = most == MechanismId::reflink || most == MechanismId::zero;
  account.reason = best ? std::string() : why_not_shared(report, piece);
}

}  // namespace

Done ImageFile::copy_from(Image& from, uint64_t from_offset, uint64_t offset, uint64_t length,
                          const CopyProgress& progress, CopyAccount& account) {
  if (Done ok = check(offset, length, true); !ok) return ok;
  const std::optional<Range> source = Range::at(from_offset, length);
  if (!source || source->end > from.info().size) return fail(EINVAL, Op::read);
  const CopyRange range{from_offset, offset, length};
  auto* const file = dynamic_cast<ImageFile*>(&from);
  if (file == nullptr) return settle(copy_by_hand(from, range, progress, account));
  for (uint64_t done = 0; done < length;) {
    const CopyRange piece = range.part(done, piece_length(offset + done, length - done));
    if (Done ok = copy_piece(*file, piece, progress, account); !ok) return ok;
    done += piece.length;
  }
  return settle({});
}

Done ImageFile::copy_piece(ImageFile& from, const CopyRange& piece, const CopyProgress& progress,
                           CopyAccount& account) {
  uint64_t told = 0;
  RangeJob job;
  job.in = from.parts_.file.get();
  job.out = parts_.file.get();
  job.ours = true;
  job.ranges = {&piece, 1};
  job.data.exact = true;
  job.control.progress = [&](const Progress& now) {
    const uint64_t more = now.copied - std::min(told, now.copied);
    told += more;
    return !progress || progress(more);
  };
  RangeReport report;
  Done done = copy_ranges(files(), system_->catalogue, &system_->learned, job, report);
  add(report, piece, account);
  if (done && report.data.copied < piece.length) {
    // The source is shorter than its image was when it was opened.
    return fail(EIO, Op::read, Range{piece.in + report.data.copied, piece.in + piece.length});
  }
  return done;
}

Done ImageFile::copy_by_hand(Image& from, const CopyRange& range, const CopyProgress& progress,
                             CopyAccount& account) {
  std::vector<uint8_t> buffer(std::min(range.length, kPieceByHand));
  for (uint64_t done = 0; done < range.length;) {
    const CopyRange piece = range.part(done, kPieceByHand);
    const std::span data = std::span(buffer).first(piece.length);
    if (Done ok = from.read(piece.in, data, MayBlock::yes); !ok) return ok;
    if (Done ok = write(piece.out, data, MayBlock::yes); !ok) return ok;
    done += piece.length;
    account.moved += piece.length;
    account.mechanism = name_of(MechanismId::buffered);
    account.reason = "the source is no file";
    if (progress && !progress(piece.length)) return fail(ECANCELED, Op::progress);
  }
  return {};
}

}  // namespace libcopyfile::target
