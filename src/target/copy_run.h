// The bytes of one copy command on their way: in pieces, each under the locks of its ranges, counted, and stopped when asked.
#pragma once

#include <limits>

#include "target/operations.h"
#include "target/rod.h"

namespace libcopyfile::target {

// Where bytes come from.
struct CopySource {
  Image& image;
  RangeLocks* locks = nullptr;  // null: nobody writes to the image
  const Rod* rod = nullptr;     // its bytes are this one's, as long as it is not revoked
};

// One thread.
class CopyRun {
 public:
  // `aborted`: of the task, while there is one.
  CopyRun(Operation& operation, const std::atomic<bool>* aborted)
      : operation_(operation), aborted_(aborted), end_(std::numeric_limits<double>::infinity()) {}

  bool stopped() const { return operation_.stopped() || (aborted_ != nullptr && *aborted_); }
  // From now on it has so many seconds.
  void give(double seconds);

  // Errors: those of Image::copy_from; ECANCELED where it was stopped, ETIME where its time was over, ESTALE where the rod was
  // revoked.
  Done copy(const CopySource& from, uint64_t from_offset, LogicalUnit& to, Range destination);
  // Into an image that nobody else knows.
  Done copy_aside(Image& from, uint64_t from_offset, Image& to, Range destination);
  Done zero(LogicalUnit& to, Range range);
  // What was written is on stable storage where the unit promises that (WCE of the caching mode page).
  static Done finish(LogicalUnit& to);

  // So many of the bytes that were asked for are in place, from the first one on. Of a piece that failed some are, too, but which ones
  // is not known: the engine shares what can be shared first.
  uint64_t in_place() const { return in_place_; }

 private:
  Done may_go_on() const;
  bool late() const;
  Range first_piece(Range range) const;
  Done copy_piece(const CopySource& from, uint64_t from_offset, LogicalUnit& to, Range piece);
  Done transfer(Image& from, uint64_t from_offset, Image& to, Range piece);
  void adapt(const CopyAccount& account, uint64_t length, double seconds);

  Operation& operation_;
  const std::atomic<bool>* aborted_;
  uint64_t in_place_ = 0;
  uint64_t piece_ = uint64_t{16} << 20;
  double end_;  // of its time, as monotonic_seconds()
};

// What an initiator is told: 7/27/07 for want of space. Else the copy manager's A/0D/01, with the sense data of the unit that failed.
wire::Sense copy_failure(const Error& error);

}  // namespace libcopyfile::target
