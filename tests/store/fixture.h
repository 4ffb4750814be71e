// A repository on a scratch file system, with faults in it on demand.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "store/add.h"
#include "store/get.h"
#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

// "sha256:..." of the text.
Digest digest_of(std::string_view text);

struct Shop {
  FaultySystem system;
  Catalogue catalogue;
  Learned learned;
  store::Environment environment{system.system(), catalogue, &learned};
};

class StoreTest : public ::testing::TestWithParam<FsKind> {
 protected:
  StoreTest();
  std::string at(const std::string& name) const { return top_ + "/" + name; }
  std::string blob(const Digest& digest) const { return at("repo/blobs/sha256/" + digest.hex()); }
  // Opened anew, so that nothing is remembered.
  store::Repository open(store::Use use = store::Use::write);
  // Writes the text to a file outside and adds it.
  Result<store::Added> add_text(store::Repository& repository, std::string_view text,
                                const std::string& name = {});
  // What get() gives, or "" with the error in `code`.
  std::string got(store::Repository& repository, const std::string& reference, int* code = nullptr);

  Shop shop_;
  std::string top_;
  int out_ = 0;
};

// Changes one bit of the file behind everybody's back.
void flip_bit(const std::string& path, uint64_t bit);
int code_of(const Done& done);
template <class T>
int code_of(const Result<T>& result) {
  return result ? 0 : result.error().code;
}

}  // namespace libcopyfile::test
