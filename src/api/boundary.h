// What every function of the C interface does on its way out: no exception leaves, and failure is -1 with errno set.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <new>
#include <stdexcept>

namespace libcopyfile {

// The one place where an exception could leave: the standard library's, for lack of memory.
template <class F>
ssize_t at_boundary(F&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
  } catch (const std::length_error&) {
    errno = ENOMEM;
  }
  return -1;
}

inline ssize_t fail_with(int code) {
  errno = code;
  return -1;
}

}  // namespace libcopyfile
