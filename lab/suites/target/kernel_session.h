// A session of this kernel's own initiator (open-iscsi) with a target, and the disks that come of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace libcopyfile::test {

// What open-iscsi calls its settings: {"node.session.auth.authmethod", "CHAP"}.
using IscsiSettings = std::vector<std::pair<std::string, std::string>>;

class KernelSession {
 public:
  // Logs in as "iqn.2026-01.invalid.lab:<who>", one of those that setup names, over 127.0.0.1:3260. Throws
  // ScratchError with what iscsiadm says where it may not.
  explicit KernelSession(std::string who, const IscsiSettings& settings = {});
  // Logs out, for which the target must be there.
  ~KernelSession();
  KernelSession(const KernelSession&) = delete;
  KernelSession& operator=(const KernelSession&) = delete;

  // "/dev/sda": waits until the kernel has found it.
  std::string disk(unsigned lun) const;
  // Looks for units that have been added.
  void scan() const;
  // Of the session, as /sys/class/iscsi_session shows it, or its connection.
  std::string attribute(const std::string& name) const;

 private:
  std::string node() const;

  std::string who_;
  std::string folder_;  // in sysfs
};

}  // namespace libcopyfile::test
