#include "wire/copy_results.h"

#include <limits>

namespace libcopyfile::wire {
namespace {

constexpr size_t kParametersHead = 44;
constexpr size_t kStatusSize = 12;
constexpr size_t kDetailsHead = 60;
constexpr size_t kOperationHead = 32;

// Every response begins with how much follows these four bytes.
void put_available(Bytes& bytes) { Writer(bytes).be32(0, static_cast<uint32_t>(bytes.size() - 4)); }

// What is there of what it says is there.
View available(View data) { return data.part(0, size_t{data.be32(0)} + 4); }

}  // namespace

Bytes encode(const OperatingParameters& p) {
  const View types = View(p.descriptor_types).part(0, UINT8_MAX);
  Bytes bytes(kParametersHead + types.size());
  Writer out(bytes);
  out.u8(4, p.no_list_id ? 1 : 0);
  out.be16(8, p.max_cscds);
  out.be16(10, p.max_segments);
  out.be32(12, p.max_descriptors_length);
  out.be32(16, p.max_segment_length);
  out.be32(20, p.max_inline_length);
  out.be32(24, p.held_data_limit);
  out.be32(28, p.max_stream_transfer);
  out.be16(34, p.total_concurrent_copies);
  out.u8(36, p.max_concurrent_copies);
  out.u8(37, p.segment_granularity);
  out.u8(38, p.inline_granularity);
  out.u8(39, p.held_data_granularity);
  out.u8(43, static_cast<uint8_t>(types.size()));
  out.bytes(kParametersHead, types);
  put_available(bytes);
  return bytes;
}

std::optional<OperatingParameters> decode_operating_parameters(View data) {
  data = available(data);
  if (data.size() < kParametersHead) return std::nullopt;
  OperatingParameters p;
  p.no_list_id = data.bit(4, 0);
  p.max_cscds = data.be16(8);
  p.max_segments = data.be16(10);
  p.max_descriptors_length = data.be32(12);
  p.max_segment_length = data.be32(16);
  p.max_inline_length = data.be32(20);
  p.held_data_limit = data.be32(24);
  p.max_stream_transfer = data.be32(28);
  p.total_concurrent_copies = data.be16(34);
  p.max_concurrent_copies = data.u8(36);
  p.segment_granularity = data.u8(37);
  p.inline_granularity = data.u8(38);
  p.held_data_granularity = data.u8(39);
  p.descriptor_types = data.part(kParametersHead, data.u8(43)).copy();
  return p;
}

std::optional<uint64_t> count_in_bytes(uint8_t unit, uint64_t count, uint32_t block_length) {
  uint64_t size = 1;
  if (unit == kUnitBlocks) {
    size = block_length;
  } else if (unit <= 6) {
    size = uint64_t{1} << (10 * unit);
  } else {
    return std::nullopt;
  }
  if (size != 0 && count > std::numeric_limits<uint64_t>::max() / size) return std::nullopt;
  return count * size;
}

Bytes encode(const CopyStatus& status) {
  Bytes bytes(kStatusSize);
  Writer out(bytes);
  out.u8(4, static_cast<uint8_t>((status.held_data_discarded ? 0x80 : 0) |
                                 static_cast<uint8_t>(status.state)));
  out.be16(5, status.segments_processed);
  out.u8(7, status.unit);
  out.be32(8, status.count);
  put_available(bytes);
  return bytes;
}

std::optional<CopyStatus> decode_copy_status(View data) {
  if (data.size() < kStatusSize) return std::nullopt;
  const uint8_t state = data.u8(4) & 0x7f;
  if (state > static_cast<uint8_t>(CopyStatus::State::error)) return std::nullopt;
  CopyStatus status;
  status.held_data_discarded = data.bit(4, 7);
  status.state = static_cast<CopyStatus::State>(state);
  status.segments_processed = data.be16(5);
  status.unit = data.u8(7);
  status.count = data.be32(8);
  return status;
}

Bytes encode(const FailureDetails& details) {
  Bytes bytes(kDetailsHead + details.sense.size());
  Writer out(bytes);
  out.u8(56, details.status);
  out.be16(58, static_cast<uint16_t>(details.sense.size()));
  out.bytes(kDetailsHead, details.sense);
  put_available(bytes);
  return bytes;
}

std::optional<FailureDetails> decode_failure_details(View data) {
  // AVAILABLE DATA of 0: there are no details.
  if (data.has(0, 4) && data.be32(0) == 0) return FailureDetails{};
  data = available(data);
  if (data.size() < kDetailsHead || !data.has(kDetailsHead, data.be16(58))) return std::nullopt;
  return FailureDetails{data.u8(56), data.part(kDetailsHead, data.be16(58)).copy()};
}

Bytes encode(const OperationStatus& status) {
  const View sense = View(status.sense).part(0, UINT8_MAX);
  Bytes bytes(kOperationHead + sense.size());
  Writer out(bytes);
  out.u8(4, status.service_action & 0x1f);
  out.u8(5, static_cast<uint8_t>(status.state));
  out.be16(6, status.counter);
  out.be32(8, status.delay_ms);
  out.u8(12, status.completion_status);
  out.u8(13, static_cast<uint8_t>(sense.size()));
  out.u8(14, static_cast<uint8_t>(sense.size()));
  out.u8(15, status.unit);
  out.be64(16, status.count);
  out.be16(24, status.segments_processed);
  out.bytes(kOperationHead, sense);
  put_available(bytes);
  return bytes;
}

std::optional<OperationStatus> decode_operation_status(View data) {
  data = available(data);
  // The field for the sense data may be longer than what is in it.
  if (data.size() < kOperationHead || data.u8(14) > data.u8(13)) return std::nullopt;
  if (!data.has(kOperationHead, data.u8(13))) return std::nullopt;
  OperationStatus status;
  status.service_action = data.u8(4) & 0x1f;
  status.state = static_cast<OperationStatus::State>(data.u8(5));
  status.counter = data.be16(6);
  status.delay_ms = data.be32(8);
  status.completion_status = data.u8(12);
  status.unit = data.u8(15);
  status.count = data.be64(16);
  status.segments_processed = data.be16(24);
  status.sense = data.part(kOperationHead, data.u8(14)).copy();
  return status;
}

}  // namespace libcopyfile::wire
