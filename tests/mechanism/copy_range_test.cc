#include <gtest/gtest.h>

#include "trial.h"

namespace libcopyfile::test {
namespace {

class CopyRangeCall : public ::testing::Test {
 protected:
  static Case the_case() {
    for (const Subject& s : subjects()) {
      if (s.id == MechanismId::copy_range) return {&s, FsKind::ext4};
    }
    throw std::out_of_range("copy_range");
  }
  std::string directory_ = test_directory(FsKind::ext4);
  Trial trial_{the_case(), directory_};
};

// Files of FUSE and of virtual file systems: 0 is not the end (golang/go#44272).
TEST_F(CopyRangeCall, ZeroWithDataBehindItDeclines) {
  trial_.system.script.inject("zero copy_range");
  trial_.run();
  trial_.check();
  EXPECT_EQ(trial_.moved().stop, Stop::declined);
  EXPECT_EQ(trial_.moved().bytes, 0U);
  EXPECT_EQ(trial_.moved().scope, Scope::file);
  trial_.check_continuation();
}

TEST_F(CopyRangeCall, ZeroInTheMiddleDeclinesFromThere) {
  trial_.system.script.inject("zero copy_range after=2");
  trial_.run();
  trial_.check();
  EXPECT_EQ(trial_.moved().stop, Stop::declined);
  EXPECT_EQ(trial_.moved().bytes, 70000U);
  trial_.check_continuation();
}

TEST_F(CopyRangeCall, ZeroAtTheEndIsTheEnd) {
  trial_.system.script.before("copy_range", 4,
                              [&] { ASSERT_EQ(ftruncate(trial_.source(), 110000), 0); });
  trial_.run();
  trial_.check();
  EXPECT_EQ(trial_.moved().stop, Stop::end_of_source);
}

TEST_F(CopyRangeCall, FailureOfTheProbeIsAFailure) {
  trial_.system.script.inject("zero copy_range").inject("fail read errno=EIO");
  trial_.run();
  EXPECT_EQ(trial_.moved().stop, Stop::failed);
  EXPECT_EQ(trial_.moved().error.code, EIO);
}

// CIFS says EIO for what its server does not support (golang/go#42334).
TEST_F(CopyRangeCall, InputErrorOfCifsDeclinesBeforeTheFirstByteOnly) {
  for (const uint64_t magic : {0xff534d42U, 0xfe534d42U}) {
    for (const int after : {0, 1}) {
      Trial t(the_case(), directory_);
      t.facts().out.fs.magic = magic;
      t.system.script.inject("fail copy_range errno=EIO after=" + std::to_string(after));
      const Moved& moved = t.run();
      EXPECT_EQ(moved.stop, after == 0 ? Stop::declined : Stop::failed);
    }
  }
}

TEST_F(CopyRangeCall, NoCallIsLargerThanTheChunk) {
  trial_.control.set_chunk(10'000);
  trial_.run();
  EXPECT_EQ(trial_.moved().stop, Stop::complete);
  EXPECT_EQ(trial_.control.largest_step(), 10'000U);
}

// A client of NFS, as far as it can be seen: of `asked` calls the server was told, all others were read and written by the
// kernel.
class NfsFiles final : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  ServerCopies server_copies(int) override {
    return {refuses && calls > 0 ? ServerCopy::refused : ServerCopy::possible, told};
  }
  Result<size_t> copy_range(int in, int out, const CopyRange& range) override {
    ++calls;
    if (asks) ++told;
    if (fails) told -= 2;
    Result<size_t> n = FaultyFiles::copy_range(in, out, range);
    if (n) lengths.push_back(*n);
    return n;
  }

  bool asks = true;      // the server, for each copy
  bool refuses = false;  // and it says no, for good
  bool fails = false;    // and it says no each time
  uint64_t calls = 0;
  uint64_t told = 7;
  std::vector<uint64_t> lengths;
};

class OverNfs : public CopyRangeCall {
 protected:
  OverNfs() { facts().out.server_copies = {ServerCopy::possible, 7}; }
  Facts& facts() { return trial_.facts(); }
  Moved move() {
    Pair pair{files_, trial_.source(), trial_.out(), facts(), trial_.control, {}};
    trial_.control.set_chunk(1 << 30);
    return make_copy_range()->move(pair, trial_.ranges());
  }

  NfsFiles files_{trial_.system.kernel_files, trial_.system.script};
};

TEST_F(OverNfs, ABlockGoesAheadAsProof) {
  const Moved moved = move();
  EXPECT_EQ(moved.stop, Stop::complete);
  EXPECT_EQ(moved.bytes, trial_.asked());
  EXPECT_EQ(files_.lengths.front(), facts().clone_alignment);
}

TEST_F(OverNfs, AServerThatWasNotAskedGetsNoMore) {
  files_.asks = false;
  const Moved moved = move();
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.scope, Scope::mounts);
  EXPECT_EQ(moved.error.code, EOPNOTSUPP);
  EXPECT_EQ(moved.bytes, facts().clone_alignment);
  EXPECT_EQ(files_.calls, 1U);
}

TEST_F(OverNfs, AServerThatRefusesGetsNoMore) {
  files_.refuses = true;
  const Moved moved = move();
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, facts().clone_alignment);
  EXPECT_EQ(files_.calls, 1U);
}

// SMB: the key of the source is counted as well, and it is had.
TEST_F(OverNfs, AServerThatFailsEachRequestGetsNoMore) {
  files_.fails = true;
  const Moved moved = move();
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, facts().clone_alignment);
  EXPECT_EQ(files_.calls, 1U);
}

// However little there is, a part is left that shows in the report who copied it.
TEST_F(OverNfs, NotAllIsCopiedBeforeTheProof) {
  files_.asks = false;
  Pair pair{files_, trial_.source(), trial_.out(), facts(), trial_.control, {}};
  const CopyRange little{0, 0, 100};
  const Moved moved = make_copy_range()->move(pair, {&little, 1});
  EXPECT_EQ(moved.stop, Stop::declined);
  EXPECT_EQ(moved.bytes, 99U);
}

TEST(CopyRangeCan, NotWhereTheServerIsKnownNotToCopy) {
  Facts facts;
  facts.in.kind = facts.out.kind = FileType::regular;
  facts.kernel = {6, 1};
  facts.same_file_system = true;
  facts.in.fs = facts.out.fs = {0x6969, 1 << 20};
  facts.in.server_copies = facts.out.server_copies = {ServerCopy::possible, 0};
  const std::unique_ptr<Mechanism> copy_range = make_copy_range();
  EXPECT_EQ(copy_range->can(facts).can, Can::unknown);
  Facts same_file = facts;
  same_file.same_file = true;
  EXPECT_EQ(copy_range->can(same_file).can, Can::no);
  same_file.in.fs.magic = same_file.out.fs.magic = 0xfe534d42;
  EXPECT_EQ(copy_range->can(same_file).can, Can::unknown) << "by SMB it asks";
  for (const ServerCopy state : {ServerCopy::too_old, ServerCopy::refused}) {
    for (SideFacts Facts::*side : {&Facts::in, &Facts::out}) {
      Facts changed = facts;
      (changed.*side).server_copies.state = state;
      const libcopyfile::Verdict verdict = copy_range->can(changed);
      EXPECT_EQ(verdict.can, Can::no);
      EXPECT_EQ(verdict.code, EOPNOTSUPP);
      EXPECT_NE(verdict.reason, "");
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
