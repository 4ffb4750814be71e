// Which system calls are to be refused, and with what errno: as text, so that it can stand in a test's name and in a
// CTest line. Pure.
//
//   copy_file_range:ENOSYS                 every such call
//   ioctl=FICLONE:EOPNOTSUPP               only with this request
//   fallocate=PUNCH_HOLE:EOPNOTSUPP        ... with this mode bit
//   lseek=SEEK_DATA:EINVAL                 ... whence
//   openat=O_TMPFILE:EOPNOTSUPP            ... flag
//   no-reflink                             a profile: several rules under one name
//
// System calls are named as in syscalls(2), or by number where libseccomp does not know them yet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace libcopyfile::test {

struct Refusal {
  std::string system_call;
  int error = 0;
  // Only calls whose argument number `argument` is `value` where `mask` has ones; mask 0: all calls.
  unsigned argument = 0;
  uint64_t mask = 0;
  uint64_t value = 0;
};

struct Profile {
  std::string_view name;
  std::string_view rules;  // rules or profiles, separated by blanks
  std::string_view meaning;
};

// The kernels and containers that we must get along with. `no-proc` is not among them: it is not a matter of system
// calls, and only the command refuse knows it.
std::span<const Profile> profiles();

// The rules of one word; nothing where it is neither a rule nor a profile.
std::optional<std::vector<Refusal>> parse_refusals(std::string_view word);

}  // namespace libcopyfile::test
