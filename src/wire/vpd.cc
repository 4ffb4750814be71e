#include "wire/vpd.h"

namespace libcopyfile::wire {
namespace {

constexpr size_t kInquirySize = 36;
constexpr size_t kLongInquirySize = 96;
constexpr size_t kVersionsAt = 58, kMostVersions = 8;
constexpr size_t kPageHead = 4;
constexpr size_t kLimitsBody = 60;  // of B0h; 86h and B1h are as long
constexpr size_t kCapacitySize = 32;

std::string text(View field) {
  std::string value;
  for (const uint8_t c : field.span()) value += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : ' ';
  value.erase(value.find_last_not_of(' ') + 1);
  return value;
}

void put_text(Writer& out, size_t at, size_t width, std::string_view value) {
  for (size_t i = 0; i < width; ++i) {
    out.u8(at + i, static_cast<uint8_t>(i < value.size() ? value[i] : ' '));
  }
}

}  // namespace

Bytes encode(const StandardInquiry& inquiry) {
  Bytes bytes(inquiry.versions.empty() ? kInquirySize : kLongInquirySize);
  Writer out(bytes);
  out.u8(0, static_cast<uint8_t>((inquiry.qualifier & 7) << 5 | (inquiry.device_type & 0x1f)));
  out.u8(2, inquiry.version);
  out.u8(3, inquiry.hierarchical ? 0x12 : 0x02);  // RESPONSE DATA FORMAT 2
  out.u8(4, static_cast<uint8_t>(bytes.size() - 5));
  out.u8(5, static_cast<uint8_t>((inquiry.target_port_groups & 3) << 4 |
                                 (inquiry.third_party_copy ? 8 : 0) | (inquiry.protect ? 1 : 0)));
  out.u8(7, inquiry.command_queueing ? 2 : 0);
  put_text(out, 8, 8, inquiry.vendor);
  put_text(out, 16, 16, inquiry.product);
  put_text(out, 32, 4, inquiry.revision);
  for (size_t i = 0; i < std::min(inquiry.versions.size(), kMostVersions); ++i) {
    out.be16(kVersionsAt + 2 * i, inquiry.versions[i]);
  }
  return bytes;
}

std::optional<StandardInquiry> decode_standard_inquiry(View data) {
  if (data.size() < kInquirySize) return std::nullopt;
  StandardInquiry inquiry;
  inquiry.qualifier = data.u8(0) >> 5;
  inquiry.device_type = data.u8(0) & 0x1f;
  inquiry.version = data.u8(2);
  inquiry.third_party_copy = data.bit(5, 3);
  inquiry.protect = data.bit(5, 0);
  inquiry.command_queueing = data.bit(7, 1);
  inquiry.hierarchical = data.bit(3, 4);
  inquiry.target_port_groups = data.u8(5) >> 4 & 3;
  inquiry.vendor = text(data.part(8, 8));
  inquiry.product = text(data.part(16, 16));
  inquiry.revision = text(data.part(32, 4));
  for (size_t i = 0; i < kMostVersions && data.be16(kVersionsAt + 2 * i) != 0; ++i) {
    inquiry.versions.push_back(data.be16(kVersionsAt + 2 * i));
  }
  return inquiry;
}

Bytes encode_page(uint8_t device_type, uint8_t code, View body) {
  Bytes bytes(kPageHead + body.size());
  Writer out(bytes);
  out.u8(0, device_type & 0x1f);
  out.u8(1, code);
  out.be16(2, static_cast<uint16_t>(body.size()));
  out.bytes(kPageHead, body);
  return bytes;
}

std::optional<View> page_body(View data, uint8_t code) {
  if (!data.has(0, kPageHead) || data.u8(1) != code) return std::nullopt;
  return data.part(kPageHead, data.be16(2));
}

Bytes encode_supported_pages(uint8_t device_type, Bytes pages) {
  std::sort(pages.begin(), pages.end());
  return encode_page(device_type, kPageSupported, pages);
}

std::optional<Bytes> decode_supported_pages(View data) {
  const auto body = page_body(data, kPageSupported);
  if (!body) return std::nullopt;
  return body->copy();
}

Bytes encode_serial(uint8_t device_type, std::string_view serial) {
  const Bytes body(serial.begin(), serial.end());
  return encode_page(device_type, kPageSerial, body);
}

Bytes encode_identification(uint8_t device_type, const std::vector<Designator>& designators) {
  Bytes body;
  for (const Designator& d : designators) {
    const View value = View(d.value).part(0, UINT8_MAX);
    body.push_back(d.code_set & 0x0f);
    body.push_back(
        static_cast<uint8_t>((d.association & 3) << 4 | (static_cast<uint8_t>(d.type) & 0x0f)));
    body.push_back(0);
    body.push_back(static_cast<uint8_t>(value.size()));
    body.insert(body.end(), value.span().begin(), value.span().end());
  }
  return encode_page(device_type, kPageIdentification, body);
}

std::optional<std::vector<Designator>> decode_identification(View data) {
  const auto body = page_body(data, kPageIdentification);
  if (!body) return std::nullopt;
  std::vector<Designator> designators;
  View rest = *body;
  while (rest.has(0, 4) && rest.has(4, rest.u8(3))) {
    Designator d;
    d.code_set = rest.u8(0) & 0x0f;
    d.association = rest.u8(1) >> 4 & 3;
    d.type = static_cast<DesignatorType>(rest.u8(1) & 0x0f);
    d.value = rest.part(4, rest.u8(3)).copy();
    designators.push_back(std::move(d));
    rest = rest.from(size_t{4} + rest.u8(3));
  }
  return designators;
}

Bytes encode(uint8_t device_type, const BlockLimits& limits) {
  Bytes body(kLimitsBody);
  Writer out(body);
  // Offsets of the standard count from the beginning of the page.
  const size_t head = kPageHead;
  out.u8(4 - head, limits.write_same_needs_count ? 1 : 0);
  out.u8(5 - head, limits.max_compare_and_write);
  out.be16(6 - head, limits.optimal_granularity);
  out.be32(8 - head, limits.max_transfer);
  out.be32(12 - head, limits.optimal_transfer);
  out.be32(16 - head, limits.max_prefetch);
  out.be32(20 - head, limits.max_unmap_blocks);
  out.be32(24 - head, limits.max_unmap_descriptors);
  out.be32(28 - head, limits.unmap_granularity);
  if (limits.unmap_alignment) out.be32(32 - head, 0x80000000 | *limits.unmap_alignment);
  out.be64(36 - head, limits.max_write_same);
  return encode_page(device_type, kPageBlockLimits, body);
}

std::optional<BlockLimits> decode_block_limits(View data) {
  const auto body = page_body(data, kPageBlockLimits);
  // SBC-2 had 12 bytes of it; what is not there is not reported.
  if (!body || body->size() < 12) return std::nullopt;
  data = data.part(0, kPageHead + body->size());
  BlockLimits limits;
  limits.write_same_needs_count = data.bit(4, 0);
  limits.max_compare_and_write = data.u8(5);
  limits.optimal_granularity = data.be16(6);
  limits.max_transfer = data.be32(8);
  limits.optimal_transfer = data.be32(12);
  limits.max_prefetch = data.be32(16);
  limits.max_unmap_blocks = data.be32(20);
  limits.max_unmap_descriptors = data.be32(24);
  limits.unmap_granularity = data.be32(28);
  if (data.bit(32, 7)) limits.unmap_alignment = data.be32(32) & 0x7fffffff;
  limits.max_write_same = data.be64(36);
  return limits;
}

Bytes encode(uint8_t device_type, const ExtendedInquiry& inquiry) {
  Bytes body(kLimitsBody);
  Writer out(body);
  const size_t head = kPageHead;
  out.u8(5 - head, static_cast<uint8_t>((inquiry.head_of_queue ? 4 : 0) |
                                        (inquiry.ordered ? 2 : 0) | (inquiry.simple ? 1 : 0)));
  out.u8(6 - head, inquiry.volatile_cache ? 1 : 0);
  out.u8(13 - head, inquiry.max_sense);
  return encode_page(device_type, kPageExtendedInquiry, body);
}

Bytes encode_characteristics(uint8_t device_type, uint16_t rotation_rate) {
  Bytes body(kLimitsBody);
  Writer(body).be16(0, rotation_rate);
  return encode_page(device_type, kPageCharacteristics, body);
}

Bytes encode(uint8_t device_type, const Provisioning& provisioning) {
  Bytes body(4);
  body[1] = static_cast<uint8_t>(
      (provisioning.unmap ? 0x80 : 0) | (provisioning.write_same_16 ? 0x40 : 0) |
      (provisioning.write_same_10 ? 0x20 : 0) | (provisioning.reads_zero ? 0x04 : 0));
  body[2] = provisioning.thin ? 2 : 0;
  return encode_page(device_type, kPageProvisioning, body);
}

Bytes encode(const Capacity& capacity) {
  Bytes bytes(kCapacitySize);
  Writer out(bytes);
  out.be64(0, capacity.last_lba);
  out.be32(8, capacity.block_length);
  out.u8(12,
         static_cast<uint8_t>((capacity.protection_type & 7) << 1 | (capacity.protection ? 1 : 0)));
  out.u8(13, capacity.physical_exponent & 0x0f);
  out.be16(14, static_cast<uint16_t>((capacity.provisioned ? 0x8000 : 0) |
                                     (capacity.zero_when_unmapped ? 0x4000 : 0) |
                                     (capacity.lowest_aligned & 0x3fff)));
  return bytes;
}

std::optional<Capacity> decode_capacity(View data) {
  // READ CAPACITY(16) of SBC-2 had no more than these.
  if (data.size() < 12) return std::nullopt;
  Capacity capacity;
  capacity.last_lba = data.be64(0);
  capacity.block_length = data.be32(8);
  capacity.protection = data.bit(12, 0);
  capacity.protection_type = data.u8(12) >> 1 & 7;
  capacity.physical_exponent = data.u8(13) & 0x0f;
  capacity.lowest_aligned = data.be16(14) & 0x3fff;
  capacity.provisioned = data.bit(14, 7);
  capacity.zero_when_unmapped = data.bit(14, 6);
  return capacity;
}

}  // namespace libcopyfile::wire
