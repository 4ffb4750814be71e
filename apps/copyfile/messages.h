// What the command says. Results go to standard output, everything else to standard error, each line headed by the name under
// which the command was called.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace libcopyfile::app {

enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2 };

void set_program_name(const char* argv0);
const std::string& program_name();
// Whether the command was called by the name of cp(1): then it is cp, in everything that cp has a word on.
bool is_cp();
// What wrong usage exits with: kUsage; as cp, kFailed.
int usage_status();
// The subcommand that runs, for print_help_hint().
void set_verb(const char* verb);

// "copyfile: TEXT"
void complain(std::string_view text);
// "copyfile: TEXT: No such file or directory"
void complain(std::string_view text, int code);
// "Try 'copyfile range --help' for more information."
void print_help_hint();
// complain() and print_help_hint(); returns usage_status().
int usage_error(std::string_view text);

// To standard output and standard error. Not fmt::print(), which throws where they are full or closed;
// close_standard_output() tells of it.
void print(std::string_view text);
void print_error(std::string_view text);

std::string errno_text(int code);

// Flushes standard output. False, with a message, if what was printed did not get out (a full disk, a closed descriptor):
// a report that nobody could read is a failure.
bool close_standard_output();

// "8.0 GiB (8589934592 bytes)"
std::string size_with_bytes(uint64_t bytes);

}  // namespace libcopyfile::app
