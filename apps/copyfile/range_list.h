// Lists of ranges: the arguments IN:OUT:LEN of `copyfile range` and the files given with --ranges.
//
// As text: ranges IN:OUT:LEN between white space, '#' to the end of the line is a comment. Numbers take the suffixes of
// sizes.h. An empty OUT is the same as IN; an empty LEN, or "-", is the rest of the source.
//
// As JSON (the first character that is not blank is [ or {): an array, or an object with the member "ranges" that is
// one. Its elements are
//   {"in": N, "out": N, "length": N}    also "in_offset", "out_offset"; without "out" the same as "in"; a length of null
//                                       is the rest of the source; values may be strings with suffixes ("64K")
//   {"start": N, "length": N, "data": true, "depth": 0, "offset": N, ...}
//                                       one line of `qemu-img map --output=json SRC`
// The map of an image is read as what it says of the file SRC: the bytes that the guest sees at `start` lie at
// `offset` of SRC, and are copied to `start` of DST. For a raw image the two are equal, so that all data goes to the
// same offset; for a qcow2 image DST becomes the raw contents. Elements with "data": false are left out: they read as
// zero. An element whose bytes are in another file (depth above 0) or not in the file as such (no offset: compressed or
// encrypted) is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/range.h"
#include "copyfile/sizes.h"

namespace libcopyfile::app {

// The length of a range that reaches to the end of the source, whatever its size; see resolve_to_end. Never a real
// length: files end before this.
inline constexpr uint64_t kToEnd = UINT64_MAX;

// What one list may hold. A list is read whole; its ranges are kept in memory, 24 bytes each.
inline constexpr uint64_t kMaxListBytes = uint64_t{1} << 30;
inline constexpr size_t kMaxListRanges = size_t{1} << 24;

// One range from the command line. The reason of a failure counts characters from 1.
Parsed<CopyRange> parse_range(std::string_view argument);

// All ranges of `text`, in its order. A failure reads "NAME:LINE:COLUMN: reason"; lines and columns count from 1,
// columns count bytes.
Parsed<std::vector<CopyRange>> parse_range_list(std::string_view text, std::string_view name);

// The same from a file, or from standard input for "-". A failure to read is told as "cannot read 'name': reason".
Parsed<std::vector<CopyRange>> read_range_list(const std::string& path,
                                               uint64_t max_bytes = kMaxListBytes);

// Gives the ranges that reach to the end their lengths: none where the source ends before they begin.
void resolve_to_end(std::vector<CopyRange>& ranges, uint64_t source_size);

}  // namespace libcopyfile::app
