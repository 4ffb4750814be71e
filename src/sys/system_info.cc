#include "sys/system_info.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/fd.h"

namespace libcopyfile {

SystemInfo system_info() {
  SystemInfo info;
  utsname name{};
  if (::uname(&name) == 0) {
    std::sscanf(name.release, "%u.%u", &info.kernel_major, &info.kernel_minor);
  }
  struct ::sysinfo memory {};
  if (::sysinfo(&memory) == 0) info.memory = uint64_t{memory.totalram} * memory.mem_unit;
  return info;
}

std::string random_name() {
  uint64_t value = 0;
  if (::getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) {
    // Early in boot or under a filter. Names are created with O_EXCL: a guess costs a retry, nothing else.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    value = static_cast<uint64_t>(now.tv_nsec) * 0x9e3779b97f4a7c15U ^
            static_cast<uint64_t>(::getpid()) << 32;
  }
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

bool random_bytes(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return true;
}

uint32_t creation_mask() {
  const Fd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};
  if (!file.valid() || ::read(file.get(), text.data(), text.size() - 1) <= 0) return 077;
  unsigned mask = 077;
  if (const char* line = std::strstr(text.data(), "\nUmask:"); line != nullptr) {
    std::sscanf(line, "\nUmask: %o", &mask);
  }
  return mask & 0777;
}

uint32_t effective_user() { return ::geteuid(); }

uint32_t effective_group() { return ::getegid(); }

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
}

uint64_t resident_memory() {
  // proc_pid_statm(5): size, resident, in pages.
  const Fd fd(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  if (!fd.valid() || ::read(fd.get(), text.data(), text.size() - 1) <= 0) return 0;
  unsigned long long size = 0, resident = 0;
  if (std::sscanf(text.data(), "%llu %llu", &size, &resident) != 2) return 0;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

unsigned terminal_columns(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double monotonic_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void sleep_seconds(double seconds) {
  if (seconds <= 0) return;
  const double whole = std::floor(seconds);
  const timespec time{static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
  // A signal ends the sleep early: that is when a caller wants to know.
  ::nanosleep(&time, nullptr);
}

double current_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double boot_time() {
  timespec now{};
  timespec up{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  return static_cast<double>(now.tv_sec - up.tv_sec) +
         static_cast<double>(now.tv_nsec - up.tv_nsec) / 1e9;
}

uint64_t open_files_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

uint64_t raise_open_files_limit(uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace libcopyfile
