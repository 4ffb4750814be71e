// Patterns with wildcards, as rsync(1) has them:
//   ?      a byte, not a slash
//   *      any bytes, no slash among them; may be none
//   **     any bytes; more stars are the same
//   [a-z]  a byte of the set, never a slash; [!...] and [^...] one that is not in it; [[:alpha:]] and the other classes, ASCII
//          only. A set without an end, or with a class that nobody knows, matches nothing
//   \x     x itself
// Bytes, not characters: a letter of two bytes is "??".
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace libcopyfile {

class Wildcard {
 public:
  // The states of a match lie on the stack. A longer pattern matches nothing.
  static constexpr size_t kMaxLength = 4096;

  // Matched as a whole, from its beginning to its end.
  struct Text {
    bool slash_before = false;  // as if the path had a slash in front
    std::string_view path;
    bool slash_behind = false;
    bool from_any_component = false;  // or what follows any slash in it
  };

  explicit Wildcard(std::string_view pattern);
  // In time proportional to the length of the pattern times that of the text, whatever they are.
  bool matches(const Text& text) const;

 private:
  enum class Kind : uint8_t { byte, any_byte, set, star, stars, nothing };
  struct Element {
    Kind kind = Kind::nothing;
    unsigned char byte = 0;
    uint16_t set = 0;
  };
  using Set = std::bitset<256>;
  class States;
  class SetReader;

  bool is_star(size_t i) const {
    return elements_[i].kind == Kind::star || elements_[i].kind == Kind::stars;
  }
  bool accepts(const Element& element, unsigned char c) const;
  void enter(States& states, size_t i) const;
  void step(const States& now, unsigned char c, States& next) const;
  bool tail_fits(const Text& text) const;

  std::vector<Element> elements_;
  std::vector<Set> sets_;
  std::string tail_;  // the bytes that the pattern ends with
};

}  // namespace libcopyfile
