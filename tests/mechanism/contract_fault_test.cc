// The contract of mechanisms under failure: an operation that fails at each place where it can, every errno, a source
// that changes its size under the copy.
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/errno_names.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

constexpr int kLastErrno = EHWPOISON;

// The operations that a clean run makes, and how often.
std::vector<std::pair<std::string, uint64_t>> operations_of(const Case& c,
                                                            const std::string& directory) {
  Trial t(c, directory);
  t.run();
  std::vector<std::pair<std::string, uint64_t>> result;
  for (const char* name : {"stat", "read", "write", "copy_range", "clone", "clone_range", "punch",
                           "reserve", "reopen", "queue", "submit", "reap", "start_writeback",
                           "advise", "truncate", "sync", "extents", "seek_data", "seek_hole"}) {
    const uint64_t calls = t.system.script.calls(name);
    if (calls > 0) result.emplace_back(name, calls);
  }
  return result;
}

const Refusals* refusals_of(const Subject& subject, const std::string& operation) {
  for (const Refusals& r : subject.refusals) {
    if (r.operation == operation) return &r;
  }
  return nullptr;
}

class ContractUnderFaults : public ::testing::TestWithParam<Case> {
 protected:
  ContractUnderFaults() : directory_(test_directory(GetParam().fs)) {}

  const Subject& subject() const { return *GetParam().subject; }
  Trial trial(Size size = Size::normal) { return {GetParam(), directory_, size}; }

  std::string directory_;
};

INSTANTIATE_TEST_SUITE_P(Mechanism, ContractUnderFaults, ::testing::ValuesIn(everywhere()),
                         [](const auto& i) { return case_name(i.param); });

// An input/output error at the first operation, at the second, ... until none is left to fail.
TEST_P(ContractUnderFaults, FailsAtEachOperation) {
  for (const auto& [operation, clean_calls] : operations_of(GetParam(), directory_)) {
    const Refusals* refusals = refusals_of(subject(), operation);
    const bool harmless = refusals != nullptr && refusals->only_advice;
    bool reached = true;
    for (uint64_t n = 0; reached; ++n) {
      SCOPED_TRACE(operation + " number " + std::to_string(n) + " fails");
      ASSERT_LT(n, 200U);
      Trial t = trial();
      t.system.script.inject("fail " + operation + " errno=EIO times=1 after=" + std::to_string(n));
      t.run();
      t.check();
      reached = t.system.script.calls(operation) > n;
      if (reached && !harmless) {
        EXPECT_EQ(t.moved().stop, Stop::failed);
        EXPECT_EQ(t.moved().error.code, EIO);
      } else if (!reached) {
        EXPECT_NE(t.moved().stop, Stop::failed);
        EXPECT_GT(n, 0U) << "a clean run made " << clean_calls;
      }
      t.check_continuation();
    }
  }
}

// No space left, from some write on: final, and never a reason to try another way.
TEST_P(ContractUnderFaults, NoSpaceIsFinal) {
  for (const char* code : {"ENOSPC", "EDQUOT"}) {
    for (const auto& [operation, calls] : operations_of(GetParam(), directory_)) {
      if (refusals_of(subject(), operation) == nullptr || operation == "stat" ||
          operation == "reopen" || operation == "queue" || operation == "start_writeback" ||
          operation == "advise" || operation == "read") {
        continue;
      }
      for (const uint64_t n : {uint64_t{0}, calls / 2, calls - 1}) {
        SCOPED_TRACE(operation + " number " + std::to_string(n) + ": " + code);
        Trial t = trial();
        t.system.script.inject("fail " + operation + " errno=" + code +
                               " after=" + std::to_string(n));
        t.run();
        t.check();
        if (t.system.script.calls(operation) > n) {
          EXPECT_EQ(t.moved().stop, Stop::failed);
        }
      }
    }
  }
}

// Whether the operation reads the source: just before one of these it changes.
bool reads_source(const std::string& operation) {
  return operation == "read" || operation == "copy_range" || operation.starts_with("clone");
}

TEST_P(ContractUnderFaults, SourceShrinksAtEachOperation) {
  for (const auto& [operation, calls] : operations_of(GetParam(), directory_)) {
    if (!reads_source(operation)) continue;
    // To nothing, into the first range, to the middle of a block, to the end of the last range but one.
    for (const uint64_t size : {0, 8192, 123457, 401408}) {
      bool reached = true;
      for (uint64_t n = 0; reached && n < 10; ++n) {
        SCOPED_TRACE("to " + std::to_string(size) + " before " + operation + " number " +
                     std::to_string(n));
        Trial t = trial();
        t.system.script.before(
            operation, n, [&] { ASSERT_EQ(ftruncate(t.source(), static_cast<off_t>(size)), 0); });
        t.run();
        reached = t.system.script.calls(operation) > n;
        if (!reached) break;
        t.check();
        EXPECT_NE(t.moved().stop, Stop::failed) << t.moved().error.message();
      }
    }
  }
}

TEST_P(ContractUnderFaults, SourceGrowsAtEachOperation) {
  const std::vector<std::byte> more(100'000, std::byte{7});
  for (const auto& [operation, calls] : operations_of(GetParam(), directory_)) {
    if (!reads_source(operation)) continue;
    bool reached = true;
    for (uint64_t n = 0; reached && n < 10; ++n) {
      SCOPED_TRACE("before " + operation + " number " + std::to_string(n));
      Trial t = trial();
      t.system.script.before(operation, n, [&] {
        ASSERT_EQ(pwrite(t.source(), more.data(), more.size(), static_cast<off_t>(t.source_size())),
                  static_cast<ssize_t>(more.size()));
      });
      t.run();
      reached = t.system.script.calls(operation) > n;
      if (!reached) break;
      // One clone of the whole file brings along what the file has by then.
      if (!subject().manner.whole_file) t.check();
      EXPECT_NE(t.moved().stop, Stop::failed) << t.moved().error.message();
      EXPECT_NE(t.moved().stop, Stop::end_of_source);
    }
  }
}

// --- errnos ---

class ContractErrnos : public ::testing::TestWithParam<Case> {
 protected:
  std::string directory_ = test_directory(GetParam().fs);
};

INSTANTIATE_TEST_SUITE_P(Mechanism, ContractErrnos, ::testing::ValuesIn(once()),
                         [](const auto& i) { return case_name(i.param); });

void expect_answer(const Moved& moved, const Refusals& known, int code) {
  if (known.only_advice || known.absorbed.contains(code) || code == EINTR) {
    EXPECT_EQ(moved.stop, Stop::complete) << moved.error.message();
    return;
  }
  EXPECT_EQ(moved.error.code, code);
  if (known.for_mounts.contains(code)) {
    EXPECT_EQ(moved.stop, Stop::declined);
    EXPECT_EQ(moved.scope, Scope::mounts);
  } else if (known.declined.contains(code)) {
    EXPECT_EQ(moved.stop, Stop::declined);
    EXPECT_EQ(moved.scope, Scope::file);
  } else {
    EXPECT_EQ(moved.stop, Stop::failed);
  }
}

// Each errno that there is, at the first operation: what the table of the mechanism lists makes it decline, with the
// scope that the table gives, and everything else makes it fail.
TEST_P(ContractErrnos, OnlyListedOnesDecline) {
  for (const Refusals& known : GetParam().subject->refusals) {
    for (int code = 1; code <= kLastErrno; ++code) {
      const std::string name = errno_name(code);
      if (!errno_from_name(name)) continue;  // numbers that were never given away
      SCOPED_TRACE(known.operation + " fails with " + name);
      Trial t(GetParam(), directory_, Size::small);
      t.system.script.inject("fail " + known.operation + " errno=" + name +
                             (known.absorbed.contains(code) || code == EINTR ? " times=1" : ""));
      t.run();
      if (t.system.script.calls(known.operation) == 0) continue;
      t.check();
      expect_answer(t.moved(), known, code);
    }
  }
}

// The same after some bytes: the position is kept, and what declines can be continued from there.
TEST_P(ContractErrnos, AfterTheFirstBytesThePositionIsKept) {
  for (const Refusals& known : GetParam().subject->refusals) {
    for (const int code : {EINVAL, EOPNOTSUPP, EXDEV, EPERM, EIO, ENOSPC, ENOMEM}) {
      SCOPED_TRACE(known.operation + " fails with " + errno_name(code));
      Trial t(GetParam(), directory_);
      t.system.script.inject("fail " + known.operation + " errno=" + errno_name(code) +
                             " after=1 times=1");
      t.run();
      if (t.system.script.calls(known.operation) < 2) continue;
      t.check();
      expect_answer(t.moved(), known, code);
      t.check_continuation();
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
