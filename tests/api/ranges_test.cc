// copyfile() and copyfilev(): what they return, what they refuse, and with which errno.
#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr off_t kMaxOff = static_cast<off_t>(kMaxOffset);

class Ranges : public ::testing::Test {
 protected:
  explicit Ranges(FsKind fs = FsKind::ext4) : path_(test_directory(fs)) {
    in_ = make_file(path_ + "/in", layout_of("data 3M"), 1);
    out_ = make_file(path_ + "/out", layout_of("data 4M"), 2);
    source_ = oracle_of(layout_of("data 3M"), 1);
    expected_ = oracle_of(layout_of("data 4M"), 2);
  }
  // errno of a call that must fail, with nothing changed.
  int refused(ssize_t rc) {
    const int code = errno;
    EXPECT_EQ(rc, -1);
    EXPECT_TRUE(holds(out_.get(), expected_));
    return code;
  }
  Fd reopen(const char* name, int flags) {
    return Fd(open((path_ + "/" + name).c_str(), flags | O_CLOEXEC));
  }

  std::string path_;
  Fd in_, out_;
  Oracle source_, expected_;
};

TEST_F(Ranges, CopyReturnsWhatWasCopied) {
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 1000, 5000, 2 * kMiB, 0),
            static_cast<ssize_t>(2 * kMiB));
  expected_.copy(source_, {1000, 5000, 2 * kMiB});
  EXPECT_TRUE(holds(out_.get(), expected_));
}

TEST_F(Ranges, CopyIsShortAtTheEndAndZeroBehindIt) {
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 3 * kMiB - 10, 0, 100, 0), 10);
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 3 * kMiB, 0, 100, 0), 0);
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 100 * kMiB, 0, 10 * kMiB, 0), 0);
  expected_.copy(source_, {3 * kMiB - 10, 0, 100});
  EXPECT_TRUE(holds(out_.get(), expected_));
}

TEST_F(Ranges, NothingIsCopiedForACountOfZero) {
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 0, 0, 0, 0), 0);
  EXPECT_EQ(copyfilev(out_.get(), in_.get(), nullptr, 0, 0), 0);
  EXPECT_TRUE(holds(out_.get(), expected_));
}

TEST_F(Ranges, WholeOffsetSpaceMayBeAskedFor) {
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 0, 0, kMaxOffset, 0), static_cast<ssize_t>(3 * kMiB));
  expected_.copy(source_, {0, 0, 3 * kMiB});
  EXPECT_TRUE(holds(out_.get(), expected_));
}

TEST_F(Ranges, OffsetsThatAreNone) {
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), -1, 0, 1, 0)), EINVAL);
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), 0, -1, 1, 0)), EINVAL);
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), kMaxOff, 0, 1, 0)), EOVERFLOW);
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), 0, kMaxOff, 1, 0)), EOVERFLOW);
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), 1, 0, SIZE_MAX, 0)), EOVERFLOW);
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), 0, 0, SIZE_MAX, 0)), EOVERFLOW);
}

TEST_F(Ranges, FlagsThatAreUnknownOrContradictEachOther) {
  for (const unsigned flags : {0x20u, 0x80000000u, COPYFILE_NO_SHARE | COPYFILE_REQUIRE_SHARE,
                               // of copyfileat() only
                               COPYFILE_NOFOLLOW, COPYFILE_SPARSE_ALWAYS}) {
    EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), 0, 0, 1, flags)), EINVAL) << flags;
  }
}

TEST_F(Ranges, DescriptorsThatAreNoneOrNotOpenForIt) {
  const Fd write_only = reopen("in", O_WRONLY);
  const Fd read_only = reopen("out", O_RDONLY);
  const Fd appending = reopen("out", O_WRONLY | O_APPEND);
  const Fd path_only = reopen("in", O_PATH);
  EXPECT_EQ(refused(copyfile(out_.get(), -1, 0, 0, 1, 0)), EBADF);
  EXPECT_EQ(refused(copyfile(-1, in_.get(), 0, 0, 1, 0)), EBADF);
  EXPECT_EQ(refused(copyfile(out_.get(), write_only.get(), 0, 0, 1, 0)), EBADF);
  EXPECT_EQ(refused(copyfile(read_only.get(), in_.get(), 0, 0, 1, 0)), EBADF);
  EXPECT_EQ(refused(copyfile(appending.get(), in_.get(), 0, 0, 1, 0)), EBADF);
  EXPECT_EQ(refused(copyfile(out_.get(), path_only.get(), 0, 0, 1, 0)), EBADF);
}

TEST_F(Ranges, FilesThatHaveNoRanges) {
  const Fd directory(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(refused(copyfile(out_.get(), directory.get(), 0, 0, 1, 0)), EISDIR);
  EXPECT_EQ(refused(copyfile(directory.get(), in_.get(), 0, 0, 1, 0)), EISDIR);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  EXPECT_EQ(refused(copyfile(out_.get(), read_end.get(), 0, 0, 1, 0)), EINVAL);
  EXPECT_EQ(refused(copyfile(write_end.get(), in_.get(), 0, 0, 1, 0)), EINVAL);
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(refused(copyfile(out_.get(), null.get(), 0, 0, 1, 0)), EINVAL);
}

TEST_F(Ranges, VectorWritesBackWhatWasCopiedOfEachRange) {
  copyfile_range ranges[] = {{kMiB, 0, kMiB, 7},            // whole
                             {3 * kMiB - 5, kMiB, 10, 7},   // over the end
                             {50 * kMiB, 2 * kMiB, 10, 7},  // behind it
                             {0, 3 * kMiB, 0, 7}};          // empty
  EXPECT_EQ(copyfilev(out_.get(), in_.get(), ranges, 4, 0), static_cast<ssize_t>(kMiB + 5));
  EXPECT_EQ(ranges[0].copied, kMiB);
  EXPECT_EQ(ranges[1].copied, 5U);
  EXPECT_EQ(ranges[2].copied, 0U);
  EXPECT_EQ(ranges[3].copied, 0U);
}

TEST_F(Ranges, VectorIsCheckedAsAWholeBeforeTheFirstByte) {
  copyfile_range ranges[] = {{0, 0, kMiB, 7}, {0, kMiB, kMiB, 7}, {0, 2 * kMiB - 1, 1, 7}};
  EXPECT_EQ(refused(copyfilev(out_.get(), in_.get(), ranges, 3, 0)), EINVAL);
  ranges[2].out_offset = UINT64_MAX;
  EXPECT_EQ(refused(copyfilev(out_.get(), in_.get(), ranges, 3, 0)), EOVERFLOW);
  for (const copyfile_range& r : ranges) EXPECT_EQ(r.copied, 0U);
  EXPECT_EQ(refused(copyfilev(out_.get(), in_.get(), nullptr, 3, 0)), EFAULT);
}

TEST_F(Ranges, ExactRefusesWhatReachesBehindTheEnd) {
  copyfile_range ranges[] = {{0, 0, 10, 0}, {3 * kMiB - 5, kMiB, 10, 0}};
  EXPECT_EQ(refused(copyfilev(out_.get(), in_.get(), ranges, 2, COPYFILE_EXACT)), ENODATA);
  ranges[1].length = 5;
  EXPECT_EQ(copyfilev(out_.get(), in_.get(), ranges, 2, COPYFILE_EXACT), 15);
}

TEST_F(Ranges, WithinOneFileRangesMustNotMeet) {
  const Fd again = reopen("out", O_RDWR);  // one file, whatever the descriptor
  EXPECT_EQ(refused(copyfile(out_.get(), again.get(), 0, 100, 200, 0)), EINVAL);
  EXPECT_EQ(refused(copyfile(out_.get(), out_.get(), 500, 500, 1, 0)), EINVAL);
  EXPECT_EQ(copyfile(out_.get(), again.get(), 0, 2 * kMiB, kMiB, 0), static_cast<ssize_t>(kMiB));
  const Oracle before = expected_;
  expected_.copy(before, {0, 2 * kMiB, kMiB});
  EXPECT_TRUE(holds(out_.get(), expected_));
}

TEST_F(Ranges, BeyondTheDestinationsEndThereIsAHole) {
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 0, 10 * kMiB, kMiB, 0), static_cast<ssize_t>(kMiB));
  expected_.copy(source_, {0, 10 * kMiB, kMiB});
  EXPECT_TRUE(holds(out_.get(), expected_));
  EXPECT_LE(allocated_bytes(out_.get()), 5 * kMiB + 65536);
}

TEST_F(Ranges, RequiredWaysThatExt4DoesNotHave) {
  EXPECT_EQ(refused(copyfile(out_.get(), in_.get(), 0, 0, kMiB, COPYFILE_REQUIRE_OFFLOAD)),
            EOPNOTSUPP);
  const int code = refused(copyfile(out_.get(), in_.get(), 0, 0, kMiB, COPYFILE_REQUIRE_SHARE));
  EXPECT_TRUE(code == EOPNOTSUPP || code == ENOTTY || code == EINVAL) << code;
}

class RangesOnXfs : public Ranges {
 protected:
  RangesOnXfs() : Ranges(FsKind::xfs) {}
};

TEST_F(RangesOnXfs, RequiredSharingSharesOrFails) {
  // What is refused by a filter is an error, never another way.
  if (is_refused("no-reflink") || is_refused("no-reflink-enotty") ||
      is_refused("no-reflink-einval")) {
    const int code = refused(copyfile(out_.get(), in_.get(), 0, 0, kMiB, COPYFILE_REQUIRE_SHARE));
    EXPECT_TRUE(code == EOPNOTSUPP || code == ENOTTY || code == EINVAL) << code;
    return;
  }
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 4096, 8192, kMiB, COPYFILE_REQUIRE_SHARE),
            static_cast<ssize_t>(kMiB));
  if (is_refused("no-fiemap")) return;
  const auto shared = [](const FileExtent& e) { return e.shared(); };
  const std::vector<FileExtent> extents = fiemap(out_.get());
  EXPECT_TRUE(std::any_of(extents.begin(), extents.end(), shared));
}

TEST_F(RangesOnXfs, RequiredSharingOfWhatIsNotAlignedIsAnErrorBeforeTheFirstByte) {
  copyfile_range ranges[] = {{0, 0, kMiB, 0}, {2 * kMiB, 2 * kMiB + 1, 1000, 0}};
  const int code = refused(copyfilev(out_.get(), in_.get(), ranges, 2, COPYFILE_REQUIRE_SHARE));
  EXPECT_TRUE(code == EINVAL || is_refused("no-reflink") || is_refused("no-reflink-enotty"))
      << code;
}

TEST_F(RangesOnXfs, NoShareIsASecondCopy) {
  EXPECT_EQ(copyfile(out_.get(), in_.get(), 0, 0, 3 * kMiB, COPYFILE_NO_SHARE),
            static_cast<ssize_t>(3 * kMiB));
  if (is_refused("no-fiemap")) return;
  for (const FileExtent& e : fiemap(out_.get())) EXPECT_FALSE(e.shared());
  for (const FileExtent& e : fiemap(in_.get())) EXPECT_FALSE(e.shared());
}

TEST(RangesBetweenFileSystems, AreCopied) {
  const Fd in = make_file(test_directory(FsKind::xfs) + "/in", layout_of("data 1M, hole 1M"), 1);
  for (const FsKind fs : {FsKind::ext4, FsKind::tmpfs, FsKind::fuse, FsKind::overlay}) {
    const Fd out = make_file(test_directory(fs) + "/out", {}, 0);
    EXPECT_EQ(copyfile(out.get(), in.get(), 0, 0, 2 * kMiB, 0), static_cast<ssize_t>(2 * kMiB))
        << fs;
    EXPECT_TRUE(holds(out.get(), oracle_of(layout_of("data 1M, hole 1M"), 1))) << fs;
    EXPECT_EQ(copyfile(out.get(), in.get(), 0, 0, kMiB, COPYFILE_REQUIRE_SHARE), -1) << fs;
  }
}

TEST(Version, IsTold) { EXPECT_STREQ(copyfile_version(), COPYFILE_VERSION); }

}  // namespace
}  // namespace libcopyfile::test
