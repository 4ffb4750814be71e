#include "lab/support/nfs_counters.h"

#include <sstream>

#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

// The part of mountstats that is about `mount_point`.
std::string section(const std::string& mount_point) {
  const std::string all = read_text("/proc/self/mountstats");
  const size_t begin = all.find(" mounted on " + mount_point + " with fstype nfs4 ");
  if (begin == std::string::npos) throw ScratchError(mount_point + " is not mounted by NFS");
  return all.substr(begin, all.find("\ndevice ", begin) - begin);
}

}  // namespace

uint64_t NfsCounters::of(const std::string& operation) const {
  const auto found = operations.find(operation);
  return found != operations.end() ? found->second : 0;
}

NfsCounters nfs_counters(const std::string& mount_point) {
  NfsCounters counters;
  std::istringstream lines(section(mount_point));
  bool operations = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "per-op") operations = true;
    if (name == "bytes:") {
      // By applications, cached and direct; then with the server.
      uint64_t of_applications = 0;
      for (int i = 0; i < 4; ++i) words >> of_applications;
      words >> counters.read >> counters.written;
    } else if (operations && name.ends_with(':')) {
      words >> counters.operations[name.substr(0, name.size() - 1)];
    }
  }
  return counters;
}

NfsCounters NfsTraffic::so_far() const {
  NfsCounters now = nfs_counters(mount_point_);
  for (auto& [name, count] : now.operations) count -= before_.of(name);
  now.read -= before_.read;
  now.written -= before_.written;
  return now;
}

}  // namespace libcopyfile::test
