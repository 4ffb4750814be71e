#include "wire/sense.h"

#include <limits>

namespace libcopyfile::wire {
namespace {

constexpr uint8_t kFixed = 0x70;
constexpr uint8_t kDescriptor = 0x72;
constexpr size_t kFixedSize = 18;
constexpr size_t kDescriptorHeader = 8;

// Descriptor types (SPC-4 table 28).
constexpr uint8_t kInformation = 0x00;
constexpr uint8_t kCommandSpecific = 0x01;
constexpr uint8_t kSenseKeySpecific = 0x02;
constexpr uint8_t kForwarded = 0x0c;

// The flag of a field pointer, by the key that gives it its meaning; 0 where a key has no field pointer.
uint8_t special_bit(SenseKey key) {
  if (key == SenseKey::illegal_request) return 0x40;  // C/D
  if (key == SenseKey::copy_aborted) return 0x20;     // SD
  return 0;
}

std::optional<FieldPointer> decode_pointer(View data, SenseKey key) {
  const uint8_t flags = data.u8(0);
  if (special_bit(key) == 0 || (flags & 0x80) == 0 || !data.has(0, 3)) return std::nullopt;
  FieldPointer pointer;
  pointer.special = (flags & special_bit(key)) != 0;
  pointer.byte = data.be16(1);
  if ((flags & 0x08) != 0) pointer.bit = flags & 0x07;
  return pointer;
}

void encode_pointer(Writer& out, size_t at, const Sense& sense) {
  const uint8_t special = special_bit(sense.code.key);
  if (!sense.pointer || special == 0) return;
  unsigned flags = 0x80;
  if (sense.pointer->special) flags |= special;
  if (sense.pointer->bit) flags |= 0x08U | (*sense.pointer->bit & 0x07U);
  out.u8(at, static_cast<uint8_t>(flags));
  out.be16(at + 1, sense.pointer->byte);
}

// Fixed format: byte 8 (source) and 9 (destination) are the offset of a status byte with sense data behind it. How long that
// is, its own ADDITIONAL SENSE LENGTH says.
void decode_fixed_forwarded(View data, Sense& sense) {
  for (const size_t at : {size_t{8}, size_t{9}}) {
    const uint8_t offset = data.u8(at);
    if (offset < kFixedSize || !data.has(offset, 1)) continue;
    View inner = data.from(size_t{offset} + 1);
    if (inner.has(7, 1)) inner = inner.part(0, size_t{inner.u8(7)} + 8);
    const auto from = at == 8 ? ForwardedSense::From::source : ForwardedSense::From::destination;
    sense.forwarded.push_back({from, data.u8(offset), inner.copy()});
  }
}

Sense decode_fixed(View data) {
  // ADDITIONAL SENSE LENGTH says where it ends; devices exist that leave it 0 and send 18 bytes nevertheless.
  if (data.u8(7) != 0) data = data.part(0, size_t{data.u8(7)} + 8);
  Sense sense;
  sense.code = {static_cast<SenseKey>(data.u8(2) & 0x0f), data.u8(12), data.u8(13)};
  if (data.bit(0, 7) && data.has(3, 4)) sense.information = data.be32(3);
  if (data.be32(8) != 0) sense.command_specific = data.be32(8);
  sense.pointer = decode_pointer(data.from(15), sense.code.key);
  if (sense.code.key == SenseKey::copy_aborted) {
    decode_fixed_forwarded(data, sense);
    if (data.has(8, 4)) sense.command_specific = data.be16(10);
  }
  return sense;
}

void decode_one_descriptor(uint8_t type, View data, Sense& sense) {
  switch (type) {
    case kInformation:
      if (data.bit(2, 7) && data.has(4, 8)) sense.information = data.be64(4);
      break;
    case kCommandSpecific:
      if (data.has(4, 8)) sense.command_specific = data.be64(4);
      break;
    case kSenseKeySpecific: sense.pointer = decode_pointer(data.from(4), sense.code.key); break;
    case kForwarded: {
      ForwardedSense forwarded;
      const uint8_t from = data.u8(2) & 0x0f;
      if (from == 1 || from == 2) forwarded.from = static_cast<ForwardedSense::From>(from);
      forwarded.status = data.u8(3);
      forwarded.sense = data.from(4).copy();
      sense.forwarded.push_back(std::move(forwarded));
      break;
    }
    default: break;
  }
}

Sense decode_descriptors(View data) {
  Sense sense;
  sense.code = {static_cast<SenseKey>(data.u8(1) & 0x0f), data.u8(2), data.u8(3)};
  View rest = data.part(kDescriptorHeader, data.u8(7));
  while (rest.has(0, 2)) {
    const size_t length = size_t{rest.u8(1)} + 2;
    if (!rest.has(0, length)) break;
    decode_one_descriptor(rest.u8(0), rest.part(0, length), sense);
    rest = rest.from(length);
  }
  return sense;
}

void append_descriptor(Bytes& out, uint8_t type, View body) {
  // A descriptor that would make the whole too long is left out; the code stands in the header.
  if (out.size() + 2 + body.size() > kMaxSense) return;
  out.push_back(type);
  out.push_back(static_cast<uint8_t>(body.size()));
  out.insert(out.end(), body.span().begin(), body.span().end());
}

}  // namespace

Sense refusal(SenseCode code) {
  Sense sense;
  sense.code = code;
  return sense;
}

Sense refusal_at(SenseCode code, size_t byte) {
  Sense sense = refusal(code);
  if (byte <= UINT16_MAX) {
    sense.pointer = FieldPointer{false, static_cast<uint16_t>(byte), std::nullopt};
  }
  return sense;
}

Sense refusal_of_cdb(SenseCode code, size_t byte) {
  Sense sense = refusal_at(code, byte);
  if (sense.pointer) sense.pointer->special = true;
  return sense;
}

std::optional<Sense> decode_sense(View data) {
  data = data.part(0, kMaxSense);
  const uint8_t response = data.u8(0) & 0x7f;
  if (response < kFixed || response > kDescriptor + 1) return std::nullopt;
  const bool fixed = response < kDescriptor;
  if (!data.has(0, fixed ? 3 : 2)) return std::nullopt;
  Sense sense = fixed ? decode_fixed(data) : decode_descriptors(data);
  sense.deferred = (response & 1) != 0;
  return sense;
}

Bytes encode_fixed_sense(const Sense& sense) {
  Bytes bytes(kFixedSize);
  Writer out(bytes);
  const bool valid = sense.information && *sense.information <= UINT32_MAX;
  out.u8(0, static_cast<uint8_t>((valid ? 0x80 : 0) | kFixed | (sense.deferred ? 1 : 0)));
  out.u8(2, static_cast<uint8_t>(sense.code.key));
  if (valid) out.be32(3, static_cast<uint32_t>(*sense.information));
  if (sense.command_specific) {
    if (sense.code.key == SenseKey::copy_aborted) {
      out.be16(10, static_cast<uint16_t>(*sense.command_specific));
    } else {
      out.be32(8, static_cast<uint32_t>(*sense.command_specific));
    }
  }
  out.u8(12, sense.code.asc);
  out.u8(13, sense.code.ascq);
  encode_pointer(out, 15, sense);
  for (const ForwardedSense& forwarded : sense.forwarded) {
    if (sense.code.key != SenseKey::copy_aborted) break;
    if (bytes.size() + 1 + forwarded.sense.size() > kMaxSense) break;
    const size_t at = forwarded.from == ForwardedSense::From::destination ? 9 : 8;
    bytes[at] = static_cast<uint8_t>(bytes.size());
    bytes.push_back(forwarded.status);
    bytes.insert(bytes.end(), forwarded.sense.begin(), forwarded.sense.end());
  }
  bytes[7] = static_cast<uint8_t>(bytes.size() - 8);
  return bytes;
}

Bytes encode_descriptor_sense(const Sense& sense) {
  Bytes bytes(kDescriptorHeader);
  bytes[0] = static_cast<uint8_t>(kDescriptor | (sense.deferred ? 1 : 0));
  bytes[1] = static_cast<uint8_t>(sense.code.key);
  bytes[2] = sense.code.asc;
  bytes[3] = sense.code.ascq;
  if (sense.information) {
    Bytes body(10);
    body[0] = 0x80;
    Writer(body).be64(2, *sense.information);
    append_descriptor(bytes, kInformation, body);
  }
  if (sense.command_specific) {
    Bytes body(10);
    Writer(body).be64(2, *sense.command_specific);
    append_descriptor(bytes, kCommandSpecific, body);
  }
  if (sense.pointer && special_bit(sense.code.key) != 0) {
    Bytes body(6);
    Writer out(body);
    encode_pointer(out, 2, sense);
    append_descriptor(bytes, kSenseKeySpecific, body);
  }
  for (const ForwardedSense& forwarded : sense.forwarded) {
    Bytes body{static_cast<uint8_t>(forwarded.from), forwarded.status};
    body.insert(body.end(), forwarded.sense.begin(), forwarded.sense.end());
    append_descriptor(bytes, kForwarded, body);
  }
  bytes[7] = static_cast<uint8_t>(bytes.size() - kDescriptorHeader);
  return bytes;
}

}  // namespace libcopyfile::wire
