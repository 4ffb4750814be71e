#include "target/copy_run.h"

#include <algorithm>

#include "sys/system_info.h"
#include "target/command.h"
#include "target/copy_pieces.h"
#include "target/mode_pages.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

// I/O of the same ranges waits for a piece, and so does an abort. Clones are so fast that larger ones are no burden.
constexpr uint64_t kSmallestPiece = uint64_t{1} << 20;
// Where time is short, one is to be in place in any case.
constexpr uint64_t kFirstInTime = uint64_t{4} << 20;
constexpr uint64_t kLargestPiece = uint64_t{1} << 30;
constexpr double kFastSeconds = 0.02;
constexpr double kSlowSeconds = 0.25;

}  // namespace

void CopyRun::give(double seconds) {
  end_ = monotonic_seconds() + seconds;
  piece_ = std::min(piece_, kFirstInTime);
}

bool CopyRun::late() const { return monotonic_seconds() >= end_; }

Done CopyRun::may_go_on() const {
  if (stopped()) return fail(ECANCELED, Op::progress);
  if (late()) return fail(ETIME, Op::progress);
  return {};
}

Range CopyRun::first_piece(Range range) const {
  return {range.begin, range.begin + first_piece_of_copy(range.begin, range.length(), piece_)};
}

Done CopyRun::copy(const CopySource& from, uint64_t from_offset, LogicalUnit& to,
                   Range destination) {
  while (!destination.empty()) {
    const Range piece = first_piece(destination);
    const uint64_t length = piece.length();
    if (Done ok = copy_piece(from, from_offset, to, piece); !ok) return ok;
    from_offset += length;
    destination.begin += length;
  }
  return {};
}

Done CopyRun::copy_piece(const CopySource& from, uint64_t from_offset, LogicalUnit& to,
                         Range piece) {
  if (Done ok = may_go_on(); !ok) return ok;
  CopyHold both;
  RangeLocks::Hold one;
  if (from.locks != nullptr) {
    const Range source{from_offset, from_offset + piece.length()};
    both = acquire_for_copy(*from.locks, source, to.locks(), piece);
  } else {
    one = to.locks().acquire(piece, RangeLocks::Mode::exclusive);
  }
  to.about_to_write(piece);
  // Looked at under the lock of the source: whoever writes to it has said so before.
  if (from.rod != nullptr && from.rod->revoked()) return fail(ESTALE, Op::read);
  return transfer(from.image, from_offset, to.image(), piece);
}

Done CopyRun::copy_aside(Image& from, uint64_t from_offset, Image& to, Range destination) {
  while (!destination.empty()) {
    if (Done ok = may_go_on(); !ok) return ok;
    const Range piece = first_piece(destination);
    const uint64_t length = piece.length();
    if (Done ok = transfer(from, from_offset, to, piece); !ok) return ok;
    from_offset += length;
    destination.begin += length;
  }
  return {};
}

Done CopyRun::transfer(Image& from, uint64_t from_offset, Image& to, Range piece) {
  CopyAccount account;
  const double began = monotonic_seconds();
  const auto progress = [&](uint64_t bytes) {
    operation_.progress(bytes);
    return !stopped() && !late();
  };
  Done done = to.copy_from(from, from_offset, piece.begin, piece.length(), progress, account);
  if (done) in_place_ += piece.length();
  operation_.settle(in_place_);
  operation_.add(account);
  adapt(account, piece.length(), monotonic_seconds() - began);
  if (!done && done.error().code == ECANCELED) {
    if (Done ok = may_go_on(); !ok) return ok;
  }
  return done;
}

void CopyRun::adapt(const CopyAccount& account, uint64_t length, double seconds) {
  // A short piece says nothing.
  if (length < std::min(piece_, kCopyPiece) / 2) return;
  const bool shared = account.shared == length;
  if (shared && seconds < kFastSeconds) {
    piece_ = std::min(piece_ * 2, kLargestPiece);
  } else if (seconds > kSlowSeconds) {
    piece_ = std::max(std::min(piece_, kCopyPiece) / 2, kSmallestPiece);
  } else {
    piece_ = std::min(piece_ * 2, kCopyPiece);
  }
}

Done CopyRun::zero(LogicalUnit& to, Range range) {
  while (!range.empty()) {
    if (Done ok = may_go_on(); !ok) return ok;
    const Range piece{range.begin, range.begin + std::min(kCopyPiece, range.length())};
    const auto hold = to.locks().acquire(piece, RangeLocks::Mode::exclusive);
    to.about_to_write(piece);
    if (Done ok = to.image().zero(piece, to.options().thin); !ok) return ok;
    CopyAccount account;
    account.zeroed = piece.length();
    account.mechanism = "zero";
    in_place_ += piece.length();
    operation_.settle(in_place_);
    operation_.add(account);
    range.begin = piece.end;
  }
  return {};
}

Done CopyRun::finish(LogicalUnit& to) {
  if (to.mode().write_cache()) return {};
  return to.image().flush();
}

wire::Sense copy_failure(const Error& error) {
  const wire::Sense inner = sense_of(error);
  if (inner.code == wire::codes::kNoSpace) return inner;
  wire::Sense sense = wire::refusal(wire::codes::kThirdPartyFailure);
  using From = wire::ForwardedSense::From;
  const From from = error.op == Op::read ? From::source : From::destination;
  sense.forwarded.push_back(
      {from, static_cast<uint8_t>(Status::check_condition), wire::encode_fixed_sense(inner)});
  return sense;
}

}  // namespace libcopyfile::target
