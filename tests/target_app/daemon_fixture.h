// Images, a configuration beside them, and the daemon that serves them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "testing/scratch_fs.h"
#include "testing/target_daemon.h"

namespace libcopyfile::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr const char* kTargetName = "iqn.2026-01.invalid.test:daemon";

// `size` bytes that no other seed gives.
std::string pattern(uint64_t size, uint64_t seed);

class DaemonTest : public ::testing::Test {
 protected:
  explicit DaemonTest(FsKind kind = FsKind::ext4) : directory_(test_directory(kind)) {}

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  // A file in the directory, all written.
  std::string image(const std::string& name, uint64_t size = 8 * kMiB, uint64_t seed = 1) const;
  // Writes "conf": [target] with any free port of loopback, or with these `portals`, and `target` in it, then `rest`.
  std::string configure(const std::string& rest, const std::string& target = "",
                        const char* portals = nullptr) const;
  // [[lun]] and, for all of them, [[initiator]] "*", in this order.
  static std::string luns(const std::vector<std::string>& names, const std::string& each = "");
  void serve(const std::string& configuration);
  // "copyfile ARGUMENTS".
  Finished copyfile(std::vector<std::string> arguments) const;
  // What the disk holds, as an initiator reads it.
  std::string contents(const std::string& url) const;

  const std::string directory_;
  std::unique_ptr<TargetDaemon> daemon_;
};

}  // namespace libcopyfile::test
