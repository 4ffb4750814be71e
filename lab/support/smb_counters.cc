#include "lab/support/smb_counters.h"

#include <sstream>

#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

// The first number behind `key`, or 0 where the kernel does not print it.
uint64_t number_behind(const std::string& text, const std::string& key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + key.size()));
}

// The part about one share: "2) \\127.0.0.1\xfs", up to the next one.
std::string section(const std::string& share) {
  const std::string all = read_text("/proc/fs/cifs/Stats");
  for (size_t at = 0; (at = all.find(") \\\\127.0.0.1\\" + share, at)) != std::string::npos; ++at) {
    const std::string found = all.substr(at, all.find(") \\\\", at + 1) - at);
    const std::string first = found.substr(0, found.find_first_of("\n\t ", 2));
    if (first == ") \\\\127.0.0.1\\" + share && found.find("IOCTLs:") != std::string::npos)
      return found;
  }
  throw ScratchError("there are no counters of the share " + share + " in:\n" + all);
}

}  // namespace

SmbCounters smb_counters(const std::string& share) {
  const std::string text = section(share);
  return {number_behind(text, "IOCTLs: "), number_behind(text, "Reads: "),
          number_behind(text, "Writes: "), number_behind(text, "Bytes read: "),
          number_behind(text, "Bytes written: ")};
}

SmbCounters SmbTraffic::so_far() const {
  const SmbCounters now = smb_counters(share_);
  return {now.ioctls - before_.ioctls, now.reads - before_.reads, now.writes - before_.writes,
          now.read - before_.read, now.written - before_.written};
}

}  // namespace libcopyfile::test
