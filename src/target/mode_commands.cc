// MODE SENSE and MODE SELECT (SPC-4 6.11 to 6.14); what the pages hold is in mode_pages.h.
#include "target/mode_pages.h"
#include "target/primary_handlers.h"

namespace libcopyfile::target {
namespace {

using wire::Bytes;
using wire::View;

// DEVICE-SPECIFIC PARAMETER of block devices (SBC-3 6.5.1).
constexpr uint8_t kWriteProtected = 0x80, kDpoFua = 0x10;
constexpr uint8_t kSavedValues = 3;

// SBC-3 6.5.2: the short one has no room for more than 32 bits, and says so by all ones.
Bytes block_descriptor(const LogicalUnit& unit, bool long_lba) {
  Bytes bytes(long_lba ? 16 : 8);
  wire::Writer out(bytes);
  if (long_lba) {
    out.be64(0, unit.blocks());
    out.be32(12, unit.block_length());
  } else {
    out.be32(0, static_cast<uint32_t>(std::min<uint64_t>(unit.blocks(), UINT32_MAX)));
    out.be24(5, unit.block_length());
  }
  return bytes;
}

Handled sense(Context& context, bool ten) {
  const View cdb = context.cdb();
  const LogicalUnit& unit = *context.unit;
  const bool no_descriptors = cdb.bit(1, 3);
  const bool long_lba = ten && cdb.bit(1, 4);
  const uint8_t control = cdb.u8(2) >> 6;
  const uint64_t allocation_length = ten ? cdb.be16(7) : cdb.u8(4);
  if (control == kSavedValues) return Outcome::refused(wire::codes::kSavingNotSupported);

  const auto pages = context.unit->mode().sense(cdb.u8(2) & 0x3f, cdb.u8(3),
                                                static_cast<ModePages::Values>(control));
  if (!pages) {
    // Which of the two is wrong: with subpage 0, the page is.
    return wrong_cdb_field(cdb.u8(3) == 0 || cdb.u8(3) == kAllSubpages ? 2 : 3);
  }

  const Bytes descriptor = no_descriptors ? Bytes() : block_descriptor(unit, long_lba);
  const size_t head = ten ? 8 : 4;
  Bytes bytes(head);
  bytes.insert(bytes.end(), descriptor.begin(), descriptor.end());
  bytes.insert(bytes.end(), pages->begin(), pages->end());
  wire::Writer out(bytes);
  const auto specific = static_cast<uint8_t>(kDpoFua | (unit.read_only() ? kWriteProtected : 0));
  if (ten) {
    out.be16(0, static_cast<uint16_t>(bytes.size() - 2));
    out.u8(3, specific);
    out.u8(4, long_lba ? 1 : 0);
    out.be16(6, static_cast<uint16_t>(descriptor.size()));
  } else {
    out.u8(0, static_cast<uint8_t>(bytes.size() - 1));
    out.u8(2, specific);
    out.u8(3, static_cast<uint8_t>(descriptor.size()));
  }
  context.answer(bytes, allocation_length);
  return Outcome::good();
}

// A block descriptor that asks for another size or block length is refused: both are the image's.
std::optional<wire::Sense> wrong_descriptor(const LogicalUnit& unit, View descriptor, bool long_lba,
                                            size_t at) {
  const uint64_t blocks = long_lba ? descriptor.be64(0) : descriptor.be32(0);
  const uint32_t length = long_lba ? descriptor.be32(12) : descriptor.be24(5);
  const uint64_t all = long_lba ? UINT64_MAX : UINT32_MAX;
  // 0: as it is. All ones: as much as there is.
  if (blocks != 0 && blocks != all && blocks != unit.blocks()) {
    return wire::refusal_at(wire::codes::kInvalidFieldInList, at);
  }
  if (length != unit.block_length()) {
    return wire::refusal_at(wire::codes::kInvalidFieldInList, at + (long_lba ? 12 : 5));
  }
  return std::nullopt;
}

Handled select(Context& context, bool ten) {
  const View cdb = context.cdb();
  const uint32_t length = ten ? cdb.be16(7) : cdb.u8(4);
  // PF: without it the pages would have a format of the vendor's own. SP: nothing is saved.
  if (!cdb.bit(1, 4) || cdb.bit(1, 0)) return wrong_cdb_field(1);
  context.task.transfer_length = length;
  if (length == 0) return Outcome::good();

  using wire::codes::kParameterListLength;
  const View list = context.data_out().part(0, length);
  const size_t head = ten ? 8 : 4;
  if (list.size() < length || length < head) return Outcome::refused(kParameterListLength);
  const bool long_lba = ten && list.bit(4, 0);
  const size_t descriptors = ten ? list.be16(6) : list.u8(3);
  if (!list.has(head, descriptors)) return Outcome::refused(kParameterListLength);
  const size_t descriptor = long_lba ? 16 : 8;
  if (descriptors != 0 && descriptors != descriptor) {
    return Outcome::refused(wire::refusal_at(wire::codes::kInvalidFieldInList, ten ? 6 : 3));
  }
  LogicalUnit& unit = *context.unit;
  if (descriptors != 0) {
    if (auto wrong = wrong_descriptor(unit, list.part(head, descriptors), long_lba, head)) {
      return Outcome::refused(std::move(*wrong));
    }
  }
  const auto changed = unit.mode().select(list.from(head + descriptors), head + descriptors);
  if (!changed) return Outcome::refused(changed.error());
  if (*changed) {
    unit.attentions().establish(wire::codes::kModeParametersChanged, context.nexus.id);
  }
  return Outcome::good();
}

}  // namespace

Handled mode_sense_6(Context& context) { return sense(context, false); }
Handled mode_sense_10(Context& context) { return sense(context, true); }
Handled mode_select_6(Context& context) { return select(context, false); }
Handled mode_select_10(Context& context) { return select(context, true); }

}  // namespace libcopyfile::target
