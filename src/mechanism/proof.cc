#include "mechanism/proof.h"

#include <algorithm>

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

// The first and the last block of one side.
Result<wire::Bytes> ends(const Proving& proving, Unit unit, const CopyRange& piece) {
  const uint64_t begin = unit == Unit::source ? piece.in : piece.out;
  Result<wire::Bytes> first = proving.read_block(unit, begin);
  if (!first) return first;
  const Result<wire::Bytes> last = proving.read_block(unit, begin + piece.length - proving.block);
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

Proof copy_and_compare(const Proving& proving, const CopyRange& piece) {
  const Result<wire::Bytes> source = ends(proving, Unit::source, piece);
  if (!source) return {failed(0, source.error()), false};
  const Result<wire::Bytes> before = ends(proving, Unit::destination, piece);
  if (!before) return {failed(0, before.error()), false};
  Withheld control(proving.control);
  Moved moved = proving.copy(control, {&piece, 1});
  if (moved.bytes < piece.length) {
    // Not all of it, and not compared: nothing of it counts.
    moved.bytes = 0;
    return {moved, false};
  }
  const Result<wire::Bytes> after = ends(proving, Unit::destination, piece);
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

Moved prove_then_copy(const Proving& proving, std::span<const CopyRange> ranges) {
  uint64_t bytes = 0;
  std::vector<CopyRange> rest(ranges.begin(), ranges.end());
  bool proven = proving.proven;
  for (int i = 0; i < kProofs && !proven && !rest.empty(); ++i) {
    const uint64_t most = std::max(kProofBytes, proving.unit);
    const CopyRange piece =
        rest.front().part(0, align_down(std::min(rest.front().length, most), proving.unit));
    if (piece.length == 0) break;  // the mechanism itself says why it can't
    Proof proof = copy_and_compare(proving, piece);
    bytes += proof.moved.bytes;
    if (proof.moved.stop != Stop::complete) {
      proof.moved.bytes = bytes;
      return proof.moved;
    }
    proven = proof.proven;
    rest = remaining(rest, piece.length);
  }
  Moved moved = proving.copy(proving.control, rest);
  moved.bytes += bytes;
  return moved;
}

}  // namespace libcopyfile
