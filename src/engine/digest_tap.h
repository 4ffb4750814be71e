// The digest of a file, computed while its bytes are copied.
#pragma once

#include "mechanism/tap.h"
#include "plan/plan.h"
#include "verify/in_order_hasher.h"

namespace libcopyfile {

class DigestTap final : public Tap {
 public:
  explicit DigestTap(Hasher hasher) : hasher_(std::move(hasher)) {}

  // Whether the steps of `plan` show every byte from where it stands on, or say that it is zero, and in order: then they are to be
  // given this tap. Holes are never read. What is cloned, or copied by somebody else, is not seen: the copy is read afterwards.
  bool follow(const Plan& plan);
  void enter() override { hasher_.enter(); }
  void leave() override { hasher_.leave(); }
  void pass(uint64_t offset, std::span<const std::byte> data,
            const std::function<bool()>& go_on) override {
    // Where it fails, a byte is missing in the end.
    (void)hasher_.add(offset, data, go_on);
  }

  // Of a file of `size` bytes, if they have all been seen.
  Result<std::optional<Digest>> finish(uint64_t size, const std::function<bool()>& go_on) {
    return hasher_.finish(size, go_on);
  }

 private:
  InOrderHasher hasher_;
  uint64_t planned_to_ = 0;
};

}  // namespace libcopyfile
