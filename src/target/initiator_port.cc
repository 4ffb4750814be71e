#include "target/initiator_port.h"

namespace libcopyfile::target {
namespace {

constexpr uint8_t kIscsi = 0x05;
constexpr uint8_t kOfDevice = 0x00, kOfPort = 0x40;
constexpr std::string_view kSeparator = ",i,0x";
constexpr size_t kHeader = 4;
constexpr size_t kLeastLength = 20;   // ADDITIONAL LENGTH, SPC-4 7.6.4.6
constexpr size_t kLongestName = 223;  // RFC 7143 4.2.7.1
constexpr size_t kIsidDigits = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

// RFC 7143 4.2.7.2: no control characters, no white space, no "," (which ends the name in a TransportID). Bytes of UTF-8 are let
// through: they are compared, and never interpreted.
bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte > 0x20 && byte != 0x7f && c != ',';
  });
}

bool is_isid(std::string_view isid) {
  if (isid.empty() || isid.size() > kIsidDigits) return false;
  return isid.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

InitiatorPort encode(uint8_t format, std::string_view text) {
  // At least one zero behind the text.
  const size_t length = std::max(kLeastLength, (text.size() + 4) / 4 * 4);
  InitiatorPort port(kHeader + length);
  wire::Writer writer(port);
  writer.u8(0, format | kIscsi);
  writer.be16(2, static_cast<uint16_t>(length));
  std::copy(text.begin(), text.end(), port.begin() + kHeader);
  return port;
}

std::string_view text_of(wire::View field) {
  const std::string_view all(reinterpret_cast<const char*>(field.span().data()), field.size());
  return all.substr(0, all.find('\0'));
}

}  // namespace

std::string to_hex(wire::View bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : bytes.span()) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

InitiatorPort iscsi_port(std::string_view name, std::string_view isid) {
  std::string text = lower(name) + std::string(kSeparator);
  text.append(isid.size() < kIsidDigits ? kIsidDigits - isid.size() : 0, '0');
  return encode(kOfPort, text + lower(isid));
}

std::optional<TransportId> decode_transport_id(wire::View data) {
  const size_t additional = data.be16(2);
  if (!data.has(0, kHeader + additional) || additional < kLeastLength || additional % 4 != 0)
    return std::nullopt;
  const std::string_view text = text_of(data.part(kHeader, additional));
  TransportId id;
  id.length = kHeader + additional;
  if (data.u8(0) == (kOfDevice | kIscsi)) {
    if (!is_name(text)) return std::nullopt;
    id.device = true;
    id.name = lower(text);
    id.port = encode(kOfDevice, id.name);
    return id;
  }
  const size_t separator = text.find(',');
  if (data.u8(0) != (kOfPort | kIscsi) || separator == std::string_view::npos) return std::nullopt;
  const std::string_view name = text.substr(0, separator);
  const std::string behind = lower(text.substr(separator));
  if (!is_name(name) || !behind.starts_with(kSeparator)) return std::nullopt;
  const std::string isid = behind.substr(kSeparator.size());
  if (!is_isid(isid)) return std::nullopt;
  id.name = lower(name);
  id.port = iscsi_port(name, isid);
  return id;
}

InitiatorPort port_of(const Nexus& nexus) {
  const auto id = decode_transport_id(nexus.transport_id);
  return id && id->length == nexus.transport_id.size() ? id->port : nexus.transport_id;
}

std::string describe(const InitiatorPort& port) {
  const auto id = decode_transport_id(port);
  return id ? std::string(text_of(wire::View(port).from(kHeader))) : to_hex(port);
}

}  // namespace libcopyfile::target
