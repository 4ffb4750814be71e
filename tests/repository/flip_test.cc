// One bit, anywhere in a repository, is another one: verify finds it, get never gives it away, repair puts it right.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "kit.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSizes[] = {1, 100, 4095, 4096, 4097, 9000, 20000, 65536, 100001};

class Flip : public ::testing::Test {
 protected:
  Flip() {
    size_t number = 0;
    for (const size_t size : kSizes) {
      for (int i = 0; i < 3; ++i) {
        const std::string bytes = bytes_of(++number, size + static_cast<size_t>(i));
        const std::string name = "dir/file " + std::to_string(number);
        repo_.add(bytes, name);
        other_.add(bytes, name);
        contents_[name] = bytes;
      }
    }
  }

  // Half of them in the index and the format, which are small beside the blobs.
  std::string choose_file(std::mt19937_64& random) {
    if (random() % 2 == 0) {
      return repo_.path() + (random() % 20 == 0 ? "/format" : "/index.sqlite");
    }
    auto at = contents_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(choose(random, contents_.size())));
    return repo_.blob(digest_of(at->second));
  }

  static void flip(const std::string& path, uint64_t bit) {
    const Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
    char byte = 0;
    const auto at = static_cast<off_t>(bit / 8);
    ASSERT_EQ(pread(fd.get(), &byte, 1, at), 1) << path;
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    ASSERT_EQ(pwrite(fd.get(), &byte, 1, at), 1) << path;
  }

  // By name and by digest: exact, or refused.
  void expect_never_given_away() {
    for (const auto& [name, bytes] : contents_) {
      for (const std::string& wanted : {name, digest_of(bytes).text()}) {
        const Result<std::string> got = repo_.get(wanted);
        if (got) {
          ASSERT_TRUE(*got == bytes) << wanted;
        }
      }
    }
  }

  void repair() {
    Result<store::Repository> repository =
        store::Repository::open_damaged(repo_.environment(), AT_FDCWD, repo_.path());
    ASSERT_TRUE(repository) << repository.error().message();
    const Fd from(open(other_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Result<store::RepairReport> report =
        store::repair(*repository, from.get(), other_.path(), {}, {});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->healed, report->wanted);
  }

  void expect_whole() {
    EXPECT_EQ(repo_.damage(), 0);
    for (const auto& [name, bytes] : contents_) {
      const Result<std::string> got = repo_.get(name);
      ASSERT_TRUE(got) << name << ": " << got.error().message();
      ASSERT_TRUE(*got == bytes) << name;
    }
  }

  std::string directory_ = test_directory(FsKind::ext4);
  Repo repo_{directory_ + "/repo"};
  Repo other_{directory_ + "/other"};
  std::map<std::string, std::string> contents_;
};

TEST_F(Flip, OfAnyBitIsFoundAndHealedAndNeverGivenAway) {
  std::mt19937_64 random(store_test_seed());
  const size_t flips = times(10000, 100);
  for (size_t i = 0; i < flips && !HasFailure(); ++i) {
    const std::string path = choose_file(random);
    const uint64_t bit = choose(random, fs::file_size(path) * 8);
    SCOPED_TRACE("flip " + std::to_string(i) + ": bit " + std::to_string(bit) + " of " + path);
    flip(path, bit);
    // All names for some; for the others those that it may concern are enough.
    if (i % 10 == 0 || !path.ends_with("index.sqlite")) expect_never_given_away();
    EXPECT_NE(repo_.damage(), 0) << "nobody noticed";
    repair();
    expect_whole();
  }
  std::printf("store: %zu bits flipped, found and healed\n", flips);
}

// The control: without its digest nothing would have been noticed.
TEST_F(Flip, OfABlobIsSeenByWhoReadsTheFileItself) {
  const auto& [name, bytes] = *contents_.begin();
  flip(repo_.blob(digest_of(bytes)), 0);
  EXPECT_NE(read_text(repo_.blob(digest_of(bytes))), bytes);
  EXPECT_FALSE(repo_.get(name));
}

}  // namespace
}  // namespace libcopyfile::test
