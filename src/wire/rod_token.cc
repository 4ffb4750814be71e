#include "wire/rod_token.h"

#include <algorithm>

#include "wire/sense_codes.h"

namespace libcopyfile::wire {
namespace {

constexpr size_t kDescriptorHead = 2;  // ID FOR CREATING ROD CSCD DESCRIPTOR
constexpr size_t kListHead = 4;        // ROD TOKEN DESCRIPTORS LENGTH

void put_ranges(Writer& out, size_t at, const std::vector<BlockRange>& ranges) {
  out.be16(at - 2, static_cast<uint16_t>(ranges.size() * kRangeSize));
  for (const BlockRange& range : ranges) {
    out.be64(at, range.lba);
    out.be32(at + 8, range.blocks);
    at += kRangeSize;
  }
}

tl::unexpected<Sense> refuse(SenseCode code, size_t byte) {
  return tl::unexpected(refusal_at(code, byte));
}

// Whether two of them overlap, or one ends beyond 2^64.
bool sound(std::vector<BlockRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const BlockRange& a, const BlockRange& b) { return a.lba < b.lba; });
  const BlockRange* before = nullptr;
  for (const BlockRange& range : ranges) {
    if (range.blocks == 0) continue;
    if (range.lba > UINT64_MAX - range.blocks) return false;
    if (before != nullptr && range.lba < before->lba + before->blocks) return false;
    before = &range;
  }
  return true;
}

// Ranges that begin at `at`; DATA LENGTH stands at 0 and RANGE DESCRIPTOR LENGTH before them, in both lists.
Decoded<std::vector<BlockRange>> get_ranges(View data, size_t at, uint16_t max_ranges) {
  if (data.size() < at) return tl::unexpected(refusal(codes::kParameterListLength));
  const size_t length = data.be16(at - 2);
  if (size_t{data.be16(0)} + 2 > data.size()) {
    return tl::unexpected(refusal(codes::kParameterListLength));
  }
  if (size_t{data.be16(0)} + 2 < at + length) return refuse(codes::kInvalidFieldInList, 0);
  if (length == 0 || length % kRangeSize != 0) return refuse(codes::kInvalidFieldInList, at - 2);
  if (length / kRangeSize > max_ranges) return refuse(codes::kTooManySegments, at - 2);
  std::vector<BlockRange> ranges;
  for (size_t i = at; i < at + length; i += kRangeSize) {
    ranges.push_back({data.be64(i), data.be32(i + 8)});
  }
  if (!sound(ranges)) return refuse(codes::kInvalidFieldInList, at);
  return ranges;
}

}  // namespace

Token encode_token(const TokenHead& head) {
  Token token{};
  Writer out(token);
  out.be32(0, static_cast<uint32_t>(head.type));
  out.be16(6, kTokenBody);
  out.be64(8, head.id);
  out.bytes(16, View(head.creator));
  out.be64(48, head.bytes_high);
  out.be64(56, head.bytes_low);
  return token;
}

std::optional<TokenHead> decode_token(View data) {
  if (data.size() < kTokenSize || data.be16(6) != kTokenBody) return std::nullopt;
  TokenHead head;
  head.type = static_cast<RodType>(data.be32(0));
  head.id = data.be64(8);
  const auto creator = data.part(16, 32).span();
  std::copy(creator.begin(), creator.end(), head.creator.begin());
  head.bytes_high = data.be64(48);
  head.bytes_low = data.be64(56);
  return head;
}

Token zero_token() {
  TokenHead head;
  head.type = RodType::block_zero;
  return encode_token(head);
}

Bytes encode(const PopulateToken& list) {
  Bytes bytes(kPopulateHeader + list.ranges.size() * kRangeSize);
  Writer out(bytes);
  out.be16(0, static_cast<uint16_t>(bytes.size() - 2));
  out.u8(2, static_cast<uint8_t>((list.type ? 2 : 0) | (list.immediate ? 1 : 0)));
  out.be32(4, list.inactivity_timeout);
  if (list.type) out.be32(8, static_cast<uint32_t>(*list.type));
  put_ranges(out, kPopulateHeader, list.ranges);
  return bytes;
}

Bytes encode(const WriteUsingToken& list) {
  Bytes bytes(kWriteHeader + list.ranges.size() * kRangeSize);
  Writer out(bytes);
  out.be16(0, static_cast<uint16_t>(bytes.size() - 2));
  out.u8(2, static_cast<uint8_t>((list.delete_token ? 2 : 0) | (list.immediate ? 1 : 0)));
  out.be64(8, list.offset);
  out.bytes(16, View(list.token));
  put_ranges(out, kWriteHeader, list.ranges);
  return bytes;
}

Decoded<PopulateToken> decode_populate_token(View data, uint16_t max_ranges) {
  auto ranges = get_ranges(data, kPopulateHeader, max_ranges);
  if (!ranges) return tl::unexpected(std::move(ranges.error()));
  PopulateToken list;
  list.immediate = data.bit(2, 0);
  list.inactivity_timeout = data.be32(4);
  if (data.bit(2, 1)) list.type = static_cast<RodType>(data.be32(8));
  list.ranges = std::move(*ranges);
  return list;
}

Decoded<WriteUsingToken> decode_write_using_token(View data, uint16_t max_ranges) {
  auto ranges = get_ranges(data, kWriteHeader, max_ranges);
  if (!ranges) return tl::unexpected(std::move(ranges.error()));
  WriteUsingToken list;
  list.immediate = data.bit(2, 0);
  list.delete_token = data.bit(2, 1);
  list.offset = data.be64(8);
  const auto token = data.part(16, kTokenSize).span();
  std::copy(token.begin(), token.end(), list.token.begin());
  list.ranges = std::move(*ranges);
  return list;
}

Bytes encode(const TokenInformation& information) {
  Bytes bytes = encode(information.status);
  const size_t at = bytes.size();
  const size_t length = information.token ? kDescriptorHead + kTokenSize : 0;
  bytes.resize(at + kListHead + length);
  Writer out(bytes);
  out.be32(0, static_cast<uint32_t>(bytes.size() - 4));
  out.be32(at, static_cast<uint32_t>(length));
  if (information.token) out.bytes(at + kListHead + kDescriptorHead, View(*information.token));
  return bytes;
}

Bytes encode_token_report(const std::vector<Token>& tokens) {
  constexpr size_t kReportHead = 8;
  Bytes bytes(kReportHead + tokens.size() * kManagementToken);
  Writer out(bytes);
  out.be32(0, static_cast<uint32_t>(bytes.size() - 4));
  size_t at = kReportHead;
  for (const Token& token : tokens) {
    out.bytes(at, View(token).part(0, kManagementToken));
    at += kManagementToken;
  }
  return bytes;
}

std::optional<TokenInformation> decode_token_information(View data) {
  auto status = decode_operation_status(data);
  if (!status) return std::nullopt;
  TokenInformation information{std::move(*status), std::nullopt};
  data = data.part(0, size_t{data.be32(0)} + 4);
  const size_t at = 32 + size_t{data.u8(13)};
  const uint32_t length = data.be32(at);
  if (length == 0) return information;
  if (length != kDescriptorHead + kTokenSize || !data.has(at + kListHead, length)) {
    return std::nullopt;
  }
  const auto token = data.part(at + kListHead + kDescriptorHead, kTokenSize).span();
  information.token.emplace();
  std::copy(token.begin(), token.end(), information.token->begin());
  return information;
}

}  // namespace libcopyfile::wire
