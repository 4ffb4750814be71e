// Taking files: a clone or a copy of a blob, never a hard link, and never bytes that were not checked.
#pragma once

#include "store/repository.h"

namespace libcopyfile::store {

// How it is known that the bytes are the right ones.
enum class CheckedBy : uint8_t {
  digest,  // SHA-256, computed now
  verity,  // the kernel checks every block that is read against what was measured when the blob was digested
};

// A seal is what fs-verity measured when the bytes were digested, as the index has recorded it. That the kernel measures the same
// now proves the bytes to whoever trusts those who may write to the index: they could have recorded another one.
enum class SealTrust : uint8_t {
  own,       // only where nobody but this user and root may write to the repository
  recorded,  // always: the caller trusts its writers
};

struct GetOptions {
  Replace replace = Replace::never;
  Durability durability = Durability::ordered;
  bool recorded_metadata = false;  // mode and times, of the name that was asked for
  uint32_t creation_mask = 077;    // of the permissions otherwise: 0666 less this
  Sharing sharing = Sharing::automatic;
  bool trust_seal = false;  // see SealTrust::recorded
  ControlOptions control;
};

struct Got {
  Digest digest;
  uint64_t size = 0;
  bool shared = false;
  CheckedBy checked_by = CheckedBy::digest;
  Durability reached = Durability::none;
};

// The copy itself is digested: a clone has the blocks of the blob, but not its fs-verity, and what the page cache holds of the
// blob says nothing about them. With `trust_seal` the bytes of a sealed blob are not: what is read of it the kernel checks, what
// is cloned nobody does until somebody reads it. ENOENT: no such blob or name. EBADMSG: the blob is damaged; nothing is published,
// and it should be verified. EEXIST, and what copying gives.
Result<Got> get(Repository& repository, const Reference& reference, int out_dir,
                const std::string& out_path, const GetOptions& options);

struct OpenBlob {
  Fd fd;  // for reading only
  Digest digest;
  uint64_t size = 0;
  CheckedBy checked_by = CheckedBy::digest;
};
// A descriptor whose bytes were checked: sealed by fs-verity, or read whole once, from the descriptor that is returned.
// (Without fs-verity, who may write to the medium itself may still damage it later.) By digest it works without an index.
Result<OpenBlob> open_checked(Repository& repository, const Reference& reference, SealTrust trust,
                              const DigestProgress& progress);

}  // namespace libcopyfile::store
