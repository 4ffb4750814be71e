#include "tree/wildcard.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace libcopyfile {
namespace {

constexpr char kSlash = '/';

bool between(unsigned char c, unsigned char first, unsigned char last) {
  return c >= first && c <= last;
}
bool is_upper(unsigned char c) { return between(c, 'A', 'Z'); }
bool is_lower(unsigned char c) { return between(c, 'a', 'z'); }
bool is_alpha(unsigned char c) { return is_upper(c) || is_lower(c); }
bool is_digit(unsigned char c) { return between(c, '0', '9'); }
bool is_alnum(unsigned char c) { return is_alpha(c) || is_digit(c); }
bool is_blank(unsigned char c) { return c == ' ' || c == '\t'; }
bool is_space(unsigned char c) { return c == ' ' || between(c, '\t', '\r'); }
bool is_graph(unsigned char c) { return between(c, '!', '~'); }
bool is_print(unsigned char c) { return between(c, ' ', '~'); }
bool is_punct(unsigned char c) { return is_graph(c) && !is_alnum(c); }
bool is_cntrl(unsigned char c) { return c < ' ' || c == 0x7f; }
bool is_xdigit(unsigned char c) {
  return is_digit(c) || between(c, 'a', 'f') || between(c, 'A', 'F');
}

// Not those of <cctype>: a library can't know the locale of its program.
struct Class {
  std::string_view name;
  bool (*holds)(unsigned char);
};
constexpr std::array kClasses{
    Class{"alnum", is_alnum}, Class{"alpha", is_alpha}, Class{"blank", is_blank},
    Class{"cntrl", is_cntrl}, Class{"digit", is_digit}, Class{"graph", is_graph},
    Class{"lower", is_lower}, Class{"print", is_print}, Class{"punct", is_punct},
    Class{"space", is_space}, Class{"upper", is_upper}, Class{"xdigit", is_xdigit}};

}  // namespace

// Where in the pattern a match can be, after what was read of the text: a bit for each element that comes next, one more
// for the end. Taken together they are followed once, so no pattern can make a match try again.
class Wildcard::States {
 public:
  explicit States(size_t count) : words_((count + 63) / 64) { clear(); }
  void clear() { std::fill_n(bits_.begin(), words_, 0); }
  void set(size_t i) { bits_[i / 64] |= uint64_t{1} << (i % 64); }
  bool has(size_t i) const { return (bits_[i / 64] >> (i % 64) & 1) != 0; }
  bool empty() const {
    return std::all_of(bits_.begin(), bits_.begin() + static_cast<std::ptrdiff_t>(words_),
                       [](uint64_t word) { return word == 0; });
  }
  template <class F>
  void for_each(F each) const {
    for (size_t w = 0; w < words_; ++w) {
      for (uint64_t rest = bits_[w]; rest != 0; rest &= rest - 1) {
        each(w * 64 + static_cast<size_t>(std::countr_zero(rest)));
      }
    }
  }

 private:
  size_t words_;
  std::array<uint64_t, kMaxLength / 64 + 1> bits_;
};

// What stands between brackets.
class Wildcard::SetReader {
 public:
  // `at`: behind the bracket.
  SetReader(std::string_view pattern, size_t at) : pattern_(pattern), at_(at) {}

  std::optional<Set> read() {
    const bool negated = at_ < pattern_.size() && (pattern_[at_] == '!' || pattern_[at_] == '^');
    if (negated) ++at_;
    // A bracket that comes first is a member.
    do {
      if (at_ >= pattern_.size() || !read_member()) return std::nullopt;
    } while (at_ < pattern_.size() && pattern_[at_] != ']');
    if (at_ >= pattern_.size()) return std::nullopt;
    ++at_;
    if (negated) set_.flip();
    set_.reset(static_cast<unsigned char>(kSlash));
    return set_;
  }
  size_t at() const { return at_; }

 private:
  bool read_member() {
    const char c = pattern_[at_];
    if (c == '-' && before_ && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
      ++at_;
      return read_range();
    }
    if (c == '[' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ':') return read_class();
    const std::optional<unsigned char> byte = read_byte();
    if (!byte) return false;
    set_.set(*byte);
    before_ = byte;
    return true;
  }

  std::optional<unsigned char> read_byte() {
    if (pattern_[at_] == '\\') ++at_;
    if (at_ >= pattern_.size()) return std::nullopt;
    return static_cast<unsigned char>(pattern_[at_++]);
  }

  bool read_range() {
    const std::optional<unsigned char> last = read_byte();
    if (!last) return false;
    for (size_t c = *before_; c <= *last; ++c) set_.set(c);
    before_.reset();
    return true;
  }

  // "[:name:]"; what only begins like one is a bracket and more members.
  bool read_class() {
    const size_t begin = at_ + 2;
    const size_t end = pattern_.find(']', begin);
    if (end == std::string_view::npos) return false;
    if (end == begin || pattern_[end - 1] != ':') {
      ++at_;
      set_.set('[');
      before_ = '[';
      return true;
    }
    const std::string_view name = pattern_.substr(begin, end - 1 - begin);
    const auto* known = std::find_if(kClasses.begin(), kClasses.end(),
                                     [&](const Class& one) { return one.name == name; });
    if (known == kClasses.end()) return false;
    for (size_t c = 0; c < set_.size(); ++c) {
      if (known->holds(static_cast<unsigned char>(c))) set_.set(c);
    }
    before_.reset();
    at_ = end + 1;
    return true;
  }

  std::string_view pattern_;
  size_t at_;
  std::optional<unsigned char> before_;  // what a range can begin with
  Set set_;
};

Wildcard::Wildcard(std::string_view pattern) {
  if (pattern.size() > kMaxLength) {
    elements_.emplace_back();
    return;
  }
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at++];
    Element element;
    if (c == '*') {
      const size_t end = std::min(pattern.find_first_not_of('*', at), pattern.size());
      element.kind = end == at ? Kind::star : Kind::stars;
      at = end;
    } else if (c == '?') {
      element.kind = Kind::any_byte;
    } else if (c == '[') {
      SetReader reader(pattern, at);
      const std::optional<Set> set = reader.read();
      at = set ? reader.at() : pattern.size();
      if (set) {
        element = {Kind::set, 0, static_cast<uint16_t>(sets_.size())};
        sets_.push_back(*set);
      }
    } else if (c != '\\' || at < pattern.size()) {
      element = {Kind::byte, static_cast<unsigned char>(c == '\\' ? pattern[at++] : c), 0};
    }
    elements_.push_back(element);
  }
  for (auto e = elements_.rbegin(); e != elements_.rend() && e->kind == Kind::byte; ++e) {
    tail_ += static_cast<char>(e->byte);
  }
  std::reverse(tail_.begin(), tail_.end());
}

bool Wildcard::accepts(const Element& element, unsigned char c) const {
  switch (element.kind) {
    case Kind::byte: return element.byte == c;
    case Kind::any_byte:
    case Kind::star: return c != kSlash;
    case Kind::set: return sets_[element.set].test(c);
    case Kind::stars: return true;
    case Kind::nothing: return false;
  }
  return false;
}

// Stars may stand for nothing, and never stand side by side.
void Wildcard::enter(States& states, size_t i) const {
  states.set(i);
  if (i < elements_.size() && is_star(i)) states.set(i + 1);
}

void Wildcard::step(const States& now, unsigned char c, States& next) const {
  next.clear();
  now.for_each([&](size_t i) {
    if (i == elements_.size() || !accepts(elements_[i], c)) return;
    enter(next, is_star(i) ? i : i + 1);
  });
}

// Most names are told apart by their end: no state is made for them.
bool Wildcard::tail_fits(const Text& text) const {
  if (text.slash_behind || text.path.ends_with(tail_)) return true;
  return text.slash_before && tail_.starts_with(kSlash) &&
         text.path == std::string_view{tail_}.substr(1);
}

bool Wildcard::matches(const Text& text) const {
  if (!tail_fits(text)) return false;
  const size_t end = elements_.size();
  States one(end + 1);
  States other(end + 1);
  States* now = &one;
  States* next = &other;
  enter(*now, 0);
  const auto read = [&](char c) {
    step(*now, static_cast<unsigned char>(c), *next);
    if (text.from_any_component && c == kSlash) enter(*next, 0);
    std::swap(now, next);
    return text.from_any_component || !now->empty();
  };
  if (text.slash_before && !read(kSlash)) return false;
  for (const char c : text.path) {
    if (!read(c)) return false;
  }
  if (text.slash_behind && !read(kSlash)) return false;
  return now->has(end);
}

}  // namespace libcopyfile
