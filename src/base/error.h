// The one value type for failure. The errno is kept to the top; text is made where it is shown.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/range.h"

namespace libcopyfile {

// What was being done when it failed, named after the system call or the step that a user would recognise.
enum class Op : uint8_t {
  none,
  validate,
  open,
  stat,
  read,
  write,
  clone,
  copy_range,
  seek,
  map_extents,
  allocate,
  punch,
  truncate,
  sync,
  sync_directory,
  create,
  link,
  rename,
  unlink,
  set_owner,
  set_mode,
  set_times,
  get_attribute,
  set_attribute,
  thread,
  queue,
  load,
  digest,
  verify,
  progress,
  offload,
};

// A verb phrase that fits behind "cannot": "read", "clone", "create the private file".
std::string_view describe(Op op);

struct [[nodiscard]] Error {
  int code = 0;  // an errno, never 0 in a failed Result
  Op op = Op::none;
  std::string where;  // the name of the file, if known; empty for the caller's descriptors
  Range range;        // the bytes concerned; empty if the failure is not about bytes

  // "cannot read 'name' at 4096: Input/output error"
  std::string message() const;
};

template <class T>
using Result = tl::expected<T, Error>;

using Done = Result<void>;

inline tl::unexpected<Error> fail(int code, Op op, Range range = {}) {
  return tl::unexpected<Error>(Error{code, op, {}, range});
}
inline tl::unexpected<Error> fail(int code, Op op, std::string where) {
  return tl::unexpected<Error>(Error{code, op, std::move(where), {}});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// Classes of errno with names (each mechanism's own table says what it does with them).
// "This is not to be had here", as opposed to "it failed": no bytes are at risk if something else is tried.
bool is_not_supported(int code);
// Out of space in any of its forms. Never a reason to try another mechanism.
bool is_no_space(int code);

}  // namespace libcopyfile
