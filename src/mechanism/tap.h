// Who sees the bytes of the source as they pass through memory. What hides behind it (a digest) is no mechanism's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace libcopyfile {

// Several workers at once. Each brings what it has taken before it takes more, and what they take is in the order of the source.
class Tap {
 public:
  virtual ~Tap() = default;
  // A worker begins; and it brings nothing more, so that nobody is to wait for it.
  virtual void enter() = 0;
  virtual void leave() = 0;
  // The source holds `data` at `offset`. May wait until others have brought what lies before it. `go_on` is asked now and then
  // where it takes long; false: nobody wants the rest.
  virtual void pass(uint64_t offset, std::span<const std::byte> data,
                    const std::function<bool()>& go_on) = 0;
};

// For the time that a worker works, however it ends.
class TapUser {
 public:
  explicit TapUser(Tap* tap) : tap_(tap) {
    if (tap_ != nullptr) tap_->enter();
  }
  ~TapUser() {
    if (tap_ != nullptr) tap_->leave();
  }
  TapUser(const TapUser&) = delete;
  TapUser& operator=(const TapUser&) = delete;

 private:
  Tap* tap_;
};

}  // namespace libcopyfile
