// fs-verity for a kernel that was built without it: what its ioctls check before they act, and what they remember.
#pragma once

#include <map>

#include "testing/faulty_system.h"

namespace libcopyfile::test {

class SimulatedVerity final : public FaultyAttributes {
 public:
  SimulatedVerity(Attributes& real, Script& script)
      : FaultyAttributes(real, script), script_(script) {}

  // EBADF for a descriptor that can write, ETXTBSY while this process has one for the file.
  Done enable_verity(int fd, const Verity& verity) override;
  Result<Verity> verity(int fd) override;
  bool has(int fd) const;

 private:
  Script& script_;
  std::map<std::pair<uint64_t, uint64_t>, Verity> enabled_;  // by device and inode
};

// Where stat tells of it.
class VerityFiles final : public FaultyFiles {
 public:
  VerityFiles(Files& real, Script& script, const SimulatedVerity& verity)
      : FaultyFiles(real, script), verity_(verity) {}

  Result<FileStat> stat(int fd) override;

 private:
  const SimulatedVerity& verity_;
};

}  // namespace libcopyfile::test
