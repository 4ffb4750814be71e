#include "base/error.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd.h"

namespace libcopyfile {
namespace {

TEST(Error, SaysWhatWhereAndWhy) {
  EXPECT_EQ((Error{EIO, Op::read, "a name", {4096, 8192}}).message(),
            "cannot read 'a name' at offset 4096: Input/output error");
  EXPECT_EQ((Error{ENOSPC, Op::create, {}, {}}).message(),
            "cannot create a private file for: No space left on device");
}

TEST(Error, UnknownErrnoIsNoCrash) {
  EXPECT_EQ((Error{99999, Op::sync, {}, {}}).message(), "cannot sync: unknown error");
}

TEST(Error, EveryOperationHasWords) {
  for (int op = 0; op <= static_cast<int>(Op::offload); ++op) {
    EXPECT_FALSE(describe(static_cast<Op>(op)).empty());
    if (op > 0) {
      EXPECT_NE(describe(static_cast<Op>(op)), describe(Op::none)) << op;
    }
  }
}

TEST(Error, NoSpaceIsNeverUnsupported) {
  for (const int code : {ENOSPC, EDQUOT, EFBIG}) {
    EXPECT_TRUE(is_no_space(code));
    EXPECT_FALSE(is_not_supported(code));
  }
  EXPECT_TRUE(is_not_supported(EOPNOTSUPP));
  EXPECT_FALSE(is_not_supported(EIO));
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesWhenDestroyedAndKeepsErrno) {
  int number = -1;
  {
    const Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = fd.get();
    errno = EDOM;
  }
  EXPECT_EQ(errno, EDOM);
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovingLeavesNothingBehind) {
  Fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = a.get();
  Fd b(std::move(a));
  EXPECT_FALSE(a.valid());
  EXPECT_EQ(b.get(), number);
  Fd c(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int other = c.get();
  c = std::move(b);
  EXPECT_EQ(c.get(), number);
  EXPECT_FALSE(is_open(other));
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, CloseTellsWhatTheKernelSaid) {
  Fd gone(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::close(gone.get());
  const Done done = gone.close();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EBADF);
  EXPECT_TRUE(gone.close());  // once only
}

TEST(Fd, ReleaseGivesTheDescriptorAway) {
  Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = fd.release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(AlignedBuffer, IsAlignedForDirectIo) {
  AlignedBuffer a(10000);
  ASSERT_TRUE(a.valid());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a.data()) % AlignedBuffer::kAlignment, 0U);
  AlignedBuffer b(std::move(a));
  EXPECT_EQ(a.size(), 0U);
  EXPECT_EQ(b.span().size(), 10000U);
}

}  // namespace
}  // namespace libcopyfile
