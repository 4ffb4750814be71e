// What a connection has yet to send. Small things are copied together, data of commands stay where they are until they are sent.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "wire/bytes.h"

namespace libcopyfile::iscsi {

class OutQueue {
 public:
  void copy(wire::View bytes);
  // `owner` keeps `bytes` alive, and is released when they were sent.
  void refer(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner);

  bool empty() const { return pieces_.empty(); }
  // All that is to be sent, and what of it was copied.
  size_t bytes() const { return bytes_; }
  size_t copied() const { return copied_; }
  // The first pieces, as many as fit; how many.
  size_t gather(std::span<std::span<const uint8_t>> into) const;
  void sent(size_t bytes);

 private:
  struct Piece {
    wire::Bytes own;
    std::span<const uint8_t> other;
    std::shared_ptr<const void> owner;
    size_t at = 0;  // sent so far

    std::span<const uint8_t> rest() const {
      return (owner != nullptr ? other : std::span<const uint8_t>(own)).subspan(at);
    }
  };

  std::deque<Piece> pieces_;
  wire::Bytes spare_;  // memory for the next small things
  size_t bytes_ = 0, copied_ = 0;
};

}  // namespace libcopyfile::iscsi
