// What happens on the recorded file system besides what is tried, and files that are made for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "workload.h"

namespace libcopyfile::test {

// A new file with this content and, where given, attributes. Throws ScratchError, as all here do.
void put_file(const std::string& path, uint32_t content, uint64_t size,
              const Attributes* attributes);

// What others do on the same file system: syncs of their own, which bring names to the disk and leave contents behind.
void be_a_neighbour(const Scene& scene);
void sync_directory(const Scene& scene);
void settle(const Scene& scene);

// A process that is the neighbour again and again, until this object is gone.
class BusyNeighbour {
 public:
  explicit BusyNeighbour(const Scene& scene);
  ~BusyNeighbour();
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

 private:
  pid_t pid_;
};

}  // namespace libcopyfile::test
