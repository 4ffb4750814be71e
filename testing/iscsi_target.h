// A real iSCSI target on loopback: tgtd (of the package tgt), which serves files and needs no kernel module. It reads and writes,
// and knows CHAP, but no copies of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace libcopyfile::test {

// The process ends with the object, and with the process that made it, however that ends. Throws ScratchError.
class IscsiTarget {
 public:
  IscsiTarget();
  ~IscsiTarget();
  IscsiTarget(const IscsiTarget&) = delete;
  IscsiTarget& operator=(const IscsiTarget&) = delete;

  // A target of the name "iqn.2026-01.invalid.test:NAME"; anybody may log in unless one of the functions below says otherwise.
  void add_target(const std::string& name);
  void only_with(const std::string& name, const std::string& user, const std::string& password);
  void only_for(const std::string& name, const std::string& initiator);
  // The file as the target's next logical unit, from 1 on.
  void add_unit(const std::string& name, const std::string& file);

  std::string url(const std::string& name, int unit, const std::string& credentials = "") const;
  // Breaks every connection to the target; how many.
  unsigned drop_connections(const std::string& name);
  // Stands still, and goes on.
  void freeze();
  void thaw();
  void stop();

 private:
  std::string admin(std::vector<std::string> arguments, bool must_succeed = true);
  std::string id_of(const std::string& name) const;

  pid_t pid_ = -1;
  unsigned port_ = 0;
  std::string control_;  // of its control socket
  std::vector<std::string> names_;
  std::vector<unsigned> units_;
};

}  // namespace libcopyfile::test
