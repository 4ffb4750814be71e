// Computes a digest of bytes that come one after the other.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/error.h"
#include "verify/digest.h"

namespace libcopyfile {

// One thread at a time.
class Hasher {
 public:
  // EOPNOTSUPP for SHA-256 where libcrypto is not to be had (see libcrypto.h); ENOMEM.
  // REQUIRES algorithm != none.
  static Result<Hasher> make(Algorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) = delete;
  ~Hasher();

  Algorithm algorithm() const;
  void add(std::span<const std::byte> data);
  void add_zeros(uint64_t count);
  // Of all that was added. EIO if libcrypto failed on the way. Only once.
  Result<Digest> finish();

 private:
  class State;
  class Sha256;
  class Xxh3;
  explicit Hasher(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace libcopyfile
