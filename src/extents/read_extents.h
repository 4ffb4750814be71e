// Asks the kernel what a file holds within a set of ranges.
#pragma once

#include <span>

#include "base/error.h"
#include "base/range.h"
#include "extents/extents.h"
#include "sys/files.h"

namespace libcopyfile {

// How much is believed.
//
// SEEK_DATA and SEEK_HOLE are the truth about data, dirty pages included, but they move the file position and call
// preallocated space a hole. FIEMAP moves nothing and knows preallocated space, but calls an unwritten extent with dirty
// pages over it unwritten, and on XFS even dirty data in a copy-on-write reservation a hole, unless it may sync first (cp
// 8.10 to 8.20 lost data that way). So:
//  * our own descriptor: SEEK says where data is; FIEMAP only refines what SEEK calls a hole into hole or unwritten;
//  * a caller's descriptor: FIEMAP, and with sync as soon as it shows anything but data.
// Where a file system knows neither, all of it is data.
struct ExtentQuery {
  int fd = -1;
  bool ours = false;
  uint64_t size = 0;  // of the file as seen at the start: nothing behind it is reported
};

// `ranges` ascending and disjoint. The map covers exactly the part of them below query.size. Holes between islands are found
// by one SEEK each, so that the cost is that of the islands within `ranges`, not that of their bytes.
Result<ExtentMap> read_extents(Files& files, const ExtentQuery& query,
                               std::span<const Range> ranges);

// Whether the whole file is known to be data. False where that takes more than a question.
bool is_dense(Files& files, const ExtentQuery& query);

}  // namespace libcopyfile
