// The JSON form, read as a stream of events: a list of a million ranges never becomes a tree. Nesting costs no stack.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "copyfile/quote.h"
#include "copyfile/range_syntax.h"

namespace libcopyfile::app {
namespace {

// The parser's events carry no position. Reading through this iterator leaves the position where the list can see it.
class Reading {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit Reading(const char** at) : at_(at) {}
  reference operator*() const { return **at_; }
  Reading& operator++() {
    ++*at_;
    return *this;
  }
  bool operator==(const Reading& o) const { return *at_ == *o.at_; }

 private:
  const char** at_;
};

enum class Member : uint8_t { in, out, length, start, data, depth, offset, unknown };

struct MemberName {
  std::string_view name;
  Member member;
};
constexpr std::array kMembers{
    MemberName{"in", Member::in},         MemberName{"in_offset", Member::in},
    MemberName{"out", Member::out},       MemberName{"out_offset", Member::out},
    MemberName{"length", Member::length}, MemberName{"start", Member::start},
    MemberName{"data", Member::data},     MemberName{"depth", Member::depth},
    MemberName{"offset", Member::offset}};

Member member_named(std::string_view name) {
  for (const MemberName& m : kMembers) {
    if (m.name == name) return m.member;
  }
  return Member::unknown;
}

std::string shown(std::string_view text) {
  constexpr size_t kShown = 40;
  return app::quoted(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
}

// One element of the list while it is read.
struct Element {
  const char* begin = nullptr;
  std::array<uint64_t, 8> values{};
  unsigned seen = 0;  // one bit a member
  // A misspelt member must not pass for a missing one: without "out", bytes would go elsewhere.
  std::string unknown;
  const char* unknown_at = nullptr;

  bool has(Member m) const { return (seen >> static_cast<unsigned>(m) & 1U) != 0; }
  uint64_t operator[](Member m) const { return values[static_cast<size_t>(m)]; }
  void set(Member m, uint64_t value) { values[static_cast<size_t>(m)] = value; }
  // False if it was there before.
  bool mark(Member m) {
    if (has(m)) return false;
    seen |= 1U << static_cast<unsigned>(m);
    return true;
  }
};

// Takes the events of nlohmann's parser, whose names these are. false ends the parse.
class RangeEvents {
 public:
  using Json = nlohmann::json;

  RangeEvents(std::string_view text, const char* const* at)
      : text_(text), at_(at), token_end_(text.data()) {}

  bool null() {
    begin_token();
    return scalar("null", [&] { return set_null(); });
  }
  bool boolean(bool value) {
    begin_token();
    return scalar("a truth value", [&] { return set_boolean(value); });
  }
  // The parser makes this event of negative numbers only.
  bool number_integer(Json::number_integer_t) {
    begin_number();
    return scalar("a number", [&] { return bad_value("it is negative"); });
  }
  bool number_unsigned(Json::number_unsigned_t value) {
    begin_number();
    return scalar("a number", [&] { return set_number(value); });
  }
  bool number_float(Json::number_float_t value, const Json::string_t&) {
    begin_number();
    return scalar("a number", [&] { return set_float(value); });
  }
  bool string(const Json::string_t& value) {
    begin_token();
    return scalar("a string", [&] { return set_string(value); });
  }
  bool binary(const Json::binary_t&) { return fail_at(token_, "binary data"); }  // text has none

  bool start_object(size_t) {
    begin_token();
    if (skipped_ > 0) return skip();
    switch (state_) {
      case State::root: state_ = State::wrapper; return true;
      case State::wrapper:
        if (at_ranges_) return fail_at(token_, "'ranges' is an object, not an array");
        return skip();
      case State::list:
        state_ = State::element;
        element_ = {};
        element_.begin = token_;
        ++number_;
        return true;
      case State::element: return container("an object");
      case State::end: break;
    }
    return fail_at(token_, "expected the end");
  }
  bool start_array(size_t) {
    begin_token();
    if (skipped_ > 0) return skip();
    switch (state_) {
      case State::root: state_ = State::list; return true;
      case State::wrapper:
        if (!at_ranges_) return skip();
        state_ = State::list;
        wrapped_ = true;
        return true;
      case State::list: ++number_; return fail_at(token_, about("it is an array, not an object"));
      case State::element: return container("an array");
      case State::end: break;
    }
    return fail_at(token_, "expected the end");
  }
  bool end_object() {
    begin_token();
    if (skipped_ > 0) return --skipped_, true;
    if (state_ == State::element) {
      state_ = State::list;
      return finish_element();
    }
    state_ = State::end;
    return found_ranges_ || fail_at(token_, "the object has no member 'ranges'");
  }
  bool end_array() {
    begin_token();
    if (skipped_ > 0) return --skipped_, true;
    state_ = wrapped_ ? State::wrapper : State::end;
    return true;
  }
  bool key(const Json::string_t& name) {
    begin_token();
    if (skipped_ > 0) return true;
    if (state_ == State::wrapper) return wrapper_key(name);
    name_ = name;
    member_ = member_named(name);
    if (member_ == Member::unknown) {
      if (element_.unknown_at == nullptr) element_.unknown_at = token_, element_.unknown = name;
      return true;
    }
    return element_.mark(member_) ||
           fail_at(token_, about(fmt::format("{} is there twice", shown(name))));
  }

  bool parse_error(size_t position, const std::string& token, const Json::exception& problem) {
    (void)token;
    const size_t last = std::min(position > 0 ? position - 1 : 0, text_.size());
    return fail_at(text_.data() + last, syntax_reason(problem.what()));
  }

  std::vector<CopyRange>& ranges() { return ranges_; }
  SyntaxError& error() { return error_; }

 private:
  enum class State : uint8_t { root, wrapper, list, element, end };
  static constexpr unsigned kMaxSkippedDepth = 64;

  // Finds where the token of this event begins: between the last one and it there is nothing but punctuation.
  void begin_token() {
    constexpr std::string_view kBetween = ",: \t\n\r";
    token_ = token_end_;
    while (token_ < *at_ && kBetween.find(*token_) != kBetween.npos) ++token_;
    token_end_ = *at_;
  }
  // The parser has read past a number when it tells of it.
  void begin_number() {
    constexpr std::string_view kInNumbers = "+-.0123456789Ee";
    begin_token();
    token_end_ =
        std::find_if(token_, *at_, [&](char c) { return kInNumbers.find(c) == kInNumbers.npos; });
  }

  bool fail_at(const char* where, std::string reason) {
    error_ = {where, std::move(reason)};
    return false;
  }
  std::string about(std::string_view reason) const {
    return fmt::format("range {}: {}", number_, reason);
  }
  bool bad_value(std::string_view reason) {
    return fail_at(token_, about(fmt::format("{}: {}", shown(name_), reason)));
  }

  bool skip() {
    if (++skipped_ > kMaxSkippedDepth) return fail_at(token_, "nested too deeply");
    return true;
  }
  bool container(std::string_view what) {
    if (member_ == Member::unknown) return skip();
    return bad_value(fmt::format("it is {}", what));
  }
  bool wrapper_key(const std::string& name) {
    at_ranges_ = name == "ranges";
    if (!at_ranges_) return true;
    if (found_ranges_) return fail_at(token_, "'ranges' is there twice");
    return found_ranges_ = true;
  }
  template <class Set>
  bool scalar(std::string_view what, Set set) {
    if (skipped_ > 0) return true;
    switch (state_) {
      case State::element: return member_ == Member::unknown || set();
      case State::list:
        ++number_;
        return fail_at(token_, about(fmt::format("it is {}, not an object", what)));
      case State::wrapper:
        return !at_ranges_ || fail_at(token_, fmt::format("'ranges' is {}, not an array", what));
      case State::root:
      case State::end: break;
    }
    return fail_at(token_, "expected an array of ranges");
  }

  bool set_null() {
    if (member_ != Member::length) return bad_value("it is null");
    element_.set(member_, kToEnd);
    return true;
  }
  bool set_boolean(bool value) {
    if (member_ != Member::data) return bad_value("it is a truth value, not a number");
    element_.set(member_, value ? 1 : 0);
    return true;
  }
  bool set_number(uint64_t value) {
    if (member_ == Member::data) return bad_value("it is a number, not a truth value");
    if (value > kMaxOffset) return bad_value(kTooLarge);
    element_.set(member_, value);
    return true;
  }
  // Programs whose numbers are all floating point (jq) write large ones as 1e+15; as long as every whole number has a
  // value of its own, that is exact.
  bool set_float(double value) {
    constexpr double kExact = 9007199254740992;  // 2^53
    if (value < 0) return bad_value("it is negative");
    if (value != std::floor(value)) return bad_value("it is not a whole number of bytes");
    if (value > kExact) return bad_value("it is too large, or not exact");
    return set_number(static_cast<uint64_t>(value));
  }
  bool set_string(const std::string& value) {
    if (member_ == Member::data) return bad_value("it is a string, not a truth value");
    if (member_ == Member::length && value == "-") return set_null();
    constexpr size_t kMaxNumber = 64;
    const std::string_view written = value;
    const Parsed<uint64_t> size = parse_size(written.substr(0, kMaxNumber));
    if (!size) return bad_value(fmt::format("{}: {}", shown(value), size.error()));
    return set_number(*size);
  }

  bool finish_element() {
    const Element& e = element_;
    const bool of_map = e.has(Member::start) || e.has(Member::data);
    if (of_map && (e.has(Member::in) || e.has(Member::out))) {
      return fail_at(e.begin, about("it has members of a range and of an image map"));
    }
    if (of_map ? !missing(Member::start, "start") && !missing(Member::data, "data")
               : !missing(Member::in, "in")) {
      if (missing(Member::length, "length")) return false;
      return of_map ? finish_map_element() : finish_range();
    }
    return false;
  }
  // Fails and returns true where the element lacks the member.
  bool missing(Member member, std::string_view name) {
    if (element_.has(member)) return false;
    if (element_.unknown_at != nullptr) {
      fail_at(element_.begin, about(fmt::format("it has no member '{}', but an unknown one, {}",
                                                name, shown(element_.unknown))));
    } else {
      fail_at(element_.begin, about(fmt::format("it has no member '{}'", name)));
    }
    return true;
  }
  bool finish_range() {
    const Element& e = element_;
    if (e.unknown_at != nullptr) {
      return fail_at(e.unknown_at,
                     about(fmt::format("unknown member {}: 'in', 'out' and 'length' are known",
                                       shown(e.unknown))));
    }
    const uint64_t in = e[Member::in];
    return add({in, e.has(Member::out) ? e[Member::out] : in, e[Member::length]});
  }
  // Members of maps that are not known here (present, zero, compressed, what later QEMUs add) change nothing.
  bool finish_map_element() {
    const Element& e = element_;
    if (e[Member::data] == 0) return true;
    if (e[Member::depth] > 0) {
      return fail_at(
          e.begin,
          about(fmt::format("its data is in a backing file ('depth' is {}), not in the source",
                            e[Member::depth])));
    }
    if (!e.has(Member::offset)) {
      return fail_at(
          e.begin,
          about("it has no 'offset': its data is compressed or encrypted, and stands nowhere in "
                "the source as such"));
    }
    return add({e[Member::offset], e[Member::start], e[Member::length]});
  }
  bool add(const CopyRange& range) {
    if (!is_within_files(range)) return fail_at(element_.begin, about(kBeyondFiles));
    if (ranges_.size() == kMaxListRanges) {
      return fail_at(element_.begin, fmt::format("a list holds {} ranges at most", kMaxListRanges));
    }
    ranges_.push_back(range);
    return true;
  }

  // "[json.exception.parse_error.101] parse error at line 1, column 9: syntax error while parsing ...": the numbers are
  // ours to tell, and what was read last may be a megabyte of anything.
  static std::string syntax_reason(std::string_view what) {
    constexpr std::string_view kColumn = ", column ";
    if (const size_t id = what.find("] "); id != what.npos) what.remove_prefix(id + 2);
    if (const size_t column = what.find(kColumn); column != what.npos) {
      if (const size_t end = what.find(": ", column); end != what.npos) what.remove_prefix(end + 2);
    }
    const size_t last = what.find("; last read: ");
    const size_t expects = what.rfind("; expected ");
    std::string reason(what.substr(0, last));
    if (last != what.npos && expects != what.npos && expects > last) reason += what.substr(expects);
    constexpr size_t kLongest = 200;
    if (reason.size() > kLongest) reason.resize(kLongest);
    for (char& c : reason) {
      if (printable_length(std::string_view(&c, 1), false) == 0) c = '?';
    }
    return reason;
  }

  std::string_view text_;
  const char* const* at_;  // how far the parser has read
  const char* token_end_;  // of the last event
  const char* token_ = nullptr;
  State state_ = State::root;
  bool wrapped_ = false;    // the list is the member "ranges" of an object
  bool at_ranges_ = false;  // the member of the wrapper being read is "ranges"
  bool found_ranges_ = false;
  unsigned skipped_ = 0;  // open containers that mean nothing to us
  size_t number_ = 0;     // of the element, from 1
  Element element_;
  Member member_ = Member::unknown;
  std::string name_;
  std::vector<CopyRange> ranges_;
  SyntaxError error_;
};

}  // namespace

Ranges parse_json(std::string_view text) {
  // The parser takes a NUL for the end of its input, and would not look at what follows.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    return tl::unexpected(SyntaxError{text.data() + nul, "a NUL byte"});
  }
  const char* at = text.data();
  const char* end = text.data() + text.size();
  RangeEvents events(text, &at);
  if (!nlohmann::json::sax_parse(Reading(&at), Reading(&end), &events)) {
    return tl::unexpected(events.error());
  }
  return std::move(events.ranges());
}

}  // namespace libcopyfile::app
