// Where short transfers and EINTR end. Everything above sys/ moves bytes through these.
#pragma once

#include "sys/files.h"

namespace libcopyfile {

// Calls `operation` until it fails with something other than EINTR.
template <class F>
auto retry_interrupted(F&& operation) -> decltype(operation()) {
  for (;;) {
    auto result = operation();
    if (result || result.error().code != EINTR) return result;
  }
}

// Reads until the buffer is full or the file ends; the count is short only at end of file. An error is an error also behind bytes
// that were read (read(2) of a file with an unreadable block gives those before it first): `*got` says how many they are.
Result<size_t> read_full(Files& files, int fd, std::span<std::byte> buffer, uint64_t offset,
                         Cache cache = Cache::keep, size_t* got = nullptr);

// Writes all of `data`. `*written` holds what is in place, also when the result is an error. A write that returns 0 is
// an error (EIO): pwrite(2) gives 0 only for a count of 0, and looping on it would never end.
Done write_all(Files& files, int fd, std::span<const std::byte> data, uint64_t offset,
               size_t* written, Cache cache = Cache::keep);

}  // namespace libcopyfile
