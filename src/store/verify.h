// Reads blobs again, in parallel, and takes what is damaged out of use.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/repository.h"

namespace libcopyfile::store {

enum class Fault : uint8_t {
  wrong_bytes,  // the digest is another one
  unreadable,   // EIO and its like
  wrong_kind,   // not a regular file
  missing,      // the index has it, or a name leads to it, and there is no such file
  not_indexed,  // a blob that the index does not know: left by a crash, or its record is lost. Not damage
  index_damaged,  // `detail` has the page
  format_damaged,
};
std::string_view name_of(Fault fault);

struct Finding {
  Fault fault = Fault::wrong_bytes;
  std::optional<Digest> digest;  // of blobs
  int code = 0;                  // errno of `unreadable`
  std::string detail;            // for people
  bool quarantined = false;
  std::vector<std::string> names;  // that lead to it; at most kMostNamesTold
};
inline constexpr size_t kMostNamesTold = 16;
// Whether the exit status of a verification should tell.
constexpr bool is_damage(Fault fault) { return fault != Fault::not_indexed; }

struct VerifyOptions {
  bool medium = false;  // past the page cache
  double sample = 1.0;  // this share of the blobs, chosen at random; the index is always read whole
  bool quarantine =
      true;  // moves blobs with wrong bytes to quarantine/; needs a repository opened for writing
  bool resume = false;     // go on behind what an earlier, interrupted one has read
  unsigned workers = 0;    // 0: as many as there are processors
  ControlOptions control;  // its rate is of reading
};

struct VerifyReport {
  uint64_t blobs = 0;  // read
  uint64_t bytes = 0;
  uint64_t passed_over = 0;      // not in the sample, or read before
  uint64_t damaged = 0;          // findings for which is_damage()
  bool complete = false;         // false where it was cancelled: the position is kept for `resume`
  Medium medium = Medium::none;  // the weakest that bytes came from
};

// `found` is called one at a time. ECANCELED is no error: `complete` is false.
Result<VerifyReport> verify(Repository& repository, const VerifyOptions& options,
                            const std::function<void(const Finding&)>& found);

// One blob, now; EBADMSG, EIO or ENOENT.
Done verify_blob(Repository& repository, const Digest& digest, bool medium,
                 const DigestProgress& progress);

}  // namespace libcopyfile::store
