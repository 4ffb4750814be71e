// What two logical units can do for each other, made out of what each says of itself. Pure.
#pragma once

#include "facts/scsi_unit.h"
#include "mechanism/negotiated.h"
#include "wire/cdb.h"
#include "wire/extended_copy.h"

namespace libcopyfile {

// EXTENDED COPY.
struct ExtendedCopyLimits {
  uint32_t block = 512;
  uint64_t granularity = 512;  // offsets and lengths are multiples of it, bytes
  uint32_t segments = 1;       // of one command
  uint64_t segment_bytes = 0;
  unsigned concurrency = 1;
  bool byte_segments = false;   // 0Ah, which may be longer than 02h
  bool list_id_needed = false;  // in LID1
  bool lid1 = true;             // what the target has
  bool lid4 = false;            // what it has, too, and gives more
  bool status = false;          // the target tells how far it is: of lists in LID1
  bool status_lid4 = false;     // ... in LID4
  bool abort = false;           // COPY OPERATION ABORT, which stops lists in LID4 only
  wire::Cscd source, destination;
  bool same_unit = false;
};

Negotiated<ExtendedCopyLimits> negotiate_extended_copy(const ScsiUnit& in, const ScsiUnit& out);

// The longest segment of at most `bytes` behind which the next one does not begin in the middle of something: 65535 blocks are
// 512 bytes less than 32 MiB, and every page, stripe or extent of what is behind the unit would be cut in two from there on.
// Still a multiple of `granularity`.
uint64_t even_segment(uint64_t bytes, uint64_t granularity);

// POPULATE TOKEN and WRITE USING TOKEN.
struct TokenCopyLimits {
  uint32_t block = 512;
  uint64_t granularity = 512;
  uint32_t source_ranges = 1;  // of one command
  uint32_t destination_ranges = 1;
  uint64_t token_bytes = 0;  // that one token may stand for
  uint64_t write_bytes = 0;  // of one WRITE USING TOKEN
  uint32_t inactivity_timeout = 0;
  bool abort_source = false;  // COPY OPERATION ABORT
  bool abort_destination = false;
};

Negotiated<TokenCopyLimits> negotiate_token_copy(const ScsiUnit& in, const ScsiUnit& out);

// The designator by which a copy manager finds a unit; nothing where there is none that is certain. Of the logical unit, not
// of a port; assigned by an authority, never by the vendor's own rules; short enough for a CSCD descriptor.
std::optional<wire::Designator> copy_designator(const ScsiUnit& unit);

}  // namespace libcopyfile
