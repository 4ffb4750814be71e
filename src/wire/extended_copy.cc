#include "wire/extended_copy.h"

#include "wire/sense_codes.h"

namespace libcopyfile::wire {
namespace {

constexpr uint8_t kListFormat = 0x01;      // LID4
constexpr uint8_t kHeaderCscdType = 0xff;  // LID4: "extension descriptor"
constexpr uint16_t kHeaderCscdLength = 0x20;

// Where the lists are, from the header of either form.
struct Layout {
  size_t header = 0;
  size_t cscds = 0;
  size_t segments = 0;
  size_t inline_data = 0;
  size_t inline_field = 0;  // the offset of its length
};

template <class T>
size_t size_of(const T&) {
  return T::kSize;
}

// Size of a segment descriptor by its type; 0 for an unknown one.
size_t segment_size(uint8_t type) {
  switch (type) {
    case BlockSegment::kType: return BlockSegment::kSize;
    case ByteSegment::kType: return ByteSegment::kSize;
    case VerifySegment::kType: return VerifySegment::kSize;
    case RegisterKeySegment::kType: return RegisterKeySegment::kSize;
    default: return 0;
  }
}

void put_cscd(Writer& out, size_t at, const Cscd& cscd) {
  const Designator& d = cscd.designator;
  out.u8(at, Cscd::kType);
  out.u8(at + 1, static_cast<uint8_t>((cscd.lu_id_type & 3) << 6 | (cscd.null_device ? 0x20 : 0) |
                                      (cscd.device_type & 0x1f)));
  out.be16(at + 2, cscd.initiator_port);
  out.u8(at + 4, d.code_set & 0x0f);
  out.u8(at + 5,
         static_cast<uint8_t>((d.association & 3) << 4 | (static_cast<uint8_t>(d.type) & 0x0f)));
  const View value = View(d.value).part(0, Cscd::kMaxDesignator);
  out.u8(at + 7, static_cast<uint8_t>(value.size()));
  out.bytes(at + 8, value);
  out.u8(at + 28, cscd.pad ? 0x04 : 0);
  out.be24(at + 29, cscd.block_length);
}

void put_head(Writer& out, size_t at, uint8_t type, uint8_t flags, size_t size) {
  out.u8(at, type);
  out.u8(at + 1, flags);
  out.be16(at + 2, static_cast<uint16_t>(size - 4));
}

void put_segment(Writer& out, size_t at, const BlockSegment& s) {
  const unsigned flags = (s.count_of_destination ? 2U : 0U) | (s.concatenate ? 1U : 0U);
  put_head(out, at, s.kType, static_cast<uint8_t>(flags), s.kSize);
  out.be16(at + 4, s.source);
  out.be16(at + 6, s.destination);
  out.be16(at + 10, s.blocks);
  out.be64(at + 12, s.source_lba);
  out.be64(at + 20, s.destination_lba);
}

void put_segment(Writer& out, size_t at, const ByteSegment& s) {
  put_head(out, at, s.kType, s.concatenate ? 1 : 0, s.kSize);
  out.be16(at + 4, s.source);
  out.be16(at + 6, s.destination);
  out.be32(at + 8, s.bytes);
  out.be64(at + 12, s.source_lba);
  out.be64(at + 20, s.destination_lba);
  out.be16(at + 28, s.source_offset);
  out.be16(at + 30, s.destination_offset);
}

void put_segment(Writer& out, size_t at, const VerifySegment& s) {
  put_head(out, at, s.kType, 0, s.kSize);
  out.be16(at + 4, s.source);
  out.u8(at + 8, s.test_unit_ready ? 1 : 0);
}

void put_segment(Writer& out, size_t at, const RegisterKeySegment& s) {
  put_head(out, at, s.kType, 0, s.kSize);
  out.be16(at + 6, s.destination);
  out.be64(at + 8, s.key);
  out.be64(at + 16, s.service_action_key);
}

Segment get_segment(View d) {
  switch (d.u8(0)) {
    case BlockSegment::kType:
      return BlockSegment{d.be16(4),  d.be16(6),   d.be16(10), d.be64(12),
                          d.be64(20), d.bit(1, 1), d.bit(1, 0)};
    case ByteSegment::kType:
      return ByteSegment{d.be16(4),  d.be16(6),  d.be32(8),  d.be64(12),
                         d.be64(20), d.be16(28), d.be16(30), d.bit(1, 0)};
    case VerifySegment::kType: return VerifySegment{d.be16(4), d.bit(8, 0)};
    default: return RegisterKeySegment{d.be16(6), d.be64(8), d.be64(16)};
  }
}

Cscd get_cscd(View d) {
  Cscd cscd;
  cscd.lu_id_type = static_cast<uint8_t>(d.u8(1) >> 6);
  cscd.null_device = d.bit(1, 5);
  cscd.device_type = d.u8(1) & 0x1f;
  cscd.initiator_port = d.be16(2);
  cscd.designator.code_set = d.u8(4) & 0x0f;
  cscd.designator.association = d.u8(5) >> 4 & 3;
  cscd.designator.type = static_cast<DesignatorType>(d.u8(5) & 0x0f);
  cscd.designator.value = d.part(8, d.u8(7)).copy();
  cscd.pad = d.bit(28, 2);
  cscd.block_length = d.be24(29);
  return cscd;
}

tl::unexpected<Sense> refuse(SenseCode code, size_t byte) {
  return tl::unexpected(refusal_at(code, byte));
}

Decoded<Layout> read_lid1_header(View data, CopyList& list) {
  if (data.size() < kLid1Header) return tl::unexpected(refusal(codes::kParameterListLength));
  list.list_id = data.u8(0);
  const unsigned usage = data.u8(1) >> 3 & 3;
  if (usage == 1) return refuse(codes::kInvalidFieldInList, 1);
  list.usage = static_cast<ListIdUsage>(usage);
  if (list.usage == ListIdUsage::none && list.list_id != 0) {
    return refuse(codes::kInvalidFieldInList, 0);
  }
  return Layout{kLid1Header, data.be16(2), data.be32(8), data.be32(12), 12};
}

Decoded<Layout> read_lid4_header(View data, CopyList& list) {
  if (data.size() < kLid4Header) return tl::unexpected(refusal(codes::kParameterListLength));
  if (data.u8(0) != kListFormat) return refuse(codes::kInvalidFieldInList, 0);
  const unsigned usage = data.u8(1) >> 3 & 3;
  if (usage == 1) return refuse(codes::kInvalidFieldInList, 1);
  if (data.be16(2) != kHeaderCscdLength) return refuse(codes::kInvalidFieldInList, 2);
  if (data.u8(16) != kHeaderCscdType) return refuse(codes::kInvalidFieldInList, 16);
  list.usage = static_cast<ListIdUsage>(usage);
  list.sense_in_status = data.bit(15, 1);
  list.immediate = data.bit(15, 0);
  list.list_id = data.be32(20);
  if (list.usage == ListIdUsage::none && list.list_id != 0) {
    return refuse(codes::kInvalidFieldInList, 20);
  }
  return Layout{kLid4Header, data.be16(42), data.be16(44), data.be16(46), 46};
}

// Lengths and counts, before a descriptor is looked into.
Decoded<void> check_lengths(View data, const Layout& layout, const CopyListLimits& limits) {
  const uint64_t descriptors = uint64_t{layout.cscds} + layout.segments;
  if (descriptors > data.size() - layout.header) {
    return tl::unexpected(refusal(codes::kParameterListLength));
  }
  if (descriptors > limits.descriptors_length) {
    return tl::unexpected(refusal(codes::kParameterListLength));
  }
  if (layout.inline_data != 0) return refuse(codes::kInlineLength, layout.inline_field);
  if (layout.cscds / Cscd::kSize > limits.cscds) {
    return tl::unexpected(refusal(codes::kTooManyTargets));
  }
  return {};
}

Decoded<void> read_cscds(View data, const Layout& layout, CopyList& list) {
  const size_t end = layout.header + layout.cscds;
  for (size_t at = layout.header; at < end; at += Cscd::kSize) {
    if (data.u8(at) != Cscd::kType) return refuse(codes::kUnsupportedTargetType, at);
  }
  if (layout.cscds % Cscd::kSize != 0) return refuse(codes::kInvalidFieldInList, 2);
  for (size_t at = layout.header; at < end; at += Cscd::kSize) {
    if (data.u8(at + 7) > Cscd::kMaxDesignator) return refuse(codes::kInvalidFieldInList, at + 7);
    list.cscds.push_back(get_cscd(data.part(at, Cscd::kSize)));
  }
  return {};
}

Decoded<void> read_segments(View data, const Layout& layout, uint16_t most, CopyList& list) {
  size_t at = layout.header + layout.cscds;
  const size_t end = at + layout.segments;
  while (at < end) {
    const size_t size = segment_size(data.u8(at));
    if (size == 0) return refuse(codes::kUnsupportedSegmentType, at);
    if (size > end - at) return tl::unexpected(refusal(codes::kParameterListLength));
    if (data.be16(at + 2) != size - 4) return refuse(codes::kInvalidFieldInList, at + 2);
    if (list.segments.size() == most) return refuse(codes::kTooManySegments, at);
    list.segments.push_back(get_segment(data.part(at, size)));
    at += size;
  }
  return {};
}

}  // namespace

std::array<uint8_t, Cscd::kSize> encode(const Cscd& cscd) {
  std::array<uint8_t, Cscd::kSize> bytes{};
  Writer out(bytes);
  put_cscd(out, 0, cscd);
  return bytes;
}

size_t encoded_size(const Segment& segment) {
  return std::visit([](const auto& one) { return size_of(one); }, segment);
}

Bytes encode_copy_list(const CopyList& list) {
  const size_t header = list.lid == Lid::lid1 ? kLid1Header : kLid4Header;
  const size_t cscds = list.cscds.size() * Cscd::kSize;
  size_t segments = 0;
  for (const Segment& segment : list.segments) segments += encoded_size(segment);
  Bytes bytes(header + cscds + segments);
  Writer out(bytes);
  const unsigned flags = (list.sequential_striped ? 0x20U : 0U) |
                         static_cast<unsigned>(list.usage) << 3 | (list.priority & 7U);
  out.u8(1, static_cast<uint8_t>(flags));
  if (list.lid == Lid::lid1) {
    out.u8(0, static_cast<uint8_t>(list.list_id));
    out.be16(2, static_cast<uint16_t>(cscds));
    out.be32(8, static_cast<uint32_t>(segments));
  } else {
    out.u8(0, kListFormat);
    out.be16(2, kHeaderCscdLength);
    out.u8(15, static_cast<uint8_t>((list.sense_in_status ? 2 : 0) | (list.immediate ? 1 : 0)));
    out.u8(16, kHeaderCscdType);
    out.be32(20, list.list_id);
    out.be16(42, static_cast<uint16_t>(cscds));
    out.be16(44, static_cast<uint16_t>(segments));
  }
  size_t at = header;
  for (const Cscd& cscd : list.cscds) {
    put_cscd(out, at, cscd);
    at += Cscd::kSize;
  }
  for (const Segment& segment : list.segments) {
    std::visit([&](const auto& one) { put_segment(out, at, one); }, segment);
    at += encoded_size(segment);
  }
  return bytes;
}

Decoded<CopyList> decode_copy_list(Lid lid, View data, const CopyListLimits& limits) {
  CopyList list;
  list.lid = lid;
  if (data.empty()) return list;
  const Decoded<Layout> layout =
      lid == Lid::lid1 ? read_lid1_header(data, list) : read_lid4_header(data, list);
  if (!layout) return tl::unexpected(layout.error());
  list.priority = data.u8(1) & 7;
  list.sequential_striped = data.bit(1, 5);
  if (auto checked = check_lengths(data, *layout, limits); !checked) {
    return tl::unexpected(checked.error());
  }
  if (auto read = read_cscds(data, *layout, list); !read) return tl::unexpected(read.error());
  if (auto read = read_segments(data, *layout, limits.segments, list); !read) {
    return tl::unexpected(read.error());
  }
  return list;
}

}  // namespace libcopyfile::wire
