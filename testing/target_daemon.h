// The daemon copyfile-target, run as a user runs it: a process of its own, told to end by signals and asked by ctl.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/process.h"

namespace libcopyfile::test {

// The process ends with the object, and with the test program, however that ends. Throws ScratchError.
class TargetDaemon {
 public:
  // Runs it with these arguments and a control socket in `directory`, which stays; returns when it says that it is ready. `user`: as
  // whom, who must have access to what it needs; 0: as the test.
  TargetDaemon(const std::string& directory, std::vector<std::string> arguments, unsigned user = 0);
  ~TargetDaemon();
  TargetDaemon(const TargetDaemon&) = delete;
  TargetDaemon& operator=(const TargetDaemon&) = delete;

  const std::string& name() const { return name_; }  // of the target
  unsigned port() const { return port_; }
  // "iscsi://127.0.0.1:PORT/NAME/LUN", with "USER%PASSWORD@" before the address where there are credentials.
  std::string url(unsigned lun, const std::string& credentials = "") const;
  pid_t pid() const { return pid_; }
  const std::string& control() const { return control_; }
  std::string out() const;
  std::string log() const;

  Finished ctl(std::vector<std::string> arguments) const;
  // The answer as JSON, of a command that must succeed.
  nlohmann::json ask(std::vector<std::string> arguments) const;

  void signal(int number) const;
  // Its exit code, -1 where a signal ended it. Throws where it does not end within a minute.
  int wait();
  // SIGKILL.
  void kill();

 private:
  void run(const std::vector<std::string>& arguments, unsigned user,
           const std::string& notify) const;
  void wait_until_ready(int notify);

  std::string directory_, control_, name_;
  unsigned port_ = 0;
  pid_t pid_ = -1;
};

// What it exits with, and says, where it is not to become ready.
Finished run_target(std::vector<std::string> arguments);

}  // namespace libcopyfile::test
