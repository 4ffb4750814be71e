// copyfile-target in this machine, and the images that it serves as LUN 0, 1 and so on.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/range.h"
#include "lab/support/disk_data.h"
#include "testing/target_daemon.h"

namespace libcopyfile::test {

inline constexpr const char* kDisksTarget = "iqn.2026-01.invalid.lab:disks";
inline constexpr const char* kInitiatorPrefix = "iqn.2026-01.invalid.lab:";

class Disks : public ::testing::Test {
 protected:
  // `file_system`: where the images are, "xfs" or "btrfs".
  explicit Disks(const std::string& file_system = "xfs");
  ~Disks() override;

  std::string image(const std::string& name) const { return images_ + "/" + name + ".img"; }
  // An empty unit, or one with the image that is there already, served from the next start() on.
  void add(const std::string& name, uint64_t bytes);
  // Whoever else may log in, as further text of the configuration; else everybody may.
  void admit(const std::string& tables) { initiators_ = tables; }
  void configure() const;
  // Runs the target, again where it has ended.
  void start();

  // Whether all of the first image in `range` lies where it does in the second.
  bool shares(const std::string& name, const std::string& other, Range range) const;
  uint64_t allocated(const std::string& name) const;

  std::string place_;   // a directory in memory
  std::string images_;  // one on the file system
  std::unique_ptr<TargetDaemon> target_;

 private:
  std::vector<std::string> units_;
  std::string initiators_;
};

// A path on which a disk is mounted, until the end of the scope.
class Mounted {
 public:
  Mounted(const std::string& disk, std::string path);
  ~Mounted();
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Waits until it is so, for minutes; fails the test where it never is.
void wait_until(const std::string& what, const std::function<bool()>& is_so);

}  // namespace libcopyfile::test
