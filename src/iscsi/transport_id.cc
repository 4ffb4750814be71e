#include "iscsi/transport_id.h"

#include <algorithm>

#include "wire/iscsi_text.h"

namespace libcopyfile::iscsi {

wire::Bytes transport_id(const std::string& initiator, const wire::iscsi::Isid& isid) {
  constexpr uint8_t kNameAndIsid = 0x40, kIscsi = 0x05;
  constexpr size_t kHead = 4, kLeast = 20;
  const std::string text =
      initiator + ",i," + wire::iscsi::format_binary(wire::View(std::span<const uint8_t>(isid)));
  // With at least one zero behind it, in whole words.
  const size_t length = std::max(kLeast, (text.size() + 4) / 4 * 4);
  wire::Bytes id(kHead + length);
  wire::Writer out(id);
  out.u8(0, kNameAndIsid | kIscsi);
  out.be16(2, static_cast<uint16_t>(length));
  std::copy(text.begin(), text.end(), id.begin() + kHead);
  return id;
}

}  // namespace libcopyfile::iscsi
