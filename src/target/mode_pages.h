// Mode parameters of a logical unit (SPC-4 7.5, SBC-3 6.5): what MODE SENSE shows of it and MODE SELECT may change. One set for all
// nexuses; not kept over a restart.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "wire/sense.h"

namespace libcopyfile::target {

inline constexpr uint8_t kAllPages = 0x3f;
inline constexpr uint8_t kAllSubpages = 0xff;

// Any thread at any time.
class ModePages {
 public:
  // PC of MODE SENSE. Values are those of the field; 3 (saved) is refused before it comes here.
  enum class Values : uint8_t { current = 0, changeable = 1, defaults = 2 };

  explicit ModePages(bool write_cache);

  bool write_cache() const {
    return write_cache_;
  }  // WCE: an answer may come before the data is stable
  bool descriptor_sense() const { return descriptor_sense_; }  // D_SENSE
  bool write_protected() const { return write_protected_; }    // SWP

  // The pages that `page` (or kAllPages) and `subpage` stand for, one behind the other; nothing where there is none.
  std::optional<wire::Bytes> sense(uint8_t page, uint8_t subpage, Values values) const;
  // Takes over all the pages in `list`, or none of them. `offset`: where `list` begins in the parameter data, for the field pointer.
  // Whether something is different now.
  wire::Decoded<bool> select(wire::View list, size_t offset);
  // A logical unit reset: the defaults again.
  void reset();

 private:
  struct Switches {
    bool write_cache = true, descriptor_sense = false, write_protected = false;
    bool operator==(const Switches&) const = default;
  };
  Switches switches() const { return {write_cache_, descriptor_sense_, write_protected_}; }
  void set(const Switches& to);
  static wire::Bytes page(uint8_t code, const Switches& switches);

  const bool default_write_cache_;
  mutable std::mutex mutex_;  // of changes as a whole; each switch alone is read without it
  std::atomic<bool> write_cache_, descriptor_sense_{false}, write_protected_{false};
};

}  // namespace libcopyfile::target
