// A logical unit: a disk that initiators see. What its commands share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "target/attentions.h"
#include "target/image.h"
#include "target/range_locks.h"
#include "target/reservations.h"
#include "target/task.h"
#include "wire/designator.h"

namespace libcopyfile::target {

class ModePages;
class TaskSet;

struct UnitOptions {
  std::string name;             // in the configuration and in messages
  uint32_t block_length = 512;  // 512 or 4096
  bool thin = true;             // LBPME: UNMAP and holes
  bool write_cache = true;      // WCE as it is announced; initiators may change it by MODE SELECT
  // VPD 80h; from it and the target's name comes the NAA designator. Stable over restarts. Empty: made of both names.
  std::string serial;
  std::string reservations_file;    // see Reservations
  std::string target_name;          // DeviceOptions::name
  std::string vendor = "COPYFILE";  // DeviceOptions::vendor
};

// What a token watches where it can't be a point in time: told before a byte of these ranges changes.
class WriteWatcher {
 public:
  virtual ~WriteWatcher() = default;
  virtual void written(Range bytes) = 0;
};

class LogicalUnit {
 public:
  LogicalUnit(UnitOptions options, std::shared_ptr<Image> image);
  ~LogicalUnit();
  LogicalUnit(const LogicalUnit&) = delete;
  LogicalUnit& operator=(const LogicalUnit&) = delete;

  const UnitOptions& options() const { return options_; }
  // VPD 80h: as configured, or made of the names of target and unit.
  const std::string& serial() const { return serial_; }
  Image& image() const { return *image_; }
  std::shared_ptr<Image> shared_image() const { return image_; }
  uint32_t block_length() const { return options_.block_length; }
  // A last part of a block is not served.
  uint64_t blocks() const { return image_->info().size / options_.block_length; }
  bool read_only() const;  // the image's, or SWP of the control mode page
  // NAA type 6, 16 bytes: how copies name this unit. First of designators().
  const wire::Designator& naa() const { return designators_.front(); }
  const std::vector<wire::Designator>& designators() const { return designators_; }

  RangeLocks& locks() { return locks_; }
  UnitAttentions& attentions() { return attentions_; }
  Reservations& reservations() { return reservations_; }
  ModePages& mode() { return *mode_; }
  TaskSet& tasks() { return *tasks_; }

  // Every change of bytes goes through these two, so that tokens hear of it: before, and cheap while nobody watches.
  void about_to_write(Range bytes);
  void watch(const std::shared_ptr<WriteWatcher>& watcher);

  // Counters for metrics; relaxed.
  struct Counters {
    std::atomic<uint64_t> reads{0}, read_bytes{0}, writes{0}, written_bytes{0}, unmapped_bytes{0},
        errors{0};
  };
  Counters& counters() { return counters_; }

 private:
  UnitOptions options_;
  std::shared_ptr<Image> image_;
  std::string serial_;
  std::vector<wire::Designator> designators_;
  RangeLocks locks_;
  UnitAttentions attentions_;
  Reservations reservations_;
  std::unique_ptr<ModePages> mode_;
  std::unique_ptr<TaskSet> tasks_;
  std::mutex watch_mutex_;
  std::vector<std::weak_ptr<WriteWatcher>> watchers_;
  std::atomic<bool> watched_{false};
  Counters counters_;
};

}  // namespace libcopyfile::target
