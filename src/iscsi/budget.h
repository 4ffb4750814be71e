// How much memory of command data peers make us hold, at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace libcopyfile::iscsi {

// Of a session, with that of all sessions behind it. One thread.
class Budget {
 public:
  explicit Budget(uint64_t limit, std::shared_ptr<Budget> parent = nullptr)
      : limit_(limit), parent_(std::move(parent)) {}

  // False where it would be too much.
  bool take(uint64_t bytes) {
    if (bytes > limit_ || used_ > limit_ - bytes) return false;
    if (parent_ != nullptr && !parent_->take(bytes)) return false;
    used_ += bytes;
    return true;
  }
  // Whether half of it, and of all those behind it, is free with so much more in use.
  bool half_free(uint64_t bytes) const {
    return used_ + bytes <= limit_ / 2 && (parent_ == nullptr || parent_->half_free(bytes));
  }
  void give(uint64_t bytes) {
    used_ -= bytes;
    freed_ = true;
    if (parent_ != nullptr) parent_->give(bytes);
  }
  uint64_t used() const { return used_; }
  // Whether something was given back since it was asked last.
  bool freed() { return std::exchange(freed_, false); }

 private:
  const uint64_t limit_;
  uint64_t used_ = 0;
  bool freed_ = false;
  std::shared_ptr<Budget> parent_;
};

// A part of a budget, given back at the end of its life.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  Lease& operator=(Lease&& other) noexcept {
    reset();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { reset(); }

  // In place of what it had. False, and it has nothing, where it would be too much.
  bool take(const std::shared_ptr<Budget>& budget, uint64_t bytes) {
    reset();
    if (!budget->take(bytes)) return false;
    budget_ = budget;
    bytes_ = bytes;
    return true;
  }
  void reset() {
    if (budget_ != nullptr && bytes_ > 0) budget_->give(bytes_);
    budget_.reset();
    bytes_ = 0;
  }

 private:
  std::shared_ptr<Budget> budget_;
  uint64_t bytes_ = 0;
};

}  // namespace libcopyfile::iscsi
