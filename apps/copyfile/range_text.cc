// The text form. A million ranges are 20 to 60 MB, so numbers without a suffix are read in one pass over the buffer;
// everything else takes the slow and careful way.
#include <fmt/format.h>

#include <algorithm>

#include "copyfile/quote.h"
#include "copyfile/range_syntax.h"

namespace libcopyfile::app {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool ends_number(char c) { return c == ':' || c == '#' || is_blank(c); }

// So much of a bad token is shown: the reason should stay a line.
constexpr size_t kShown = 40;

class Text {
 public:
  explicit Text(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  Text& skip_blank() {
    while (at_ < end_ && is_blank(*at_)) ++at_;
    return *this;
  }
  // Blanks and comments.
  void skip_to_range() {
    while (skip_blank().at_ < end_ && *at_ == '#') at_ = std::find(at_, end_, '\n');
  }
  bool at_end() const { return at_ == end_; }
  const char* position() const { return at_; }

  // False, and error() says why, where the text does not go on with a range.
  bool range(CopyRange& range) {
    const char* const begin = at_;
    if (!number("the offset in the source", range.in) || !colon("the offset in the source")) {
      return false;
    }
    range.out = range.in;
    if (!at(':') && !number("the offset in the destination", range.out)) return false;
    if (!colon("the offset in the destination") || !length(range.length)) return false;
    if (at_ < end_ && *at_ == ':') return expected("a blank behind the range");
    if (!is_within_files(range)) return failed(begin, std::string(kBeyondFiles));
    return true;
  }
  // What stands at the position, in place of what was expected.
  bool expected(std::string_view what) {
    if (at_end()) return failed(at_, fmt::format("expected {}, found the end", what));
    if (*at_ == '\n' || *at_ == '\r')
      return failed(at_, fmt::format("expected {}, found the end of the line", what));
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    const size_t shown = std::max<size_t>(printable_length(rest, true), 1);
    return failed(at_,
                  fmt::format("expected {}, found {}", what, app::quoted(rest.substr(0, shown))));
  }
  SyntaxError& error() { return error_; }

 private:
  bool at(char c) const { return at_ < end_ && *at_ == c; }
  bool at_number_end() const { return at_ == end_ || ends_number(*at_); }

  bool failed(const char* where, std::string reason) {
    error_ = {where, std::move(reason)};
    return false;
  }
  bool colon(std::string_view behind) {
    if (!at(':')) return expected(fmt::format("':' behind {}", behind));
    ++at_;
    return true;
  }
  bool length(uint64_t& value) {
    if (at_end() || is_blank(*at_) || *at_ == '#') {
      value = kToEnd;
      return true;
    }
    if (*at_ == '-' && (at_ + 1 == end_ || ends_number(at_[1]))) {
      value = kToEnd;
      ++at_;
      return true;
    }
    return number("the length", value);
  }
  bool number(std::string_view what, uint64_t& value) {
    // So many digits, and so many before a K, M or G, are never too large.
    constexpr ptrdiff_t kDigits = 18;
    constexpr ptrdiff_t kDigitsBeforeSuffix = 9;
    const char* const begin = at_;
    uint64_t sum = 0;
    for (; at_ < end_; ++at_) {
      const unsigned digit = static_cast<unsigned char>(*at_) - unsigned{'0'};
      if (digit > 9) break;
      sum = sum * 10 + digit;
    }
    const ptrdiff_t digits = at_ - begin;
    if (digits > 0 && digits <= kDigitsBeforeSuffix && at_ < end_) {
      const unsigned shift = *at_ == 'K' ? 10 : *at_ == 'M' ? 20 : *at_ == 'G' ? 30 : 0;
      sum <<= shift;
      if (shift > 0) ++at_;
    }
    if (digits > 0 && digits <= kDigits && at_number_end()) {
      value = sum;
      return true;
    }
    return careful_number(begin, what, value);
  }
  bool careful_number(const char* begin, std::string_view what, uint64_t& value) {
    at_ = std::find_if(begin, end_, ends_number);
    const std::string_view token(begin, static_cast<size_t>(at_ - begin));
    if (token.empty() || *begin == '\0') {
      at_ = begin;
      return expected(what);
    }
    const Parsed<uint64_t> size = parse_size(token.substr(0, kMaxToken));
    if (!size) {
      const bool cut = token.size() > kShown;
      return failed(begin, fmt::format("{} is {}{}: {}", what, app::quoted(token.substr(0, kShown)),
                                       cut ? "..." : "", size.error()));
    }
    if (*size > kMaxOffset)
      return failed(begin, fmt::format("{} is {}: {}", what, app::quoted(token), kTooLarge));
    value = *size;
    return true;
  }

  // Nothing longer is a number; a megabyte of something else need not be looked at whole.
  static constexpr size_t kMaxToken = 64;

  const char* at_;
  const char* end_;
  SyntaxError error_;
};

}  // namespace

Parsed<CopyRange> parse_range(std::string_view argument) {
  Text text(argument);
  CopyRange range;
  const bool good = text.range(range) && (text.at_end() || text.expected("the end of the range"));
  if (good) return range;
  const SyntaxError& e = text.error();
  if (e.at == argument.data()) return refuse(e.reason);
  return refuse(fmt::format("{} (at character {})", e.reason, e.at - argument.data() + 1));
}

Ranges parse_text(std::string_view list) {
  Text text(list);
  std::vector<CopyRange> ranges;
  for (;;) {
    text.skip_to_range();
    if (text.at_end()) return ranges;
    if (ranges.size() == kMaxListRanges) {
      return tl::unexpected(SyntaxError{
          text.position(), fmt::format("a list holds {} ranges at most", kMaxListRanges)});
    }
    CopyRange range;
    if (!text.range(range)) return tl::unexpected(text.error());
    ranges.push_back(range);
  }
}

}  // namespace libcopyfile::app
