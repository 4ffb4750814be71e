// What a copy is checked for before it has a name: its digest, what the medium holds, and that the source stayed what it was.
#include "engine/check_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/copy_job.h"
#include "testing/faulty_system.h"
#include "testing/islands.h"
#include "testing/liar.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr Algorithm kBoth[] = {Algorithm::sha256, Algorithm::xxh3_128};

// Apart from all that is tested: the bytes in memory, hashed in one go.
Digest digest_of(const Oracle& oracle, Algorithm algorithm) {
  std::vector<std::byte> bytes(oracle.size());
  oracle.read(0, bytes);
  Result<Hasher> hasher = Hasher::make(algorithm);
  hasher->add(bytes);
  return *hasher->finish();
}

class CheckTest : public ::testing::TestWithParam<FsKind> {
 protected:
  explicit CheckTest(FsKind fs = GetParam()) : path_(test_directory(fs)) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    job_.in_dir = job_.out_dir = dir_.get();
    job_.in_path = "source";
    job_.out_path = "copy";
    source("data 700K, hole 1M, unwritten 100K, data 70000, hole 100K");
  }

  void source(const std::string& layout) {
    unlink((path_ + "/source").c_str());
    in_ = make_file(path_ + "/source", layout_of(layout), 1);
    oracle_ = oracle_of(layout_of(layout), 1);
  }
  Done copy() {
    report_ = {};
    unlink((path_ + "/copy").c_str());
    return copy_file(system_.system(), catalogue_, nullptr, job_, report_);
  }
  void expect_complete() {
    const Fd fd(open((path_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(fd.valid()) << "there is no copy";
    EXPECT_TRUE(holds(fd.get(), oracle_));
  }
  void expect_nothing() {
    EXPECT_EQ(names_in(path_), std::vector<std::string>{"source"});
    EXPECT_FALSE(report_.published);
  }
  Digest true_digest(Algorithm algorithm) const { return digest_of(oracle_, algorithm); }
  // Everything about the copy that was asked for is as it should be.
  void expect_good(const std::string& what) {
    SCOPED_TRACE(what);
    const Done ok = copy();
    ASSERT_TRUE(ok) << ok.error().message();
    expect_complete();
    ASSERT_TRUE(report_.checked.digest);
    EXPECT_EQ(*report_.checked.digest, true_digest(job_.check.algorithm()));
    EXPECT_EQ(report_.checked.medium != Medium::none, job_.check.verify);
  }

  std::string path_;
  Fd dir_, in_;
  Oracle oracle_;
  FileJob job_;
  FileReport report_;
  FaultySystem system_;
  Script& script_ = system_.script;
  Catalogue catalogue_;
};

INSTANTIATE_TEST_SUITE_P(Engine, CheckTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(CheckTest, DigestIsThatOfTheBytesHoweverTheyMove) {
  for (const char* layout : {"", "data 1", "data 64K", "data 3000001",
                             "data 700K, hole 1M, unwritten 100K, data 70000, hole 100K", "hole 3M",
                             "hole 100K, data 1M", "unwritten 1M, data 5"}) {
    source(layout);
    for (const Algorithm algorithm : kBoth) {
      job_.check.digest = algorithm;
      for (const bool verify : {false, true}) {
        job_.check.verify = verify;
        for (const Sharing sharing : {Sharing::automatic, Sharing::never}) {
          for (const Sparse sparse : {Sparse::automatic, Sparse::always, Sparse::never}) {
            job_.data.sharing = sharing;
            job_.data.sparse = sparse;
            expect_good(std::string(layout) + ", " + std::string(name_of(algorithm)) +
                        (verify ? ", verified" : "") +
                        (sharing == Sharing::never ? ", never shared" : "") + ", sparse " +
                        std::to_string(static_cast<int>(sparse)));
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

TEST_P(CheckTest, OtherWaysToMoveTheBytes) {
  job_.check.digest = Algorithm::sha256;
  for (const CachePolicy cache : {CachePolicy::bypass, CachePolicy::keep}) {
    job_.data.sharing = Sharing::never;
    job_.data.cache = cache;
    expect_good("cache " + std::to_string(static_cast<int>(cache)));
  }
  job_.data = {};
  script_.inject("short any bytes=4097");
  for (const char* operation : {"stat", "read", "write", "sync", "clone", "reopen"}) {
    script_.inject(std::string("fail ") + operation + " errno=EINTR every=2");
  }
  expect_good("short and interrupted");
}

// The copy was made by somebody else: one pass over it, and for a verification one over the source.
TEST_P(CheckTest, BytesThatNeverPassAreReadFromTheCopy) {
  // The only one here where a server copies, if the kernel asks it to.
  if (GetParam() != FsKind::fuse || is_refused("no-copy-file-range") ||
      is_refused("forbidden-copy-file-range") || is_refused("old-kernel")) {
    return;
  }
  job_.data.offload = Offload::always;
  for (const bool verify : {false, true}) {
    job_.check.digest = Algorithm::sha256;
    job_.check.verify = verify;
    expect_good(verify ? "verified" : "");
    EXPECT_GT(report_.data.bytes_by[index_of(MechanismId::copy_range)], 0U);
    const uint64_t read = script_.bytes("read");
    EXPECT_GE(read, (verify ? 2 : 1) * oracle_.size());
    EXPECT_LE(read, (verify ? 2 : 1) * oracle_.size() + 4096);
    script_.clear();
  }
}

TEST_P(CheckTest, TheExpectedDigestGetsTheName) {
  for (const Algorithm algorithm : kBoth) {
    for (const Sharing sharing : {Sharing::automatic, Sharing::never}) {
      job_.data.sharing = sharing;
      job_.check.expected = true_digest(algorithm);
      expect_good("");
    }
  }
}

TEST_P(CheckTest, AnotherDigestGetsNothing) {
  for (const Algorithm algorithm : kBoth) {
    for (const Sharing sharing : {Sharing::automatic, Sharing::never}) {
      for (const bool verify : {false, true}) {
        job_.data.sharing = sharing;
        job_.check.verify = verify;
        job_.check.expected = true_digest(algorithm);
        job_.check.expected->bytes[7] ^= 1;
        const Done ok = copy();
        ASSERT_FALSE(ok);
        EXPECT_EQ(ok.error().code, EBADMSG);
        EXPECT_EQ(ok.error().op, Op::verify);
        EXPECT_EQ(ok.error().where, "copy");
        ASSERT_TRUE(report_.checked.digest);
        EXPECT_EQ(*report_.checked.digest, true_digest(algorithm));
        expect_nothing();
      }
    }
  }
}

TEST_P(CheckTest, AnotherDigestLeavesTheOldFile) {
  job_.replace = Replace::file;
  job_.check.expected = true_digest(Algorithm::sha256);
  job_.check.expected->bytes[0] ^= 0x80;
  write_text(path_ + "/copy", "old");
  EXPECT_FALSE(copy_file(system_.system(), catalogue_, nullptr, job_, report_));
  EXPECT_EQ(read_text(path_ + "/copy"), "old");
}

// --- corruption between memory and medium ---

constexpr const char* kCorruptions[] = {"flip write file=private times=1",
                                        "drop write file=private times=1",
                                        "flip write file=private after=1 times=1"};

TEST_P(CheckTest, CorruptedWritesAreFoundByVerify) {
  job_.data.sharing = Sharing::never;
  job_.check.verify = true;
  for (const char* corruption : kCorruptions) {
    for (const Algorithm algorithm : {Algorithm::none, Algorithm::sha256}) {
      job_.check.digest = algorithm;
      script_.clear();
      script_.inject(corruption);
      const Done ok = copy();
      ASSERT_FALSE(ok) << corruption;
      EXPECT_EQ(ok.error().code, EBADMSG) << corruption;
      ASSERT_TRUE(report_.checked.digest && report_.checked.from_medium);
      EXPECT_EQ(*report_.checked.digest, true_digest(job_.check.algorithm()));
      EXPECT_NE(*report_.checked.from_medium, *report_.checked.digest);
      expect_nothing();
    }
  }
}

// The control: what --verify finds, nothing else finds.
TEST_P(CheckTest, CorruptedWritesGoUnseenWithoutVerify) {
  job_.data.sharing = Sharing::never;
  job_.check.expected = true_digest(Algorithm::sha256);
  for (const char* corruption : kCorruptions) {
    script_.clear();
    script_.inject(corruption);
    ASSERT_TRUE(copy()) << corruption;
    const Fd fd(open((path_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(holds(fd.get(), oracle_)) << corruption << " corrupted nothing";
  }
}

TEST_P(CheckTest, CorruptedReadsOfTheCopyAreFound) {
  job_.data.sharing = Sharing::never;
  job_.check.verify = true;
  for (const char* corruption :
       {"flip read file=private times=1", "flip read file=private after=1 times=1"}) {
    script_.clear();
    script_.inject(corruption);
    const Done ok = copy();
    ASSERT_FALSE(ok);
    EXPECT_EQ(ok.error().code, EBADMSG);
    expect_nothing();
  }
}

// Read wrongly once, the source gives a wrong copy that agrees with itself: only somebody who knows the digest can tell.
TEST_P(CheckTest, CorruptedReadsOfTheSourceAreFoundByExpect) {
  job_.data.sharing = Sharing::never;
  job_.check.verify = true;
  for (const bool expect : {true, false}) {
    script_.clear();
    script_.inject("flip read file=source times=1");
    if (expect) job_.check.expected = true_digest(Algorithm::sha256);
    const Done ok = copy();
    EXPECT_EQ(ok.has_value(), !expect);
    if (expect) {
      EXPECT_EQ(ok.error().code, EBADMSG);
    }
    job_.check.expected.reset();
  }
}

TEST_P(CheckTest, WhateverFailsNothingIsLeft) {
  job_.check.digest = Algorithm::sha256;
  job_.check.verify = true;
  for (const char* operation :
       {"read", "write", "sync", "stat", "reopen", "advise", "resident", "clone", "seek_data"}) {
    bool reached = true;
    for (uint64_t n = 0; reached && n < 40; ++n) {
      SCOPED_TRACE(std::string(operation) + " number " + std::to_string(n));
      script_.clear();
      script_.inject(std::string("fail ") + operation +
                     " times=1 errno=EIO after=" + std::to_string(n));
      const Done ok = copy();
      reached = script_.calls(operation) > n;
      if (ok) {
        expect_complete();
        EXPECT_EQ(*report_.checked.digest, true_digest(Algorithm::sha256));
      } else {
        EXPECT_EQ(ok.error().code, EIO);
        expect_nothing();
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(CheckTest, CancelledWhileItIsReadBack) {
  job_.check.verify = true;
  job_.data.sharing = Sharing::never;
  bool synced = false;
  script_.before("sync", 0, [&] { synced = true; });
  job_.control.progress = [&](auto&&...) { return !synced; };
  const Done ok = copy();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ECANCELED);
  expect_nothing();
}

// --- what it costs ---

TEST_P(CheckTest, ADigestCostsNoPassOfItsOwn) {
  job_.data.sharing = Sharing::never;
  job_.check.digest = Algorithm::sha256;
  ASSERT_TRUE(copy());
  const std::string requests = system_.recorder.of("private");
  EXPECT_EQ(requests.find("read private"), std::string::npos) << requests;
  // And holes are not read to be hashed.
  if (GetParam() != FsKind::fuse && !is_refused("no-seek-hole")) {
    EXPECT_LE(script_.bytes("read"), uint64_t{800} << 10);
  }
}

TEST_P(CheckTest, ACloneIsReadOnceForDigestAndVerification) {
  job_.check.digest = Algorithm::sha256;
  job_.check.verify = true;
  ASSERT_TRUE(copy());
  if (report_.data.bytes_by[index_of(MechanismId::reflink)] == 0) return;  // does not share
  EXPECT_EQ(report_.size, oracle_.size());
  EXPECT_LE(script_.bytes("read"), oracle_.size());
  EXPECT_EQ(system_.recorder.of("source").find("read source"), std::string::npos);
}

TEST_P(CheckTest, TheDataIsSyncedBeforeItIsReadBackAndAgainWithItsMetadata) {
  job_.check.verify = true;
  ASSERT_TRUE(copy());
  EXPECT_EQ(system_.recorder.only({"sync"}), "sync private data = ok\nsync private all = ok\n");
}

}  // namespace
}  // namespace libcopyfile::test
