// What users get wrong, and what the world does to them: a clear message, the right exit status, nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "command.h"

#include "testing/loop_device.h"
namespace libcopyfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(BadInput, NoOperandIsAUsageError) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile({});
  EXPECT_EQ(f.exit_code, 2);
  EXPECT_EQ(f.err, "copyfile: missing file operand\nTry 'copyfile --help' for more information.\n");
}

TEST(BadInput, OneOperandIsAUsageError) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile({"a"});
  EXPECT_EQ(f.exit_code, 2);
  EXPECT_THAT(f.err, StartsWith("copyfile: missing destination file operand after 'a'\n"));
}

TEST(BadInput, AnUnknownOptionIsAUsageError) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile({"--frob", "a", "b"});
  EXPECT_EQ(f.exit_code, 2);
  EXPECT_THAT(f.err, StartsWith("copyfile: unrecognized option '--frob'\n"));
}

TEST(BadInput, AnUnknownChoiceNamesTheValidOnes) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile({"--reflink=perhaps", "a", "b"});
  EXPECT_EQ(f.exit_code, 2);
  EXPECT_THAT(f.err, HasSubstr("invalid argument 'perhaps' for '--reflink'"));
  EXPECT_THAT(f.err, HasSubstr("'always'"));
}

TEST(BadInput, AMissingSourceIsNamed) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile({"nothing", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: cannot stat 'nothing': No such file or directory\n");
  EXPECT_FALSE(copyfile.exists("b"));
}

TEST(BadInput, ADirectoryAsSourceIsOmitted) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  const Finished f = copyfile({"d", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: -r not specified; omitting directory 'd'\n");
}

TEST(BadInput, ADirectoryIsNotOverwrittenByAFile) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  std::filesystem::create_directory(copyfile.path("d"));
  const Finished f = copyfile({"-T", "a", "d"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: cannot overwrite directory 'd' with non-directory\n");
}

TEST(BadInput, AFileIsNotCopiedToItself) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  ASSERT_EQ(::link(copyfile.path("a").c_str(), copyfile.path("b").c_str()), 0);
  const Finished f = copyfile({"a", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: 'a' and 'b' are the same file\n");
  EXPECT_EQ(copyfile.read("a"), "x");
}

TEST(BadInput, TwoSourcesOfOneNameDontOverwriteEachOther) {
  const Command copyfile = Command::in_test_directory();
  for (const char* d : {"d", "e", "to"}) std::filesystem::create_directory(copyfile.path(d));
  copyfile.write("d/a", "first");
  copyfile.write("e/a", "second");
  const Finished f = copyfile({"d/a", "e/a", "to"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: will not overwrite just-created 'to/a' with 'e/a'\n");
  EXPECT_EQ(copyfile.read("to/a"), "first");
}

TEST(BadInput, SeveralSourcesNeedADirectory) {
  const Command copyfile = Command::in_test_directory();
  for (const char* n : {"a", "b", "c"}) copyfile.write(n, n);
  const Finished f = copyfile({"a", "b", "c"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: target 'c': Not a directory\n");
  EXPECT_EQ(copyfile.read("c"), "c");
}

TEST(BadInput, AnUnreadableSourceIsNamed) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "secret");
  ASSERT_EQ(::chmod(copyfile.path("a").c_str(), 0), 0);
  ASSERT_EQ(::chmod(copyfile.path(".").c_str(), 0777), 0);
  const Finished f =
      copyfile.shell("setpriv --reuid=65534 --regid=65534 --clear-groups $COPYFILE a b");
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: cannot open 'a' for reading: Permission denied\n");
  EXPECT_THAT(copyfile.names(), ElementsAre("a"));
}

TEST(BadInput, ADanglingLinkIsNotWrittenThrough) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  std::filesystem::create_symlink("nowhere", copyfile.path("link"));
  const Finished f = copyfile({"a", "link"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: not writing through dangling symlink 'link'\n");
  EXPECT_THAT(copyfile.names(), ElementsAre("a", "link"));
}

TEST(BadInput, NoSpaceLeavesNothingBehind) {
  ScratchFs fs = ScratchFs::ext4();
  const Command copyfile(fs.path());
  copyfile.write("a", pattern(3 << 20));
  fs.leave_free(1 << 20);
  const auto before = copyfile.names();
  const Finished f = copyfile({"--reflink=never", "a", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: error writing 'b': No space left on device\n");
  EXPECT_EQ(copyfile.names(), before);
}

TEST(BadInput, NoSpaceKeepsTheOldFile) {
  ScratchFs fs = ScratchFs::xfs();
  const Command copyfile(fs.path());
  copyfile.write("a", pattern(3 << 20));
  copyfile.write("b", "old");
  fs.leave_free(1 << 20);
  const auto before = copyfile.names();
  const Finished f = copyfile({"--reflink=never", "a", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("No space left on device"));
  EXPECT_EQ(copyfile.names(), before);
  EXPECT_EQ(copyfile.read("b"), "old");
}

TEST(BadInput, AReadOnlyDestinationIsNamed) {
  ScratchFs fs = ScratchFs::ext4();
  fs.set_read_only(true);
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  const Finished f = copyfile({"a", fs.file("b")});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err,
            "copyfile: cannot create regular file '" + fs.file("b") + "': Read-only file system\n");
}

TEST(BadInput, ABlockDeviceIsNotOverwrittenUnasked) {
  ScratchFs fs = ScratchFs::ext4();
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  for (const Finished& f :
       {copyfile({"a", fs.device()}), copyfile({"range", "a", fs.device(), "0:0:1"})}) {
    EXPECT_EQ(f.exit_code, 1);
    EXPECT_THAT(f.err, HasSubstr("--overwrite-device"));
  }
}

TEST(BadInput, ABlockDeviceThatIsMountedIsNotOverwrittenAtAll) {
  ScratchFs fs = ScratchFs::ext4();
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(4096));
  for (const Finished& f :
       {copyfile({"--overwrite-device", "a", fs.device()}),
        copyfile({"range", "--overwrite-device", "a", fs.device(), "0:0:4096"})}) {
    EXPECT_EQ(f.exit_code, 1);
    EXPECT_THAT(f.err, HasSubstr("Device or resource busy"));
  }
  const Finished first = copyfile.shell("head -c 4096 " + fs.device() + " | cmp -s - a");
  EXPECT_EQ(first.exit_code, 1) << "its first block is that of the file system";
}

TEST(BadInput, WhatAnOverwrittenDeviceHeldIsTold) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(4096));
  const LoopDevice device = attach_loop(make_image(1 << 20, ""), 512);
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"--overwrite-device", "a", device.path},
        {"range", "--overwrite-device", "a", device.path, "0:0:4096"}}) {
    ASSERT_EQ(pwrite(device.fd.get(), "XFSB", 4, 0), 4);
    const Finished f = copyfile(how);
    EXPECT_EQ(f.exit_code, 0);
    EXPECT_EQ(f.err, "copyfile: overwriting the block device '" + device.path +
                         "' of 1.0M (1048576 bytes): it holds an XFS file system\n");
  }
}

TEST(BadInput, AClosedStandardOutputIsAFailure) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  for (const char* how : {">&-", ">/dev/full"}) {
    for (const char* what : {"-v a b", "--help", "--json a b", "probe a b", "map a"}) {
      const Finished f = copyfile.shell(std::string("$COPYFILE ") + what + " " + how);
      EXPECT_EQ(f.exit_code, 1) << what << how;
      EXPECT_THAT(f.err, HasSubstr("write error")) << what << how;
    }
  }
}

TEST(BadInput, AFullStandardOutputIsToldOfAtTheEndNotThrown) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  const Finished f = copyfile.shell(
      "mkdir d; for i in $(seq 400); do cp a a_name_that_is_long_enough_$i; done; "
      "$COPYFILE -v a_* d >/dev/full");
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: write error: No space left on device\n");
  EXPECT_TRUE(copyfile.exists("d/a_name_that_is_long_enough_400"));
}

TEST(BadInput, AClosedStandardOutputDoesNotMatterWhereNothingIsPrinted) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  EXPECT_EQ(copyfile.shell("$COPYFILE a b >&- 2>&- <&-").exit_code, 0);
  EXPECT_EQ(copyfile.read("b"), "x");
}

TEST(BadRanges, OverlappingDestinationsAreRefusedBeforeTheFirstByte) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(8192));
  const Finished f = copyfile({"range", "a", "b", "0:0:4096", "4096:4095:10"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err,
            "copyfile: cannot copy ranges of 'a' to 'b': the range at offset 4095 overlaps "
            "another\n");
  EXPECT_THAT(copyfile.names(), ElementsAre("a"));
}

TEST(BadRanges, OverlapWithinOneFileIsRefused) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(8192));
  const Finished f = copyfile({"range", "a", "a", "0:100:4096"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("overlaps another"));
  EXPECT_EQ(copyfile.read("a"), pattern(8192));
}

TEST(BadRanges, OffsetOverflowIsNamed) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  const Finished f = copyfile({"range", "a", "b", "9223372036854775807:0:2"});
  EXPECT_NE(f.exit_code, 0);
  EXPECT_THAT(f.err, HasSubstr("copyfile: "));
  EXPECT_THAT(copyfile.names(), ElementsAre("a"));
}

TEST(BadRanges, PastTheEndIsAShortCopyAndSaidSo) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(5000));
  const Finished f = copyfile({"range", "a", "b", "4096:0:4096"});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.err, "copyfile: 'a' ends before the ranges do: 904 of 4096 bytes copied\n");
  EXPECT_EQ(copyfile.read("b"), pattern(5000).substr(4096));
}

TEST(BadRanges, PastTheEndIsAnErrorWithExact) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(5000));
  const Finished f = copyfile({"range", "--exact", "a", "b", "4096:0:4096"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("the range at offset 4096 reaches past the end of the source"));
  EXPECT_THAT(copyfile.names(), ElementsAre("a"));
}

TEST(BadRanges, ABrokenListNamesLineAndColumn) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  copyfile.write("list", "0:0:1\n1:x:2\n");
  const Finished f = copyfile({"range", "--ranges=list", "a", "b"});
  EXPECT_EQ(f.exit_code, 2);
  EXPECT_THAT(f.err, StartsWith("copyfile: list:2:3: "));
  EXPECT_FALSE(copyfile.exists("b"));
}

TEST(BadRanges, ADirectoryIsNoPlaceForRanges) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  std::filesystem::create_directory(copyfile.path("d"));
  EXPECT_EQ(copyfile({"range", "a", "d", "0:0:1"}).err,
            "copyfile: cannot open 'd' for writing: Is a directory\n");
  EXPECT_EQ(copyfile({"range", "d", "b", "0:0:1"}).exit_code, 1);
  EXPECT_FALSE(copyfile.exists("b"));
}

}  // namespace
}  // namespace libcopyfile::test
