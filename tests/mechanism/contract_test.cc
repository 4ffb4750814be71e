// The contract of mechanisms (mechanism.h), held against every mechanism on every file system: honest ones, ones whose
// transfers are short or interrupted, and a user who cancels.
#include <gtest/gtest.h>

#include <thread>

#include "testing/seccomp.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

bool refused(const Subject& subject) {
  return std::any_of(subject.needs.begin(), subject.needs.end(),
                     [](const std::string& word) { return is_refused(word); });
}

class Contract : public ::testing::TestWithParam<Case> {
 protected:
  Contract() : directory_(test_directory(GetParam().fs)) {}

  const Subject& subject() const { return *GetParam().subject; }
  bool works() const { return subject().works_on.contains(GetParam().fs) && !refused(subject()); }
  Trial trial(Size size = Size::normal) { return {GetParam(), directory_, size}; }

  // Where the mechanism is of no use it says so before the first byte, whatever else happens.
  void expect_complete_or_useless(const Trial& t) const {
    if (works()) {
      EXPECT_EQ(t.moved().stop, Stop::complete) << t.moved().error.message();
    } else {
      EXPECT_EQ(t.moved().stop, Stop::declined);
      EXPECT_EQ(t.moved().bytes, 0U);
    }
  }

  std::string directory_;
};

INSTANTIATE_TEST_SUITE_P(Mechanism, Contract, ::testing::ValuesIn(everywhere()),
                         [](const auto& i) { return case_name(i.param); });

TEST_P(Contract, MovesItAllOrDeclinesAtOnce) {
  for (const Size size : {Size::normal, Size::small}) {
    Trial t = trial(size);
    t.run();
    t.check();
    expect_complete_or_useless(t);
    t.check_continuation();
  }
}

TEST_P(Contract, InterruptedAtEveryCall) {
  Trial t = trial();
  t.system.script.inject("fail any errno=EINTR every=2");
  t.run();
  t.check();
  expect_complete_or_useless(t);
}

TEST_P(Contract, TransfersOfOneByte) {
  Trial t = trial(Size::small);
  t.system.script.inject("short any bytes=1");
  t.run();
  t.check();
  // Direct I/O cannot go on from the middle of a block.
  if (subject().id != MechanismId::direct) expect_complete_or_useless(t);
  t.check_continuation();
}

TEST_P(Contract, ShortTransfersBetweenInterruptions) {
  for (const char* length : {"4096", "5000"}) {
    Trial t = trial();
    t.system.script.inject("fail any errno=EINTR every=3")
        .inject(std::string("short any bytes=") + length);
    t.run();
    t.check();
    if (subject().id != MechanismId::direct) expect_complete_or_useless(t);
    t.check_continuation();
  }
}

TEST_P(Contract, CancelledAtEachCall) {
  for (uint64_t call = 0;; ++call) {
    SCOPED_TRACE("cancelled at call " + std::to_string(call));
    Trial t = trial();
    t.control.stop_at(call);
    t.run();
    t.check();
    if (!t.control.stopped()) {
      expect_complete_or_useless(t);
      break;
    }
    EXPECT_EQ(t.moved().stop, Stop::cancelled);
    t.check_continuation();
    ASSERT_LT(call, 1000U);
  }
}

TEST_P(Contract, TellsOfProgressInChunks) {
  Trial t = trial();
  t.run();
  if (!works()) return;
  EXPECT_GE(t.control.calls(), t.asked() / (subject().largest_step * t.control.chunk()));
  EXPECT_GE(t.control.calls(), 1U);
}

TEST_P(Contract, IsOneObjectForManyThreads) {
  constexpr size_t kThreads = 4;
  std::vector<std::unique_ptr<Trial>> trials;
  for (size_t i = 0; i < kThreads; ++i) {
    trials.push_back(std::make_unique<Trial>(GetParam(), test_directory(GetParam().fs)));
  }
  {
    std::vector<std::thread> threads;
    for (const auto& t : trials) threads.emplace_back([&t] { t->run_beside_others(); });
    for (std::thread& thread : threads) thread.join();
  }
  for (const auto& t : trials) {
    t->check();
    expect_complete_or_useless(*t);
  }
}

TEST_P(Contract, VerdictIsPure) {
  Trial t = trial();
  const Catalogue catalogue;
  const Mechanism& mechanism = catalogue.at(subject().id);
  const libcopyfile::Verdict first = mechanism.can(t.facts());
  const libcopyfile::Verdict second = Catalogue().at(subject().id).can(t.facts());
  EXPECT_EQ(first.can, second.can);
  EXPECT_EQ(first.reason, second.reason);
  // It works here, so it must not have said that it can't.
  if (works()) {
    EXPECT_NE(first.can, Can::no) << first.reason;
  }
}

}  // namespace
}  // namespace libcopyfile::test
