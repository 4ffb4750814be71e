// Runs the command as its users do, in a directory of its own on a real file system.
#pragma once

#include <string>
#include <vector>

#include "testing/process.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

class Command {
 public:
  explicit Command(std::string directory) : directory_(std::move(directory)) {}
  static Command in_test_directory(FsKind kind = FsKind::ext4) {
    return Command(test_directory(kind));
  }

  Finished operator()(std::vector<std::string> arguments, const std::string& input = {}) const;
  // Through /bin/sh, with $COPYFILE for the command: for redirections and limits.
  Finished shell(const std::string& script) const;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& contents) const;
  std::string read(const std::string& name) const;
  bool exists(const std::string& name) const;
  // Names in the directory, sorted, so that what is left behind shows.
  std::vector<std::string> names() const;

 private:
  std::string directory_;
};

// Bytes that differ at every offset.
std::string pattern(size_t size, unsigned seed = 1);

}  // namespace libcopyfile::test
