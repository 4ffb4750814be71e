// Copies by token (SBC-3 5.14, 5.48; SPC-4 6.22): POPULATE TOKEN makes a token that stands for blocks of the source, WRITE USING
// TOKEN puts them into the destination, and what became of either is asked for with RECEIVE ROD TOKEN INFORMATION. Windows calls
// it ODX.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "wire/copy_results.h"
#include "wire/sense.h"

namespace libcopyfile::wire {

struct BlockRange {
  uint64_t lba = 0;
  uint32_t blocks = 0;
  bool operator==(const BlockRange&) const = default;
};
inline constexpr size_t kRangeSize = 16;
inline constexpr size_t kPopulateHeader = 16;
inline constexpr size_t kWriteHeader = 536;
// More do not fit into DATA LENGTH.
inline constexpr size_t kMaxRanges = (UINT16_MAX - kWriteHeader) / kRangeSize;

enum class RodType : uint32_t {
  access_on_reference = 0x00010000,
  point_in_time = 0x00800000,
  point_in_time_vulnerable = 0x00800001,
  point_in_time_persistent = 0x00800002,
  point_in_time_cow = 0x00800003,
  point_in_time_any = 0x0080ffff,
  block_zero = 0xffff0001,  // needs no POPULATE TOKEN
};

inline constexpr size_t kTokenSize = 512;
inline constexpr uint16_t kTokenBody = 0x01f8;
using Token = std::array<uint8_t, kTokenSize>;

// What stands in a token in the clear. Whoever made it may have put anything there: a token is given back, not believed.
struct TokenHead {
  RodType type = RodType::point_in_time;
  uint64_t id = 0;                         // of the copy manager
  std::array<uint8_t, 32> creator{};       // CSCD descriptor of the logical unit
  uint64_t bytes_high = 0, bytes_low = 0;  // NUMBER OF BYTES REPRESENTED, 128 bits
  bool operator==(const TokenHead&) const = default;
};

// The rest of the token is zero; a target puts its secret there.
Token encode_token(const TokenHead& head);
// Nothing where the length is not that of a token.
std::optional<TokenHead> decode_token(View data);
// Stands for any number of zeros.
Token zero_token();

struct PopulateToken {
  bool immediate = false;
  uint32_t inactivity_timeout = 0;  // seconds; 0: the default of the device
  std::optional<RodType> type;      // RTV
  std::vector<BlockRange> ranges;
  bool operator==(const PopulateToken&) const = default;
};

struct WriteUsingToken {
  bool immediate = false;
  bool delete_token = false;
  uint64_t offset = 0;  // into the token, in blocks
  Token token{};
  std::vector<BlockRange> ranges;
  bool operator==(const WriteUsingToken&) const = default;
};

// REQUIRES at most kMaxRanges ranges.
Bytes encode(const PopulateToken& list);
Bytes encode(const WriteUsingToken& list);

// Checked: lengths, at least one range, at most `max_ranges`, no overlap of ranges of one list, no range beyond 2^64. Not
// checked: that blocks exist, and the token.
Decoded<PopulateToken> decode_populate_token(View data, uint16_t max_ranges);
Decoded<WriteUsingToken> decode_write_using_token(View data, uint16_t max_ranges);

// RECEIVE ROD TOKEN INFORMATION.
struct TokenInformation {
  OperationStatus status;
  std::optional<Token> token;
  bool operator==(const TokenInformation&) const = default;
};

Bytes encode(const TokenInformation& information);
// Nothing where a length is wrong: descriptors of neither 0 nor 514 bytes, or not there.
std::optional<TokenInformation> decode_token_information(View data);

// REPORT ALL ROD TOKENS (SPC-4 6.30): of each token the part that names it, without what makes it valid.
inline constexpr size_t kManagementToken = 96;
Bytes encode_token_report(const std::vector<Token>& tokens);

}  // namespace libcopyfile::wire
