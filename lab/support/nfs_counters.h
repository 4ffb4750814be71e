// What an NFS client has asked of its server, by /proc/self/mountstats: proof of who copied.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace libcopyfile::test {

struct NfsCounters {
  std::map<std::string, uint64_t> operations;  // "COPY", "CLONE", "READ"...
  uint64_t read = 0;                           // bytes from the server
  uint64_t written = 0;                        // bytes to the server

  uint64_t of(const std::string& operation) const;
};

// Since it was mounted.
NfsCounters nfs_counters(const std::string& mount_point);

// What has been asked over one mount since this was made.
class NfsTraffic {
 public:
  explicit NfsTraffic(std::string mount_point)
      : mount_point_(std::move(mount_point)), before_(nfs_counters(mount_point_)) {}
  NfsCounters so_far() const;

 private:
  std::string mount_point_;
  NfsCounters before_;
};

}  // namespace libcopyfile::test
