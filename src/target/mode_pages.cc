#include "target/mode_pages.h"

#include <array>

#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

using wire::Bytes;
using wire::View;

constexpr uint8_t kErrorRecovery = 0x01, kCaching = 0x08, kControl = 0x0a, kExceptions = 0x1c;
// As they are shown: ascending, as SPC-4 wants of "all pages".
constexpr std::array kPages = {kErrorRecovery, kCaching, kControl, kExceptions};

constexpr uint8_t kWriteCache = 0x04;       // byte 2 of the caching page
constexpr uint8_t kDescriptorSense = 0x04;  // byte 2 of the control page
constexpr uint8_t kWriteProtect = 0x08;     // byte 4 of the control page

wire::Sense wrong_field(size_t at) {
  return wire::refusal_at(wire::codes::kInvalidFieldInList, at);
}

}  // namespace

ModePages::ModePages(bool write_cache)
    : default_write_cache_(write_cache), write_cache_(write_cache) {}

Bytes ModePages::page(uint8_t code, const Switches& switches) {
  const uint8_t length = code == kCaching ? 0x12 : 0x0a;
  Bytes bytes(size_t{2} + length);
  bytes[0] = code;
  bytes[1] = length;
  switch (code) {
    case kCaching: bytes[2] = switches.write_cache ? kWriteCache : 0; break;
    case kControl:
      // GLTSD: nothing is logged that could be saved. One task set for all nexuses (TST 0).
      bytes[2] = 0x02 | (switches.descriptor_sense ? kDescriptorSense : 0);
      // QUEUE ALGORITHM MODIFIER 1: several threads carry out simple commands, in any order. QERR 0: what is under way goes on
      // when a command fails, as Windows wants of units that copy by token.
      bytes[3] = 0x10;
      bytes[4] = switches.write_protected ? kWriteProtect : 0;
      // BUSY TIMEOUT PERIOD: unlimited.
      bytes[8] = bytes[9] = 0xff;
      break;
    case kExceptions: bytes[2] = 0x08; break;  // DEXCPT: none are reported
    default: break;
  }
  return bytes;
}

std::optional<Bytes> ModePages::sense(uint8_t page_code, uint8_t subpage, Values values) const {
  // No page has a subpage: "all subpages" is the page itself.
  if (subpage != 0 && subpage != kAllSubpages) return std::nullopt;
  Switches wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted = values == Values::current ? switches() : Switches{default_write_cache_, false, false};
  }
  Bytes all;
  for (const uint8_t code : kPages) {
    if (page_code != kAllPages && page_code != code) continue;
    Bytes bytes = page(code, wanted);
    if (values == Values::changeable) {
      const Bytes on = page(code, {true, true, true});
      const Bytes off = page(code, {false, false, false});
      for (size_t i = 2; i < bytes.size(); ++i) bytes[i] = on[i] ^ off[i];
    }
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  if (all.empty()) return std::nullopt;
  return all;
}

wire::Decoded<bool> ModePages::select(View list, size_t offset) {
  const std::lock_guard lock(mutex_);
  const Switches before = switches();
  Switches wanted = before;
  while (!list.empty()) {
    const uint8_t code = list.u8(0) & 0x3f;
    // SPF: a page with a subpage code, of which there is none.
    if (list.bit(0, 6)) return tl::unexpected(wrong_field(offset));
    Bytes fixed = page(code, {false, false, false});
    if (std::ranges::find(kPages, code) == kPages.end()) return tl::unexpected(wrong_field(offset));
    if (!list.has(0, 2)) {
      return tl::unexpected(wire::refusal(wire::codes::kParameterListLength));
    }
    if (list.u8(1) != fixed[1]) return tl::unexpected(wrong_field(offset + 1));
    if (!list.has(0, fixed.size())) {
      return tl::unexpected(wire::refusal(wire::codes::kParameterListLength));
    }
    const Bytes may_change = page(code, {true, true, true});
    for (size_t i = 2; i < fixed.size(); ++i) {
      const auto mask = static_cast<uint8_t>(fixed[i] ^ may_change[i]);
      if ((list.u8(i) & ~mask) != (fixed[i] & ~mask)) {
        return tl::unexpected(wrong_field(offset + i));
      }
    }
    if (code == kCaching) wanted.write_cache = (list.u8(2) & kWriteCache) != 0;
    if (code == kControl) {
      wanted.descriptor_sense = (list.u8(2) & kDescriptorSense) != 0;
      wanted.write_protected = (list.u8(4) & kWriteProtect) != 0;
    }
    list = list.from(fixed.size());
    offset += fixed.size();
  }
  set(wanted);
  return wanted != before;
}

void ModePages::reset() {
  const std::lock_guard lock(mutex_);
  set({default_write_cache_, false, false});
}

void ModePages::set(const Switches& to) {
  write_cache_ = to.write_cache;
  descriptor_sense_ = to.descriptor_sense;
  write_protected_ = to.write_protected;
}

}  // namespace libcopyfile::target
