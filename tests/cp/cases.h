// For tables of cases.
#pragma once

#include <fmt/format.h>

#include <initializer_list>

#include "trial.h"

namespace libcopyfile::test {

struct Line {
  const char* command;
  unsigned flags = 0;
};

// One case a line, numbered, all after the same setup.
inline void add(std::vector<Case>& cases, const std::string& area, const std::string& setup,
                std::initializer_list<Line> lines, unsigned flags = 0) {
  int number = 0;
  for (const Line& line : lines) {
    cases.push_back(
        {fmt::format("{}{:02}", area, ++number), setup, line.command, line.flags | flags});
  }
}

}  // namespace libcopyfile::test
