// CRC32C (Castagnoli), as iSCSI's digests (RFC 7143, 13.1) use it: reflected, 0xffffffff in and out.
#pragma once

#include <cstdint>

#include "wire/bytes.h"

namespace libcopyfile::wire {

// Piece after piece: crc32c(b, crc32c(a)) is that of a and b in one. By the processor's instruction where it has one.
uint32_t crc32c(View data, uint32_t before = 0);
// The same by tables alone: for processors without it, and to compare with.
uint32_t crc32c_by_tables(View data, uint32_t before = 0);

}  // namespace libcopyfile::wire
