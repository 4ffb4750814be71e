#include "copyfile/prompt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

bool is_writable(const std::string& path, const FileStat& existing) {
  if (existing.type == FileType::link || ::geteuid() == 0) return true;
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

// "rwxr-sr-t", as ls(1) shows it.
std::string permissions(uint32_t mode) {
  std::string text = "rwxrwxrwx";
  for (unsigned i = 0; i < 9; ++i) {
    if ((mode & (0400U >> i)) == 0) text[i] = '-';
  }
  const auto special = [&](uint32_t bit, size_t at, char with, char without) {
    if ((mode & bit) != 0) text[at] = text[at] == 'x' ? with : without;
  };
  special(04000, 2, 's', 'S');
  special(02000, 5, 's', 'S');
  special(01000, 8, 't', 'T');
  return text;
}

bool is_yes() {
  std::string answer;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    answer += static_cast<char>(c);
  }
  return answer.starts_with('y') || answer.starts_with('Y');
}

}  // namespace

bool ask_to_overwrite(const std::string& to, const FileStat& existing, bool is_removed_first) {
  const std::string name = app::quoted(to);
  const std::string& program = program_name();
  if (is_writable(to, existing)) {
    print_error(fmt::format("{}: overwrite {}? ", program, name));
  } else if (is_removed_first) {
    print_error(fmt::format("{}: replace {}, overriding mode {:04o} ({})? ", program, name,
                            existing.mode, permissions(existing.mode)));
  } else {
    print_error(fmt::format("{}: unwritable {} (mode {:04o}, {}); try anyway? ", program, name,
                            existing.mode, permissions(existing.mode)));
  }
  std::fflush(stdout);
  return is_yes();
}

}  // namespace libcopyfile::app
