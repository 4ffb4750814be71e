// SQLite's way to files with a checksum in every page: what is read from a damaged medium is an error, not data. SQLite itself
// has none, and would follow a flipped bit in a name or in a pointer.
//
// Each page of kPageSize bytes ends in kPageReserved bytes that SQLite leaves alone ("reserved bytes" of its file format): the
// first half of the XXH3-128 of the page's number and the rest of the page. A page of nothing but zeros has none: SQLite does not
// write pages that it has taken and given back within one transaction. Journals have checksums of SQLite's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sys/libsqlite.h"

namespace libcopyfile::store {

inline constexpr size_t kPageSize = 4096;
inline constexpr size_t kPageReserved = 8;

// The name by which sqlite3_open_v2() finds it. Registered with `sqlite` at the first call; any thread.
Result<const char*> checked_vfs(const Libsqlite& sqlite);

// `page` counts from 0. REQUIRES kPageSize bytes.
void seal_page(uint64_t page, std::span<std::byte> data);
bool is_good_page(uint64_t page, std::span<const std::byte> data);
// Puts right a single wrong bit, wherever in the page it is. False if that is not what is wrong. Takes some 30 ms.
bool correct_page(uint64_t page, std::span<std::byte> data);

}  // namespace libcopyfile::store
