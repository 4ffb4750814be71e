// The target as a whole: its device, its front end, its units and who sees them; and what may be done to it while it runs.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "copyfile-target/access.h"
#include "copyfile-target/config.h"
#include "copyfile-target/log.h"
#include "copyfile-target/units.h"
#include "iscsi/server.h"
#include "target/device.h"

namespace libcopyfile::daemon {

// Any thread at any time. What changes it waits for what else changes it.
class Service {
 public:
  // Serves when it returns. `log` outlives it.
  static tl::expected<std::unique_ptr<Service>, Problems> start(Config config, Log& log);
  ~Service();

  // All of it or nothing, without a session being dropped but those whose initiator may not log in any more. Empty: done.
  Problems reload(const Config& next);

  struct Snapshot {
    std::string path;
    uint64_t size = 0;
    double seconds = 0;
  };
  // A clone of the unit's image as of one moment, in no unit yet. `path`: absolute, beside the image, or empty for the image's name with
  // '@' and the time behind it.
  tl::expected<Snapshot, std::string> snapshot(const std::string& lun, const std::string& path);
  // Files that snapshot() has named, of one unit or (empty) of all; the oldest first.
  struct Kept {
    std::string lun, path;
    uint64_t size = 0;
    double made = 0;  // seconds since the epoch
  };
  tl::expected<std::vector<Kept>, std::string> snapshots(const std::string& lun) const;
  // A snapshot that is served at once, to those who see the unit. `path` as above; empty: NAME.img.
  tl::expected<Unit, std::string> clone(const std::string& lun, const std::string& name,
                                        const std::string& path);
  // No longer serves a clone; its image stays.
  tl::expected<void, std::string> remove(const std::string& name);

  // Asks all to log out; returns when they have, or after so many seconds without those who have not. Nobody logs in any more.
  void drain(unsigned seconds);

  const target::Device& device() const { return *device_; }
  target::CopyManager& copies() const { return device_->copies(); }
  iscsi::Server& server() const { return *server_; }
  Units units() const;
  Config config() const;
  double started() const { return started_; }  // seconds since the epoch
  // "iscsi://127.0.0.1:3260/NAME/0" for each number that the initiator sees.
  std::vector<std::pair<std::string, std::string>> urls(const std::string& initiator) const;

 private:
  Service(Config config, Log& log);
  Problems open();
  iscsi::ServerOptions server_options(const Config& config);
  tl::expected<Unit, std::string> unit_of(const std::string& lun) const;
  void apply(Units units, Access::Table table);

  Log& log_;
  double started_ = 0;
  std::mutex changing_;       // one change at a time
  mutable std::mutex mutex_;  // of the two below
  Config config_;
  Units units_;
  Access access_;
  std::unique_ptr<target::Device> device_;
  std::unique_ptr<iscsi::Server> server_;
};

}  // namespace libcopyfile::daemon
