// Arguments of options that are one of a few words.
#pragma once

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {

template <class T>
struct Choice {
  const char* name;
  T value;
};

// GNU programs take any unambiguous beginning of a choice.
template <class T, size_t N>
bool choose(const char* option, std::string_view wanted, const std::array<Choice<T>, N>& choices,
            T& value) {
  const Choice<T>* found = nullptr;
  size_t matches = 0;
  for (const Choice<T>& c : choices) {
    if (wanted == c.name) {
      value = c.value;
      return true;
    }
    if (std::string_view(c.name).substr(0, wanted.size()) == wanted) {
      found = &c;
      ++matches;
    }
  }
  if (matches == 1) {
    value = found->value;
    return true;
  }
  std::string valid;
  for (const Choice<T>& c : choices) valid += fmt::format("\n  - '{}'", c.name);
  usage_error(fmt::format("{} argument {} for '--{}'\nValid arguments are:{}",
                          matches == 0 ? "invalid" : "ambiguous", app::quoted(wanted), option,
                          valid));
  return false;
}

}  // namespace libcopyfile::app
