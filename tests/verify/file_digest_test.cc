#include "verify/file_digest.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/faulty_system.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"
#include "verify/hasher.h"
#include "verify/read_back.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = 1 << 20;
const auto kGoOn = [](uint64_t) { return true; };

Digest digest_of(const Oracle& oracle, Algorithm algorithm = Algorithm::sha256) {
  std::vector<std::byte> bytes(oracle.size());
  oracle.read(0, bytes);
  Result<Hasher> hasher = Hasher::make(algorithm);
  hasher->add(bytes);
  return *hasher->finish();
}

class FileDigestTest : public ::testing::TestWithParam<FsKind> {
 protected:
  FileDigestTest() : directory_(test_directory(GetParam())) {}

  void file(const std::string& layout) {
    unlink((directory_ + "/private").c_str());
    fd_ = make_file(directory_ + "/private", layout_of(layout), 1);
    oracle_ = oracle_of(layout_of(layout), 1);
    system_.fd_names.set(fd_.get(), "private");
    EXPECT_EQ(fsync(fd_.get()), 0);
  }
  Result<FileDigest> digest() {
    return digest_of_file(system_.files, fd_.get(), oracle_.size(), Algorithm::sha256,
                          ReadVia::cache, kGoOn);
  }
  Result<ReadBack> back() {
    return read_back(system_.files, fd_.get(), oracle_.size(), Algorithm::sha256, kGoOn);
  }

  std::string directory_;
  Fd fd_;
  Oracle oracle_;
  FaultySystem system_;
  Script& script_ = system_.script;
};

INSTANTIATE_TEST_SUITE_P(Fs, FileDigestTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(FileDigestTest, TellsOfEveryByte) {
  for (const char* layout : {"", "data 1", "data 1048576", "data 10000001"}) {
    file(layout);
    for (int i = 0; i < 20; ++i) {
      uint64_t told = 0;
      const auto add = [&](uint64_t bytes) {
        told += bytes;
        return true;
      };
      const auto read = digest_of_file(system_.files, fd_.get(), oracle_.size(), Algorithm::sha256,
                                       ReadVia::cache, add);
      ASSERT_TRUE(read);
      EXPECT_EQ(told, oracle_.size()) << layout;
    }
  }
}

constexpr const char* kLayouts[] = {"",
                                    "data 1",
                                    "data 4095",
                                    "data 4096",
                                    "data 64K",
                                    "data 1M",
                                    "data 1048577",
                                    "data 2M",
                                    "data 3M, hole 2M, unwritten 1M, data 777777",
                                    "hole 5M"};

TEST_P(FileDigestTest, IsThatOfTheBytes) {
  for (const char* layout : kLayouts) {
    file(layout);
    const Result<FileDigest> found = digest();
    ASSERT_TRUE(found) << layout << ": " << found.error().message();
    EXPECT_EQ(found->digest, digest_of(oracle_)) << layout;
    EXPECT_EQ(found->size, oracle_.size()) << layout;
  }
}

TEST_P(FileDigestTest, ReadBackIsThatOfTheBytes) {
  for (const char* layout : kLayouts) {
    file(layout);
    const Result<ReadBack> found = back();
    ASSERT_TRUE(found) << layout << ": " << found.error().message();
    EXPECT_EQ(found->read.digest, digest_of(oracle_)) << layout;
    EXPECT_EQ(found->read.size, oracle_.size()) << layout;
  }
}

// Whatever the file system can: never less, and never more than is true.
TEST_P(FileDigestTest, ReadBackSaysWhereFrom) {
  file("data 3M");
  const Result<ReadBack> found = back();
  ASSERT_TRUE(found);
  switch (GetParam()) {
    case FsKind::ext4:
    case FsKind::xfs: EXPECT_EQ(found->medium, Medium::direct); break;
    case FsKind::tmpfs: EXPECT_EQ(found->medium, Medium::cache); break;
    default: EXPECT_TRUE(found->medium == Medium::direct || found->medium == Medium::dropped);
  }
}

TEST_P(FileDigestTest, ShortReadsAndInterruptions) {
  file("data 1500000");
  script_.inject("fail any errno=EINTR every=2").inject("short read bytes=40960");
  EXPECT_EQ(digest()->digest, digest_of(oracle_));
  EXPECT_EQ(back()->read.digest, digest_of(oracle_));
}

TEST_P(FileDigestTest, ErrorsAreErrors) {
  file("data 5M");
  for (int after = 0; after < 6; ++after) {
    script_.clear();
    script_.inject("fail read errno=EIO after=" + std::to_string(after));
    ASSERT_FALSE(digest()) << after;
    EXPECT_EQ(digest().error().code, EIO);
    EXPECT_EQ(back().error().code, EIO);
  }
}

TEST_P(FileDigestTest, IsCancelled) {
  file("data 5M");
  const auto found = digest_of_file(system_.files, fd_.get(), oracle_.size(), Algorithm::sha256,
                                    ReadVia::cache, [](uint64_t) { return false; });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ECANCELED);
}

TEST_P(FileDigestTest, TellsOfAllBytes) {
  file("data 5M");
  uint64_t told = 0;
  ASSERT_TRUE(digest_of_file(system_.files, fd_.get(), oracle_.size(), Algorithm::sha256,
                             ReadVia::cache, [&](uint64_t bytes) {
                               told += bytes;
                               return true;
                             }));
  EXPECT_LE(told, 5 * kMiB);
  EXPECT_GE(told, 3 * kMiB) << "all but what the other thread did at the very end";
}

TEST_P(FileDigestTest, WithoutASecondThreadItIsTheSame) {
  file("data 3M, hole 1M, data 5");
  if (is_refused("no-threads")) return;  // as all other tests show then
  refusing({"no-threads"}, [&] {
    EXPECT_EQ(digest()->digest, digest_of(oracle_));
    EXPECT_EQ(back()->read.digest, digest_of(oracle_));
  });
}

// A file that is not as long as it should be has the digest of what it has.
TEST_P(FileDigestTest, TheSizeIsOnlyAGuess) {
  file("data 3M");
  for (const uint64_t thought : {uint64_t{0}, uint64_t{1}, 2 * kMiB, 10 * kMiB}) {
    const auto found =
        digest_of_file(system_.files, fd_.get(), thought, Algorithm::sha256, ReadVia::cache, kGoOn);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->digest, digest_of(oracle_)) << thought;
    EXPECT_EQ(found->size, 3 * kMiB);
  }
}

// --- ways back from the medium, each refused in turn ---

class ReadBackTest : public FileDigestTest {};
INSTANTIATE_TEST_SUITE_P(Fs, ReadBackTest, ::testing::Values(FsKind::ext4, FsKind::xfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(ReadBackTest, WithoutDirectIoTheCacheIsDropped) {
  file("data 3M");
  for (const char* rule :
       {"fail reopen errno=EINVAL", "fail reopen errno=EMFILE", "fail read errno=EINVAL times=1",
        "fail read errno=EOPNOTSUPP times=1", "short read bytes=1000 times=1"}) {
    script_.clear();
    script_.inject(rule);
    const Result<ReadBack> found = back();
    ASSERT_TRUE(found) << rule;
    EXPECT_EQ(found->medium, Medium::dropped) << rule;
    EXPECT_EQ(found->read.digest, digest_of(oracle_)) << rule;
  }
}

TEST_P(ReadBackTest, PagesThatStayAreSaidToBeMemory) {
  file("data 3M");
  for (const char* rule : {"drop advise", "fail resident errno=ENOSYS"}) {
    script_.clear();
    script_.inject("fail reopen errno=EINVAL").inject(rule);
    const Result<ReadBack> found = back();
    ASSERT_TRUE(found) << rule;
    EXPECT_EQ(found->medium, Medium::cache) << rule;
    EXPECT_EQ(found->read.digest, digest_of(oracle_));
  }
}

TEST_P(ReadBackTest, TroubleIsNoReasonForAnotherWay) {
  file("data 3M");
  for (const char* rule : {"fail reopen errno=EIO", "fail read errno=EIO times=1",
                           "fail stat errno=EIO", "fail reopen errno=ENOMEM"}) {
    script_.clear();
    script_.inject(rule);
    EXPECT_FALSE(back()) << rule;
  }
}

TEST_P(ReadBackTest, LeavesThePageCacheAlone) {
  file("data 3M");
  KernelFiles files;
  std::vector<std::byte> all(3 * kMiB);
  ASSERT_EQ(pread(fd_.get(), all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
  const uint64_t before = *files.resident(fd_.get(), {0, 3 * kMiB});
  ASSERT_TRUE(back());
  EXPECT_EQ(*files.resident(fd_.get(), {0, 3 * kMiB}), before);
}

}  // namespace
}  // namespace libcopyfile::test
