// What a token stands for (SPC-4 5.16.6: a representation of data, ROD).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "target/logical_unit.h"
#include "wire/rod_token.h"

namespace libcopyfile::target {

// Bytes of an image, in an order of their own. Never changes, but that it may be revoked. Any thread.
class Rod final : public WriteWatcher {
 public:
  // `parts`: where its bytes are in `image`. A point in time has an image of its own, which nobody writes to; else `image` is that of
  // the unit, and the rod ends when one of the parts is written to.
  Rod(wire::RodType type, const std::shared_ptr<LogicalUnit>& source, std::shared_ptr<Image> image,
      std::vector<Range> parts);

  wire::RodType type() const { return type_; }
  uint64_t length() const { return length_; }  // bytes
  uint32_t block_length() const { return block_length_; }
  bool point_in_time() const { return type_ != wire::RodType::access_on_reference; }
  bool revoked() const { return revoked_; }
  void revoke() { revoked_ = true; }
  void written(Range bytes) override;

  // Null where the unit is gone.
  std::shared_ptr<LogicalUnit> source() const { return source_.lock(); }
  bool is_of(const LogicalUnit& unit) const { return source_.lock().get() == &unit; }
  Image& image() const { return *image_; }

  // Where the bytes [begin, begin + length) of it are in the image. REQUIRES that it has them.
  std::vector<Range> parts(uint64_t begin, uint64_t length) const;

 private:
  wire::RodType type_;
  std::weak_ptr<LogicalUnit> source_;  // a token does not keep a unit that the operator takes away
  std::shared_ptr<Image> image_;
  std::vector<Range> parts_;
  uint64_t length_ = 0;
  uint32_t block_length_;
  std::atomic<bool> revoked_{false};
};

}  // namespace libcopyfile::target
