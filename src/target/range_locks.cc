#include "target/range_locks.h"

namespace libcopyfile::target {

RangeLocks::Hold::Hold(Hold&& other) noexcept : locks_(other.locks_), number_(other.number_) {
  other.locks_ = nullptr;
}
RangeLocks::Hold& RangeLocks::Hold::operator=(Hold&& other) noexcept {
  std::swap(locks_, other.locks_);
  std::swap(number_, other.number_);
  return *this;
}
RangeLocks::Hold::~Hold() {
  if (locks_ != nullptr) locks_->release(number_);
}

RangeLocks::Hold RangeLocks::acquire(Range /*range*/, Mode /*mode*/) { return {}; }
RangeLocks::Hold RangeLocks::try_acquire(Range /*range*/, Mode /*mode*/) { return {}; }
void RangeLocks::release(uint64_t /*number*/) {}
CopyHold acquire_for_copy(RangeLocks& /*from*/, Range /*source*/, RangeLocks& /*to*/,
                          Range /*destination*/) {
  return {};
}

}  // namespace libcopyfile::target
