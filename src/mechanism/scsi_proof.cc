#include "mechanism/scsi_proof.h"

#include <algorithm>

#include "mechanism/scsi_sense.h"

namespace libcopyfile {
namespace {

constexpr uint64_t kProofBytes = uint64_t{1} << 20;
// Pieces that were in place before they were copied prove nothing. Where so many of them say nothing, the rest is trusted.
constexpr int kProofs = 16;

// Takes what is in place, and does not tell before it is proven.
class Withheld final : public Control {
 public:
  explicit Withheld(Control& control) : control_(control) {}
  bool moved(uint64_t bytes) override {
    held_ += bytes;
    return true;
  }
  uint64_t chunk() const override { return control_.chunk(); }
  bool release() {
    const uint64_t bytes = std::exchange(held_, 0);
    return bytes == 0 || control_.moved(bytes);
  }

 private:
  Control& control_;
  uint64_t held_ = 0;
};

Result<wire::Bytes> read_block(UnitPair& pair, Unit unit, uint64_t offset, uint32_t block) {
  const wire::Cdb cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, offset / block, 1});
  wire::Bytes data(block);
  Attempts attempts;
  for (;;) {
    ScsiRequest request;
    request.unit = unit;
    request.cdb = cdb.view().span();
    request.in = data;
    request.timeout_ms = pair.timeout_ms;
    const Result<ScsiCompletion> completion = transact(pair.queue, request);
    if (!completion) return fail(completion.error());
    ScsiReply reply;
    reply.error = completion->error;
    reply.status = completion->status;
    reply.sense = wire::decode_sense(wire::View(completion->sense_data()));
    if (succeeded(reply) && completion->received == block) return data;
    const Judgement judgement =
        succeeded(reply) ? Judgement{SenseAction::once_more, EIO, Scope::file, "a short read"}
                         : judge(reply);
    const auto delay = attempts.again(judgement);
    if (!delay || judgement.action == SenseAction::failed) {
      return fail(Error{judgement.code, Op::verify, judgement.reason, {}});
    }
    ScsiCompletion none;
    if (const auto slept = pair.queue.reap({&none, 1}, *delay); !slept) return fail(slept.error());
  }
}

// The first and the last block of one side.
Result<wire::Bytes> ends(UnitPair& pair, Unit unit, const CopyRange& piece, uint32_t block) {
  const uint64_t begin = unit == Unit::source ? piece.in : piece.out;
  Result<wire::Bytes> first = read_block(pair, unit, begin, block);
  if (!first) return first;
  const Result<wire::Bytes> last = read_block(pair, unit, begin + piece.length - block, block);
  if (!last) return last;
  first->insert(first->end(), last->begin(), last->end());
  return first;
}

Moved failed(uint64_t bytes, const Error& error) {
  return {bytes, Stop::failed, error, Scope::file, 0};
}

struct Proof {
  Moved moved;  // of the piece; complete: it is in place and counts
  bool proven = false;
};

Proof copy_and_compare(UnitPair& pair, const ScsiRun& run, const CopyRange& piece, uint32_t block,
                       const MakeTasks& make_tasks) {
  const Result<wire::Bytes> source = ends(pair, Unit::source, piece, block);
  if (!source) return {failed(0, source.error()), false};
  const Result<wire::Bytes> before = ends(pair, Unit::destination, piece, block);
  if (!before) return {failed(0, before.error()), false};
  Withheld control(pair.control);
  const ScsiRun small{run.queue,      control,     run.watch,      run.concurrency,
                      run.timeout_ms, run.poll_ms, run.first_bytes};
  Moved moved = run_scsi_tasks(small, *make_tasks({&piece, 1}));
  if (moved.bytes < piece.length) {
    // Not all of it, and not compared: nothing of it counts.
    moved.bytes = 0;
    return {moved, false};
  }
  const Result<wire::Bytes> after = ends(pair, Unit::destination, piece, block);
  if (!after) return {failed(0, after.error()), false};
  if (*after != *source) {
    const Error error{
        EBADMSG, Op::offload, "the destination does not hold what was copied to it", {}};
    return {{0, Stop::declined, error, Scope::mounts, 0}, false};
  }
  if (!control.release()) moved.stop = Stop::cancelled;
  return {moved, *before != *source};
}

}  // namespace

Moved refused(const Verdict& verdict) {
  const Error error{verdict.code, Op::offload, verdict.reason, {}};
  return {0, Stop::declined, error, Scope::mounts, 0};
}

Moved prove_then_run(UnitPair& pair, const ScsiRun& run, std::span<const CopyRange> ranges,
                     uint64_t unit, uint32_t block, const MakeTasks& make_tasks) {
  uint64_t bytes = 0;
  std::vector<CopyRange> rest(ranges.begin(), ranges.end());
  bool proven = pair.proven;
  for (int i = 0; i < kProofs && !proven && !rest.empty(); ++i) {
    const uint64_t most = std::max(kProofBytes, unit);
    const CopyRange piece =
        rest.front().part(0, align_down(std::min(rest.front().length, most), unit));
    if (piece.length == 0) break;  // the mechanism itself says why it can't
    Proof proof = copy_and_compare(pair, run, piece, block, make_tasks);
    bytes += proof.moved.bytes;
    if (proof.moved.stop != Stop::complete) {
      proof.moved.bytes = bytes;
      return proof.moved;
    }
    proven = proof.proven;
    rest = remaining(rest, piece.length);
  }
  Moved moved = run_scsi_tasks(run, *make_tasks(rest));
  moved.bytes += bytes;
  return moved;
}

}  // namespace libcopyfile
