// What commands that name a range of blocks have in common: decoding, checks, and the steps that they are made of.
#pragma once

#include "target/block_limits.h"
#include "target/command.h"

namespace libcopyfile::target {

// LBA and count as the CDB has them, by its length (SPC-4 4.3). Nothing is checked.
struct BlockRequest {
  uint64_t lba = 0;
  uint64_t blocks = 0;
  // Byte 1 of all but the short CDBs.
  bool dpo = false;
  bool fua = false;

  static BlockRequest of(wire::View cdb);
};

// 5/21/00 for what is not all there, 5/24/00 for more than `most` blocks.
std::optional<Outcome> check_blocks(const LogicalUnit& unit, const BlockRequest& request,
                                    uint64_t most);
// 7/27/00 for a unit that may not be written to.
std::optional<Outcome> check_writable(const LogicalUnit& unit);
// Both, for commands that transfer data and change blocks.
std::optional<Outcome> check_write(const LogicalUnit& unit, const BlockRequest& request);
// The bytes of blocks that have been checked.
Range bytes_of(const LogicalUnit& unit, const BlockRequest& request);

inline Outcome outcome_of(const Error& error) { return Outcome::refused(sense_of(error)); }
// The data is not what is stored: `offset` of the first byte of the data that is different (SBC-3 5.2).
Outcome miscompared(uint64_t offset);

// Nothing where it would have blocked, and must not.
std::optional<RangeLocks::Hold> lock_for_write(Context& context, Range range);
// Writes under a lock that the caller holds; tells watchers, counts. EAGAIN only where it may not block.
Done write_locked(Context& context, uint64_t offset, std::span<const uint8_t> data);
// FUA, or no write cache: what was written has to be stable before the answer.
bool must_be_stable(const Context& context, const BlockRequest& request);
// The answer to a command that has written, which is made stable first where that was asked for.
Outcome written(Context& context, const BlockRequest& request, const Done& done);

// Compares the data of the unit with what `expected` gives for each piece of at most 1 MiB: a run of at most `length` bytes, from
// `done` on. Without `expected` it is only read. The whole answer.
using Expected = std::function<std::span<const uint8_t>(uint64_t done, size_t length)>;
Outcome compare(Context& context, Range range, const Expected& expected);

}  // namespace libcopyfile::target
