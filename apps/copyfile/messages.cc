#include "copyfile/messages.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "copyfile/sizes.h"

namespace libcopyfile::app {
namespace {

// Set once by main(), before any thread.
std::string& mutable_program_name() {
  static std::string name = "copyfile";
  return name;
}

std::string& mutable_verb() {
  static std::string verb;
  return verb;
}

void write_line(std::string line) {
  line.insert(0, program_name() + ": ");
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void set_program_name(const char* argv0) {
  if (argv0 == nullptr) return;
  const char* slash = std::strrchr(argv0, '/');
  mutable_program_name() = slash != nullptr ? slash + 1 : argv0;
}

const std::string& program_name() { return mutable_program_name(); }

bool is_cp() { return program_name() == "cp"; }
int usage_status() { return is_cp() ? kFailed : kUsage; }

void set_verb(const char* verb) { mutable_verb() = std::string(" ") + verb; }

void print_help_hint() {
  print_error(
      fmt::format("Try '{}{} --help' for more information.\n", program_name(), mutable_verb()));
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void print_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string errno_text(int code) {
  const char* text = strerrordesc_np(code);
  return text != nullptr ? text : fmt::format("Unknown error {}", code);
}

void complain(std::string_view text) { write_line(std::string(text)); }

void complain(std::string_view text, int code) {
  write_line(fmt::format("{}: {}", text, errno_text(code)));
}

int usage_error(std::string_view text) {
  complain(text);
  print_help_hint();
  return usage_status();
}

bool close_standard_output() {
  const bool had_error = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fflush(stdout) == 0 && !had_error) return true;
  complain("write error", errno != 0 ? errno : EIO);
  return false;
}

std::string size_with_bytes(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  return fmt::format("{} ({} bytes)", format_size(bytes), bytes);
}

}  // namespace libcopyfile::app
