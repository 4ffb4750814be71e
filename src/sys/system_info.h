// What kind of machine this is.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace libcopyfile {

struct SystemInfo {
  unsigned kernel_major = 0;
  unsigned kernel_minor = 0;
  uint64_t memory = 0;  // bytes, 0 if unknown
};

SystemInfo system_info();
// 16 hexadecimal digits that nobody can guess.
std::string random_name();
// Fills `bytes` with what nobody can guess: secrets. False where the system has none, or not yet; then they are not to be used.
bool random_bytes(std::span<uint8_t> bytes);
// The umask of this process, read from /proc: umask(2) can only be asked by setting it, which races with other threads. 077 where
// /proc does not tell.
uint32_t creation_mask();
// Lets this process have `wanted` descriptors open, if it may (setrlimit(2) RLIMIT_NOFILE); how many it may have then. For
// programs: a library has no business with the limits of its process.
uint64_t raise_open_files_limit(uint64_t wanted);
// How many descriptors this process may have open; 0 if that is not known.
uint64_t open_files_limit();
// geteuid(2), getegid(2).
uint32_t effective_user();
uint32_t effective_group();
// How many processors this process may run on; at least 1.
unsigned processors();
// Bytes of memory that this process has resident; 0 if that is not known.
uint64_t resident_memory();
// How wide the terminal at `fd` is; 80 if it is none.
unsigned terminal_columns(int fd);
// When this system was started, in seconds since the epoch.
double boot_time();
// Seconds since the epoch.
double current_time();
// Seconds since some moment, never going back.
double monotonic_seconds();
void sleep_seconds(double seconds);

}  // namespace libcopyfile
