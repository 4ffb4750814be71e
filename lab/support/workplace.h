// Where one test of the lab works: a directory of its own on a mount, the same directory as the server sees it, and the
// command under test.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/range.h"
#include "testing/oracle.h"
#include "testing/process.h"

namespace libcopyfile::test {

// What the command said with --json: one report, which has a member "plan" if --explain was given.
struct Told {
  Finished run;
  nlohmann::json report;

  bool ok() const { return run.ok(); }
  // Bytes that came into place by that mechanism.
  uint64_t by(const std::string& mechanism) const;
  // Why the mechanism was not used, or gave way; empty if there is no reason.
  std::string why_not(const std::string& mechanism) const;
  std::string everything() const { return run.out + run.err; }
};

class Workplace {
 public:
  // Makes a directory, named after the running test, on both: below `server` it is looked at without the client's cache. They
  // may be the same.
  Workplace(const std::string& mount, const std::string& server);

  std::string path(const std::string& name) const { return here_ + "/" + name; }
  std::string on_server(const std::string& name) const { return there_ + "/" + name; }

  // Writes stamped data and waits until the server has it, so that counters see none of it later.
  Oracle write_stamped(const std::string& name, std::vector<Range> islands, uint8_t file = 1) const;
  // Fails the test where the file is not what it should be, read on the server.
  void expect(const std::string& name, const Oracle& oracle) const;
  // What is in the directory, so that what is left behind shows.
  std::vector<std::string> names() const;

  // The command with these arguments and --json --explain, in the directory.
  Told copy(std::vector<std::string> arguments) const;
  Told range(std::vector<std::string> arguments) const;
  // The same onto a disk.
  Told overwrite(std::vector<std::string> arguments) const;
  // And a failure where a byte would have to pass through this host.
  Told by_storage(std::vector<std::string> arguments) const;
  Finished run(std::vector<std::string> argv) const;

 private:
  Told tell(std::vector<std::string> argv) const;

  std::string here_;
  std::string there_;
};

// Runs /bin/sh -c in the machine; throws ScratchError where it fails. For what a server or a mount is to be told.
std::string shell(const std::string& script);

// The other node of a disk of this kernel, "sda": "/dev/sg0".
std::string generic_node(const std::string& disk);

double seconds_of(const std::function<void()>& work);
double median(std::vector<double> values);

}  // namespace libcopyfile::test
