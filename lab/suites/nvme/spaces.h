// The namespaces that suite.toml has made, and what this host says to their controllers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace libcopyfile::test {

// The disk of a namespace: "nvme0n1". The kernel numbers controllers as it finds them.
std::string disk_of(const std::string& serial, unsigned number);

// Commands that were sent since this was made, by the trace of the kernel: what the block layer sends and what programs do.
struct Sent {
  uint64_t bytes = 0;  // read and written
  uint64_t writes = 0;
  uint64_t copies = 0;  // Copy commands
};
class Trace {
 public:
  Trace();
  static Sent so_far();
};

// Whether the controller of `disk` has formats of ranges that name another namespace as their source.
bool copies_between_namespaces(const std::string& disk);
// Tells the controller that this host knows them (Host Behavior Support), or does not.
void enable_copies_between_namespaces(const std::string& disk, bool enabled);

// Does something when the first Copy commands have been sent, once. REQUIRES a Trace.
std::thread in_between(std::function<void()> what);
void reset_controllers(const std::string& serial);
// Takes all controllers of that serial number away, for good.
void remove_controllers(const std::string& serial);

}  // namespace libcopyfile::test
