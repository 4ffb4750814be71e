#include <gtest/gtest.h>

#include "testing/inspect.h"
#include "testing/seccomp.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

Case direct_on(FsKind fs) {
  for (const Subject& s : subjects()) {
    if (s.id == MechanismId::direct) return {&s, fs};
  }
  throw std::out_of_range("direct");
}

class Direct : public ::testing::TestWithParam<FsKind> {
 protected:
  std::string directory_ = test_directory(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Mechanism, Direct, ::testing::Values(FsKind::ext4, FsKind::xfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Direct, LeavesThePageCacheAsItWas) {
  Trial t(direct_on(GetParam()), directory_);
  drop_cache(t.source());
  drop_cache(t.out());
  ASSERT_EQ(cached_bytes(t.source()) + cached_bytes(t.out()), 0U);
  t.run();
  EXPECT_EQ(cached_bytes(t.source()), 0U);
  EXPECT_EQ(cached_bytes(t.out()), 0U);
  EXPECT_EQ(t.moved().stop, Stop::complete);
  t.check();
}

TEST_P(Direct, SeesWhatIsDirtyInThePageCache) {
  Trial t(direct_on(GetParam()), directory_);
  t.run();  // both files have just been written and were never synced
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::complete);
}

TEST_P(Direct, KeepsSeveralTransfersUnderWay) {
  Trial t(direct_on(GetParam()), directory_);
  t.control.set_chunk(4096);
  t.run();
  const std::string requests = t.system.recorder.only({"read", "write", "queue"});
  // Four reads are queued before the first write is.
  size_t reads = 0;
  for (size_t at = 0; (at = requests.find("read ", at)) < requests.find("write "); ++at) ++reads;
  EXPECT_GE(reads, 4U) << requests;
}

TEST_P(Direct, TransferThatEndsBetweenBlocksDeclines) {
  Trial t(direct_on(GetParam()), directory_);
  t.system.script.inject("short read bytes=512 after=1 times=1");
  t.run();
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::declined);
  t.check_continuation();
}

TEST_P(Direct, TransferThatEndsAtABlockGoesOn) {
  Trial t(direct_on(GetParam()), directory_);
  t.system.script.inject("short any bytes=8192");
  t.run();
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::complete);
}

// Later chunks may be in place already when an earlier one fails; they are not counted.
TEST_P(Direct, FirstFailureLimitsWhatIsCounted) {
  Trial t(direct_on(GetParam()), directory_);
  t.system.script.inject("fail write errno=EIO times=1 after=2");
  t.run();
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::failed);
  EXPECT_LT(t.moved().bytes, t.asked());
}

TEST_P(Direct, BrokenQueueFails) {
  Trial t(direct_on(GetParam()), directory_);
  t.system.script.inject("fail reap errno=EIO");
  t.run();
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::failed);
}

TEST_P(Direct, RefusedRingDeclines) {
  for (const char* profile : {"no-io-uring", "no-io-uring-enosys"}) {
    Trial t(direct_on(GetParam()), directory_);
    refusing({profile}, [&] { t.run(); });
    t.check();
    EXPECT_EQ(t.moved().stop, Stop::declined);
    EXPECT_EQ(t.moved().scope, Scope::mounts);
    EXPECT_EQ(t.moved().bytes, 0U);
  }
}

TEST(DirectCan, NotForFilesThatACallerOpened) {
  Facts facts;
  facts.in.kind = facts.out.kind = FileType::regular;
  facts.in.ours = true;
  EXPECT_EQ(Catalogue().at(MechanismId::direct).can(facts).can, Can::no);
  facts.out.ours = true;
  EXPECT_EQ(Catalogue().at(MechanismId::direct).can(facts).can, Can::unknown);
  facts.out.stat.direct_known = true;
  EXPECT_EQ(Catalogue().at(MechanismId::direct).can(facts).can, Can::no);
  facts.out.stat.direct_offset_align = 512;
  EXPECT_EQ(Catalogue().at(MechanismId::direct).can(facts).can, Can::unknown);
  facts.in.size_trusted = false;
  EXPECT_EQ(Catalogue().at(MechanismId::direct).can(facts).can, Can::no);
}

}  // namespace
}  // namespace libcopyfile::test
