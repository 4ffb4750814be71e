// How far a verification has come: the file `verify` of a repository, with the digest of the last blob before which all have
// been read. Losing it costs another reading, nothing else, so that failing to write it is no error.
#pragma once

#include "store/repository.h"

namespace libcopyfile::store {

class VerifyPosition {
 public:
  explicit VerifyPosition(Repository& repository) : repository_(repository) {}

  std::optional<Digest> load() const;
  void save(const Digest& last) const;
  void clear() const;

 private:
  Repository& repository_;
};

}  // namespace libcopyfile::store
