// Copies between images: by the engine, a piece at a time.
#include <algorithm>

#include "engine/range_job.h"
#include "plan/cost.h"
#include "sys/attributes.h"
#include "sys/transfer.h"
#include "target/copy_pieces.h"
#include "target/image_file.h"

namespace libcopyfile::target {
namespace {

constexpr uint64_t kPieceByHand = uint64_t{1} << 20;

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

// Tells of each clone at once.
class ToldOfEach final : public Control {
 public:
  explicit ToldOfEach(const CopyProgress& progress) : progress_(progress) {}
  bool moved(uint64_t bytes) override { return !progress_ || progress_(bytes); }
  uint64_t chunk() const override { return 2 * kCopyPiece; }

 private:
  const CopyProgress& progress_;
};

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
    // One that is aborted goes on to the end of its piece, and I/O of the same file waits for a clone of one.
    const CopyRange piece =
        range.part(done, first_piece_of_copy(offset + done, length - done, kCopyPiece));
    const Moved shared = share_piece(*file, piece, progress, account);
    if (shared.stop == Stop::cancelled) return fail(ECANCELED, Op::progress);
    if (shared.stop == Stop::failed) return fail(shared.error);
    if (shared.bytes < piece.length) {
      const CopyRange rest = piece.part(shared.bytes, piece.length - shared.bytes);
      if (Done ok = copy_piece(*file, rest, progress, account); !ok) return ok;
    }
    done += piece.length;
  }
  return settle({});
}

// What a clone needs to know of the two files was found out when they were opened. The engine, which asks for it again and plans,
// takes fifteen calls of the kernel for each piece, and initiators send pieces of a MiB or two. It gets what is declined here.
Moved ImageFile::share_piece(ImageFile& from, const CopyRange& piece, const CopyProgress& progress,
                             CopyAccount& account) {
  Moved none;
  none.stop = Stop::declined;
  const ImageInfo& ours = info();
  const ImageInfo& theirs = from.info();
  const uint64_t block = ours.granularity;
  const bool possible = ours.can_share && theirs.can_share &&
                        ours.file_system == theirs.file_system && block == theirs.granularity;
  const bool aligned = piece.in % block == 0 && piece.out % block == 0 && piece.length % block == 0;
  if (!possible || !aligned || piece.length < cost::kSmallestClone) return none;
  // fs-verity checks what is read, not what is shared; an image may have got it since it was opened.
  const Result<FileStat> stat =
      retry_interrupted([&] { return files().stat(from.parts_.file.get()); });
  if (!stat || (stat->attributes & kStatVerity) != 0) return none;
  Facts facts;
  facts.in.ours = true;
  facts.clone_alignment = block;
  ToldOfEach control(progress);
  Pair pair{files(), from.parts_.file.get(), parts_.file.get(), facts, control, {}};
  Moved moved = system_->catalogue.at(MechanismId::reflink).move(pair, {&piece, 1});
  account.shared += moved.bytes;
  if (moved.bytes > 0) {
    account.mechanism = name_of(MechanismId::reflink);
    account.reason.clear();
  }
  return moved;
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
