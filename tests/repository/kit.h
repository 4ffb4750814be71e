// A repository in a test: what it works with, its own directory, contents that tell what they are.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/add.h"
#include "store/gc.h"
#include "store/get.h"
#include "store/repair.h"
#include "store/verify.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/process.h"

namespace libcopyfile::test {

// COPYFILE_CRASH=full (./check --crash): as often as the promises say; otherwise a sample.
bool store_tests_are_full();
uint64_t store_test_seed();
// Fewer under a sanitizer, which makes everything slower by far.
size_t times(size_t full, size_t sample);

// Bytes that differ at each offset and for each number.
std::string bytes_of(uint64_t number, size_t size);
Digest digest_of(std::string_view bytes);

// Throughout: a step that the test needs throws ScratchError where it fails.
class Repo {
 public:
  // Made at `path` unless there is one.
  explicit Repo(std::string path, store::Members members = store::Members::readers);

  const std::string& path() const { return path_; }
  std::string blob(const Digest& digest) const { return path_ + "/blobs/sha256/" + digest.hex(); }
  const store::Environment& environment() const { return environment_; }
  Result<store::Repository> open(store::Use use = store::Use::write) const;

  Digest add(const std::string& bytes, const std::string& name = {});
  Result<store::Added> try_add(const std::string& source, std::optional<Digest> expected = {},
                               const std::string& name = {});
  // The bytes that `get` gives away under this name or digest.
  Result<std::string> get(const std::string& wanted);
  // How many findings are damage; -1 where it can't be opened, which is one, too.
  int damage(bool quarantine = true);

 private:
  std::string path_;
  KernelFiles files_;
  KernelNames names_;
  KernelAttributes attributes_;
  Catalogue catalogue_;
  store::Environment environment_{{files_, names_, attributes_}, catalogue_, nullptr};
};

// `copyfile store ...`, in a directory.
Finished run_store(const std::string& directory, std::vector<std::string> arguments,
                   const std::string& input = {});

}  // namespace libcopyfile::test
