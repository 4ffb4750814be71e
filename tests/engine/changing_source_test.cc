// A source that somebody writes to while it is copied: the copy begins again, and is given up when that does not help.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "engine/copy_job.h"
#include "testing/faulty_system.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

const char* const kLayout = "data 200K, hole 1M, unwritten 100K, data 70000, hole 100K";
constexpr uint32_t kMostRetries = 3;

class ChangingSource : public ::testing::TestWithParam<FsKind> {
 protected:
  ChangingSource() : path_(test_directory(GetParam())) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    job_.in_dir = job_.out_dir = dir_.get();
    job_.in_path = "source";
    job_.out_path = "copy";
    job_.data.sharing = Sharing::never;
    source(kLayout);
  }

  void source(const std::string& layout) {
    unlink((path_ + "/source").c_str());
    in_ = make_file(path_ + "/source", layout_of(layout), 1);
    oracle_ = oracle_of(layout_of(layout), 1);
    // Whatever changes from now on has another time, also where the clock ticks slowly.
    usleep(20'000);
  }
  void shrink(uint64_t size) {
    ASSERT_EQ(ftruncate(in_.get(), static_cast<off_t>(size)), 0);
    oracle_.truncate(size);
  }
  void write(uint64_t offset, std::string_view text) {
    usleep(20'000);
    ASSERT_EQ(pwrite(in_.get(), text.data(), text.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(text.size()));
    oracle_.write(offset, std::as_bytes(std::span(text)));
  }
  void append(std::string_view text) { write(oracle_.size(), text); }

  Done copy() {
    report_ = {};
    unlink((path_ + "/copy").c_str());
    return copy_file(system_.system(), catalogue_, nullptr, job_, report_);
  }
  ::testing::AssertionResult is_the_source_now() {
    const Fd fd(open((path_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return ::testing::AssertionFailure() << "there is no copy";
    return holds(fd.get(), oracle_);
  }
  // Times tell nothing behind FUSE: only a change of the size is seen there.
  bool times_tell() const { return GetParam() != FsKind::fuse; }

  std::string path_;
  Fd dir_, in_;
  Oracle oracle_;
  FileJob job_;
  FileReport report_;
  FaultySystem system_;
  Script& script_ = system_.script;
  Catalogue catalogue_;
};

INSTANTIATE_TEST_SUITE_P(Engine, ChangingSource, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(ChangingSource, ThatStaysAsItIsIsCopiedOnce) {
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, 0U);
}

TEST_P(ChangingSource, ThatShrinksIsCopiedAnew) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1000}, uint64_t{1'400'000}}) {
    source(kLayout);
    script_.clear();
    script_.before("read", 0, [&] { shrink(size); });
    const Done ok = copy();
    ASSERT_TRUE(ok) << size << ": " << ok.error().message();
    EXPECT_EQ(report_.retries, 1U);
    EXPECT_EQ(report_.size, size);
    EXPECT_TRUE(is_the_source_now());
  }
}

TEST_P(ChangingSource, ThatGrowsIsCopiedAnew) {
  script_.before("write", 0, [&] { append("more"); });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, 1U);
  EXPECT_TRUE(is_the_source_now());
}

TEST_P(ChangingSource, ThatIsWrittenOverIsCopiedAnew) {
  if (!times_tell()) return;
  script_.before("write", 0, [&] { write(5, "changed"); });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, 1U);
  EXPECT_TRUE(is_the_source_now());
}

// The time of modification is the owner's to set; that of change is not.
TEST_P(ChangingSource, ThatHidesItsTimeIsFoundByTheTimeOfChange) {
  if (!times_tell()) return;
  struct stat before {};
  ASSERT_EQ(fstat(in_.get(), &before), 0);
  script_.before("write", 0, [&] {
    write(5, "changed");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(futimens(in_.get(), times), 0);
  });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, 1U);
  EXPECT_TRUE(is_the_source_now());
}

TEST_P(ChangingSource, IsCopiedAnewWithItsDigest) {
  job_.check.digest = Algorithm::sha256;
  script_.before("write", 0, [&] { append("more"); });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, 1U);
  std::vector<std::byte> bytes(oracle_.size());
  oracle_.read(0, bytes);
  Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
  hasher->add(bytes);
  EXPECT_EQ(report_.checked.digest, *hasher->finish());
}

TEST_P(ChangingSource, ThatNeverStaysIsAnErrorAndNothingIsLeft) {
  // One file of one chunk: one write each time.
  source("data 100K");
  for (const bool replace : {false, true}) {
    job_.replace = replace ? Replace::file : Replace::never;
    script_.clear();
    for (uint32_t i = 0; i <= kMostRetries; ++i) script_.before("write", i, [&] { append("x"); });
    report_ = {};
    if (replace) write_text(path_ + "/copy", "old");
    const Done ok = copy_file(system_.system(), catalogue_, nullptr, job_, report_);
    ASSERT_FALSE(ok);
    EXPECT_EQ(ok.error().code, ESTALE);
    EXPECT_EQ(ok.error().where, "source");
    EXPECT_EQ(report_.retries, kMostRetries);
    EXPECT_EQ(script_.calls("write"), kMostRetries + 1);
    if (replace) {
      EXPECT_EQ(read_text(path_ + "/copy"), "old");
    } else {
      EXPECT_EQ(names_in(path_), std::vector<std::string>{"source"});
    }
  }
}

TEST_P(ChangingSource, ThatStaysAtTheLastAttemptIsCopied) {
  source("data 100K");
  for (uint32_t i = 0; i < kMostRetries; ++i) script_.before("write", i, [&] { append("x"); });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, kMostRetries);
  EXPECT_TRUE(is_the_source_now());
}

TEST_P(ChangingSource, IsNoErrorWhereThatIsAllowed) {
  source("data 100K");
  job_.allow_change = true;
  const Oracle before = oracle_;
  script_.before("write", 0, [&] { append("x"); });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.retries, 0U);
  const Fd fd(open((path_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
  if (times_tell()) {
    EXPECT_TRUE(holds(fd.get(), before)) << "what was read before it grew";
  } else {
    EXPECT_TRUE(is_the_source_now()) << "what a FUSE file system has behind its size is read, too";
  }
}

TEST_P(ChangingSource, ThatShrinksIsCopiedAsFarAsItGoesWhereThatIsAllowed) {
  job_.allow_change = true;
  job_.check.digest = Algorithm::xxh3_128;
  for (const uint64_t size : {uint64_t{0}, uint64_t{1000}}) {
    source(kLayout);
    script_.clear();
    script_.before("read", 0, [&] { shrink(size); });
    const Done ok = copy();
    ASSERT_TRUE(ok) << ok.error().message();
    EXPECT_EQ(report_.retries, 0U);
    EXPECT_EQ(report_.size, size);
    EXPECT_TRUE(is_the_source_now());
    Result<Hasher> hasher = Hasher::make(Algorithm::xxh3_128);
    std::vector<std::byte> bytes(oracle_.size());
    oracle_.read(0, bytes);
    hasher->add(bytes);
    EXPECT_EQ(report_.checked.digest, *hasher->finish());
  }
}

// One clone is a snapshot of what the source is at that moment: what comes later is no concern of the copy.
TEST_P(ChangingSource, IsASnapshotWhenItIsCloned) {
  job_.data.sharing = Sharing::automatic;
  const Oracle before = oracle_;
  bool cloned = false;
  script_.before("clone", 0, [&] { cloned = true; });
  script_.before("stat", 2, [&] {
    if (cloned) append("after the clone");
  });
  ASSERT_TRUE(copy());
  if (report_.data.bytes_by[index_of(MechanismId::reflink)] == 0) return;  // does not share
  EXPECT_EQ(report_.retries, 0U);
  const Fd fd(open((path_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(holds(fd.get(), before));
}

TEST_P(ChangingSource, ThatGrowsBeforeItIsClonedIsCopiedAsItIs) {
  job_.data.sharing = Sharing::automatic;
  script_.before("clone", 0, [&] { append("more"); });
  ASSERT_TRUE(copy());
  EXPECT_EQ(report_.size, oracle_.size());
  EXPECT_TRUE(is_the_source_now());
}

TEST_P(ChangingSource, ThatShrinksBeforeItIsClonedIsCopiedAnew) {
  job_.data.sharing = Sharing::automatic;
  script_.before("clone", 0, [&] { shrink(1000); });
  const Done ok = copy();
  ASSERT_TRUE(ok) << ok.error().message();
  EXPECT_EQ(report_.retries, 1U);
  EXPECT_TRUE(is_the_source_now());
}

// Not a hook in a test, but somebody else, who writes the file anew from its beginning to its end, page by page. A copy shows what
// was written lately, then what was there before: a state that the file was in. Never the other way round, which it never was.
TEST_P(ChangingSource, WrittenByAnotherThreadIsNeverAMixture) {
  if (!times_tell()) return;
  constexpr size_t kPages = 512;
  source("data 2M");
  job_.durability = Durability::none;
  std::atomic<bool> stop{false};
  std::atomic<useconds_t> pause{20'000};
  std::thread writer([&] {
    const Fd fd(open((path_ + "/source").c_str(), O_WRONLY | O_CLOEXEC));
    for (char c = 'a'; !stop; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
      const std::string page(4096, c);
      for (size_t i = 0; i < kPages; ++i) {
        (void)!pwrite(fd.get(), page.data(), page.size(), static_cast<off_t>(i * page.size()));
      }
      usleep(pause);
    }
  });
  usleep(50'000);
  int copies = 0;
  for (int i = 0; i < 60; ++i) {
    usleep(1'000);
    const Done ok = copy();
    if (!ok) {
      EXPECT_EQ(ok.error().code, ESTALE);
      pause = pause + 10'000;  // a machine that is so slow gets a slower writer
      continue;
    }
    ++copies;
    std::string text = read_text(path_ + "/copy");
    const char newer = text.front();
    const char older = newer == 'a' ? 'z' : static_cast<char>(newer - 1);
    text.erase(0, text.find_first_not_of(newer));
    EXPECT_EQ(text.find_first_not_of(older), std::string::npos) << "a mixture";
  }
  stop = true;
  writer.join();
  EXPECT_GT(copies, 0);
}

// Sizes of made-up files say nothing, and neither do their times.
TEST(ChangingSources, OfProcfsAreNotLookedAt) {
  const std::string path = test_directory(FsKind::ext4);
  FaultySystem system;
  const Catalogue catalogue;
  for (const char* source : {"/proc/self/status", "/proc/uptime", "/proc/self/stat"}) {
    FileJob job;
    job.in_path = source;
    job.in_dir = job.out_dir = kCurrentDirectory;
    job.out_path = path + "/copy";
    job.replace = Replace::file;
    job.check.digest = Algorithm::sha256;
    job.check.verify = true;
    FileReport report;
    const Done ok = copy_file(system.system(), catalogue, nullptr, job, report);
    ASSERT_TRUE(ok) << source << ": " << ok.error().message();
    EXPECT_EQ(report.retries, 0U);
    Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
    const std::string copied = read_text(job.out_path);
    EXPECT_GT(copied.size(), 0U);
    hasher->add(std::as_bytes(std::span(copied)));
    EXPECT_EQ(report.checked.digest, *hasher->finish()) << source;
  }
}

TEST(ChangingSources, OfAPipeAreNotLookedAt) {
  const std::string path = test_directory(FsKind::ext4);
  ASSERT_EQ(mkfifo((path + "/pipe").c_str(), 0600), 0);
  const std::string text(300'000, 'p');
  std::thread writer([&] {
    const Fd fd(open((path + "/pipe").c_str(), O_WRONLY | O_CLOEXEC));
    for (size_t at = 0; at < text.size();) {
      const ssize_t n =
          ::write(fd.get(), text.data() + at, std::min<size_t>(7777, text.size() - at));
      ASSERT_GT(n, 0);
      at += static_cast<size_t>(n);
    }
  });
  FaultySystem system;
  FileJob job;
  job.in_dir = job.out_dir = kCurrentDirectory;
  job.in_path = path + "/pipe";
  job.out_path = path + "/copy";
  job.check.digest = Algorithm::sha256;
  FileReport report;
  const Done ok = copy_file(system.system(), Catalogue(), nullptr, job, report);
  writer.join();
  ASSERT_TRUE(ok) << ok.error().message();
  Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
  hasher->add(std::as_bytes(std::span(text)));
  EXPECT_EQ(report.checked.digest, *hasher->finish());
}

}  // namespace
}  // namespace libcopyfile::test
