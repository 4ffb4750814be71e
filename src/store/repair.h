// Heals a repository: blobs from any place that holds the right bytes, the index from itself and from the blobs.
#pragma once

#include "store/verify.h"

namespace libcopyfile::store {

struct RepairReport {
  uint64_t wanted = 0;  // blobs that were missing or damaged
  uint64_t healed = 0;
  uint64_t bytes = 0;  // of them
  uint64_t pages = 0;  // of the index that were put right
  bool index_rebuilt = false;
  uint64_t names_found = 0;  // given again from the other repository
};

enum class RepairEvent : uint8_t { healed, still_missing };
using RepairTold =
    std::function<void(const Digest& digest, RepairEvent event, const std::string& from)>;

struct RepairOptions {
  bool names = false;  // take names of the other repository, also where the index was whole
  unsigned workers = 0;
  ControlOptions control;
};

// Puts right what is wrong with the format file and the index: a single wrong bit of a page is found by its checksum; what
// can't be put right so is built anew from the names that can still be read and from the blobs. For a repository by
// open_damaged().
Result<RepairReport> repair_index(Repository& repository);

// Puts right the index, then looks in `from` (an open directory: another repository, or any directory, searched below) for the
// bytes of all blobs that a name or the index wants and that are not there; candidates are chosen by size where it is known, and
// every byte is digested as it is added. Run verify() first: what is damaged must be in quarantine. `from` negative: the index
// only. Names that were lost with the index are taken from another repository where their blobs are here by then.
Result<RepairReport> repair(Repository& repository, int from, const std::string& from_path,
                            const RepairOptions& options, const RepairTold& told);

// The index anew, from the blobs alone; all are kept then. `salvage`: names of the old index that can still be read stay.
Done rebuild_index(Repository& repository, bool salvage);

}  // namespace libcopyfile::store
