#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/scratch_error.h"
#include "testing/text_files.h"
#include "verify/hasher.h"

namespace libcopyfile::test {

Digest digest_of(std::string_view text) {
  Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
  hasher->add(std::as_bytes(std::span(text)));
  return *hasher->finish();
}

StoreTest::StoreTest() : top_(test_directory(GetParam())) {
  const Done made = store::Repository::create(shop_.environment, kCurrentDirectory, at("repo"), {});
  EXPECT_TRUE(made) << made.error().message();
}

store::Repository StoreTest::open(store::Use use) {
  Result<store::Repository> repository =
      store::Repository::open(shop_.environment, kCurrentDirectory, at("repo"), use);
  if (!repository) throw ScratchError("cannot open: " + repository.error().message());
  return *std::move(repository);
}

Result<store::Added> StoreTest::add_text(store::Repository& repository, std::string_view text,
                                         const std::string& name) {
  write_text(at("source"), text);
  store::AddSource source;
  source.dir = kCurrentDirectory;
  source.path = at("source");
  source.name = name;
  return store::add_one(repository, source, {});
}

std::string StoreTest::got(store::Repository& repository, const std::string& reference, int* code) {
  const std::string out = at("out" + std::to_string(out_++));
  const Result<store::Reference> parsed = store::parse_reference(reference);
  if (!parsed) throw ScratchError("no reference: " + reference);
  const Result<store::Got> got = store::get(repository, *parsed, kCurrentDirectory, out, {});
  if (code != nullptr) *code = code_of(got);
  if (got) return read_text(out);
  EXPECT_NE(::access(out.c_str(), F_OK), 0) << "there is a file in spite of the error";
  return {};
}

void flip_bit(const std::string& path, uint64_t bit) {
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  unsigned char byte = 0;
  const auto at = static_cast<off_t>(bit / 8);
  ASSERT_EQ(::pread(fd.get(), &byte, 1, at), 1);
  byte ^= static_cast<unsigned char>(1U << bit % 8);
  ASSERT_EQ(::pwrite(fd.get(), &byte, 1, at), 1);
  ASSERT_EQ(::chmod(path.c_str(), before.st_mode), 0);
}

int code_of(const Done& done) { return done ? 0 : done.error().code; }

}  // namespace libcopyfile::test
