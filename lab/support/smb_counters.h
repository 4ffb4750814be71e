// What an SMB client has asked of one share, by /proc/fs/cifs/Stats.
#pragma once

#include <cstdint>
#include <string>

namespace libcopyfile::test {

struct SmbCounters {
  uint64_t ioctls = 0;  // copychunk, duplicate extents, and a resume key before the first
  uint64_t reads = 0;   // requests
  uint64_t writes = 0;
  uint64_t read = 0;  // bytes
  uint64_t written = 0;
};

// `share` is its name as mounted: "xfs". Throws ScratchError where it is not mounted by SMB 2 or later.
SmbCounters smb_counters(const std::string& share);

class SmbTraffic {
 public:
  explicit SmbTraffic(std::string share)
      : share_(std::move(share)), before_(smb_counters(share_)) {}
  SmbCounters so_far() const;

 private:
  std::string share_;
  SmbCounters before_;
};

}  // namespace libcopyfile::test
