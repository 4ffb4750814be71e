// Keys and values of iSCSI's login and text negotiation (RFC 7143, 6).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/bytes.h"

namespace libcopyfile::wire::iscsi {

inline constexpr size_t kMaxKeyLength = 63;
inline constexpr size_t kMaxNameLength = 223;  // of an iSCSI node (4.2.7.1)

struct KeyValue {
  std::string key, value;
  bool operator==(const KeyValue&) const = default;
};

// "key=value\0key=value\0". Nothing where there is something else, a key too long, or characters that no key has.
std::optional<std::vector<KeyValue>> parse_text(View text);
void append_key(Bytes& text, std::string_view key, std::string_view value);

// A number, decimal or 0x (6.1: "numerical-value").
std::optional<uint64_t> parse_number(std::string_view text);
// Bytes as 0x (hexadecimal) or 0b (base64). Nothing where there are more than `most` of them.
std::optional<Bytes> parse_binary(std::string_view text, size_t most);
std::string format_binary(View bytes);
// A list: "a,b,c". An empty text is one empty item.
std::vector<std::string_view> split_list(std::string_view text);

// Whether the text may be the name of a node: iqn., eui. or naa., of the characters that names have (RFC 3722).
bool is_node_name(std::string_view name);

// A text that may be longer than one PDU takes: the C bit is set on all parts but the last (6.2).
class TextParts {
 public:
  TextParts() = default;
  explicit TextParts(Bytes text) : text_(std::move(text)) {}
  struct Part {
    Bytes text;
    bool more = false;
  };
  Part next(size_t most);
  bool empty() const { return at_ == text_.size(); }

 private:
  Bytes text_;
  size_t at_ = 0;
};

}  // namespace libcopyfile::wire::iscsi
