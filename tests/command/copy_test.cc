// The command on real files: what users expect of cp, and what cp doesn't give them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "command.h"
#include "testing/inspect.h"
#include "testing/loop_device.h"

namespace libcopyfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CopyOnEveryFs : public testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(Fs, CopyOnEveryFs, testing::ValuesIn(kAllFs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(CopyOnEveryFs, AFileIsCopiedAndNothingElseIsLeft) {
  const Command copyfile = Command::in_test_directory(GetParam());
  for (const size_t size : {0, 1, 4095, 65536, 3000001}) {
    copyfile.write("a", pattern(size));
    const Finished f = copyfile({"a", "b"});
    EXPECT_EQ(f.exit_code, 0) << f.err;
    EXPECT_EQ(f.out + f.err, "");
    EXPECT_EQ(copyfile.read("b"), pattern(size)) << size;
    EXPECT_THAT(copyfile.names(), ElementsAre("a", "b"));
  }
}

TEST_P(CopyOnEveryFs, EveryWayGivesTheSameBytes) {
  const Command copyfile = Command::in_test_directory(GetParam());
  copyfile.write("a", pattern(2500000) + std::string(300000, '\0') + pattern(70001));
  for (const char* way :
       {"--reflink=never", "--reflink=auto", "--cache=bypass", "--cache=keep", "--sparse=always",
        "--sparse=never", "--durability=none", "--durability=durable"}) {
    const Finished f = copyfile({way, "a", "b"});
    EXPECT_EQ(f.exit_code, 0) << way << f.err;
    EXPECT_EQ(copyfile.read("b"), copyfile.read("a")) << way;
  }
}

TEST_P(CopyOnEveryFs, RangesLandWhereTheyAreSent) {
  const Command copyfile = Command::in_test_directory(GetParam());
  const std::string a = pattern(200000);
  copyfile.write("a", a);
  copyfile.write("b", std::string(100000, 'b'));
  copyfile.write("list", "[{\"in\": 10, \"out\": 50000, \"length\": 70000}]");
  const Finished f = copyfile({"range", "--ranges=list", "a", "b", "4K:0:8K", "199999:10000:1"});
  EXPECT_EQ(f.exit_code, 0) << f.err;
  std::string expected(120000, 'b');
  expected.replace(50000, 70000, a.substr(10, 70000));
  expected.replace(0, 8192, a.substr(4096, 8192));
  expected[10000] = a[199999];
  EXPECT_TRUE(copyfile.read("b") == expected);
}

TEST_P(CopyOnEveryFs, ProbeLeavesNothing) {
  const Command copyfile = Command::in_test_directory(GetParam());
  copyfile.write("a", pattern(100000));
  const Finished f = copyfile({"probe", "a", "b"});
  EXPECT_EQ(f.exit_code, 0) << f.err;
  EXPECT_THAT(f.out, HasSubstr("buffered    yes"));
  EXPECT_THAT(copyfile.names(), ElementsAre("a"));
}

TEST(Copy, WhatIsTurnedOffForTheMountIsNotDone) {
  const Command copyfile = Command::in_test_directory(FsKind::xfs);
  copyfile.write("a", pattern(1 << 20));
  const Finished on = copyfile({"--explain", "a", "b"});
  EXPECT_THAT(on.out, HasSubstr("reflink     yes"));
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"--explain", "--no-offload=.", "a", "b"},
        {"range", "--explain", "--no-offload=a", "a", "b", "0:0:1M"},
        {"probe", "--no-offload=.", "a", "b"}}) {
    const Finished off = copyfile(line);
    EXPECT_EQ(off.exit_code, 0) << off.err;
    EXPECT_THAT(off.out, HasSubstr("reflink     no: turned off for this mount"));
    EXPECT_THAT(off.out, HasSubstr("copy_range  no: turned off for this mount"));
  }
  const Finished must = copyfile({"--no-offload=.", "--reflink=always", "a", "b"});
  EXPECT_EQ(must.exit_code, 1);
  EXPECT_THAT(must.err, HasSubstr("turned off for this mount"));
  const Finished lost = copyfile({"--no-offload=nowhere", "a", "b"});
  EXPECT_EQ(lost.exit_code, 1);
  EXPECT_EQ(lost.err, "copyfile: cannot tell the mount of 'nowhere': No such file or directory\n");
}

// Somebody who has opened a pipe, or waits for its other end, must not notice either.
TEST(Copy, ProbeTouchesNoPipeAndNoDevice) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(100000));
  const Finished f = copyfile.shell(
      "mkfifo p && (printf text > p &) && timeout 10 $COPYFILE probe p b && "
      "timeout 10 $COPYFILE probe a p && timeout 10 $COPYFILE probe /dev/zero b && timeout 10 cat "
      "p");
  EXPECT_EQ(f.exit_code, 0) << f.err;
  EXPECT_TRUE(f.out.ends_with("text")) << f.out;
  EXPECT_THAT(f.out, HasSubstr("buffered    yes"));
}

TEST(Copy, ProbeOfABlockDeviceKnowsTheLength) {
  const Command copyfile = Command::in_test_directory();
  const LoopDevice device = attach_loop(make_image(1 << 20, {}), 512);
  copyfile.write("a", pattern(100000));
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"a", device.path}, {device.path, "b"}}) {
    const Finished f = copyfile({"probe", names[0], names[1]});
    EXPECT_EQ(f.exit_code, 0) << f.err;
    EXPECT_THAT(f.out, Not(HasSubstr("the source ends")));
  }
}

TEST(Copy, IntoADirectoryUnderItsOwnName) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  copyfile.write("a", "x");
  copyfile.write("b", "y");
  EXPECT_EQ(copyfile({"a", "b", "d/"}).exit_code, 0);
  EXPECT_EQ(copyfile({"-t", "d", "a"}).exit_code, 0);
  EXPECT_EQ(copyfile.read("d/a") + copyfile.read("d/b"), "xy");
}

TEST(Copy, AReplacedFileKeepsItsMode) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "new");
  copyfile.write("b", "old");
  ::chmod(copyfile.path("b").c_str(), 0640);
  EXPECT_EQ(copyfile({"a", "b"}).exit_code, 0);
  struct stat st {};
  ASSERT_EQ(::stat(copyfile.path("b").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640U);
  EXPECT_EQ(copyfile.read("b"), "new");
}

TEST(Copy, ANewFileTakesTheUmaskIntoAccount) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  ::chmod(copyfile.path("a").c_str(), 04777);
  EXPECT_EQ(copyfile.shell("umask 027; $COPYFILE a b").exit_code, 0);
  struct stat st {};
  ASSERT_EQ(::stat(copyfile.path("b").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0750U);
}

TEST(Copy, PreserveKeepsModeOwnerAndTimes) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "x");
  ASSERT_EQ(
      copyfile.shell("chown 12:34 a; chmod 6751 a; touch -d '2001-02-03 04:05:06.789' a").exit_code,
      0);
  EXPECT_EQ(copyfile({"-p", "a", "b"}).exit_code, 0);
  EXPECT_EQ(copyfile.shell("stat -c '%u %g %a %.9Y' b").out,
            copyfile.shell("stat -c '%u %g %a %.9Y' a").out);
}

TEST(Copy, ASymbolicLinkAsDestinationStaysAndItsTargetIsReplaced) {
  const Command copyfile = Command::in_test_directory();
  std::filesystem::create_directory(copyfile.path("d"));
  copyfile.write("a", "new");
  copyfile.write("d/real", "old");
  std::filesystem::create_symlink("d/real", copyfile.path("one"));
  std::filesystem::create_symlink("one", copyfile.path("two"));
  EXPECT_EQ(copyfile({"a", "two"}).exit_code, 0);
  EXPECT_EQ(copyfile.read("d/real"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(copyfile.path("two")));
}

TEST(Copy, NoClobberLeavesWhatIsThere) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "new");
  copyfile.write("b", "old");
  const Finished f = copyfile({"-n", "a", "b"});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(copyfile.read("b"), "old");
}

TEST(Copy, ADeviceOrPipeIsWrittenIntoNotReplaced) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(300000));
  const Finished f = copyfile.shell(
      "mkfifo p && mknod null c 1 3 && (cat p > got &) && $COPYFILE a p && "
      "$COPYFILE a null && test -c null && test -p p && sleep 0.2 && cmp a got");
  EXPECT_EQ(f.exit_code, 0) << f.err;
}

TEST(Copy, PipesDevicesAndVirtualFilesAsSource) {
  const Command copyfile = Command::in_test_directory();
  EXPECT_EQ(copyfile.shell("seq 100000 | $COPYFILE /dev/stdin a && seq 100000 | cmp - a").exit_code,
            0);
  EXPECT_EQ(copyfile({"/proc/self/status", "b"}).exit_code, 0);
  EXPECT_THAT(copyfile.read("b"), HasSubstr("Name:\tcopyfile"));
  EXPECT_EQ(copyfile({"/proc/version", "c"}).exit_code, 0);
  EXPECT_EQ(copyfile.read("c"), Command("/proc").read("version"));
  EXPECT_EQ(copyfile({"/sys/kernel/mm/transparent_hugepage/enabled", "d"}).exit_code, 0);
  EXPECT_EQ(copyfile.read("d"), Command("/sys/kernel/mm/transparent_hugepage").read("enabled"));
  EXPECT_EQ(copyfile({"/dev/null", "e"}).exit_code, 0);
  EXPECT_EQ(copyfile.read("e"), "");
}

TEST(Copy, InterruptedItLeavesNoTraceAndSaysSo) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(1 << 20));
  for (const char* signal : {"INT", "TERM"}) {
    const Finished f = copyfile.shell(std::string("timeout --foreground -s ") + signal +
                                      " 0.5 $COPYFILE --reflink=never --limit-rate=100K a b");
    EXPECT_NE(f.exit_code, 0);
    EXPECT_THAT(f.err, HasSubstr("copyfile: interrupted: 'b' was not created")) << f.err;
    EXPECT_THAT(copyfile.names(), ElementsAre("a"));
  }
}

TEST(Copy, InterruptedWhileAPipeIsSilent) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile.shell(
      "mkfifo p; (sleep 30 > p & echo $! > pid); timeout --foreground -s INT 0.5 $COPYFILE p b; "
      "s=$?; kill $(cat pid); exit $s");
  EXPECT_NE(f.exit_code, 0);
  EXPECT_THAT(f.err, HasSubstr("interrupted: 'b' was not created"));
  EXPECT_FALSE(copyfile.exists("b"));
}

TEST(Copy, WhereTheDirectoryDoesNotLetItReplaceItSaysWhy) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile.shell(
      "chmod 755 . && cp $COPYFILE c && echo new > a && chmod 644 a && mkdir -m 1777 sticky && "
      "mkdir fixed && "
      "for d in sticky fixed; do echo old > $d/b; chmod 666 $d/b; done; "
      "setpriv --reuid 65534 --regid 65534 --clear-groups sh -c './c a sticky/b; ./c a fixed/b'; "
      "cat sticky/b fixed/b");
  EXPECT_THAT(
      f.err,
      HasSubstr("cannot replace 'sticky/b' (its directory is sticky, and neither belongs to you): "
                "Operation not permitted"));
  EXPECT_THAT(
      f.err,
      HasSubstr(
          "cannot replace 'fixed/b' (its directory must be writable: the copy is made beside it): "
          "Permission denied"));
  EXPECT_EQ(f.out, "old\nold\n");
}

TEST(Copy, TheRateIsKept) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(500000));
  const Finished f = copyfile.shell(
      "s=$(date +%s%N); $COPYFILE --reflink=never --limit-rate=500KB a b; e=$(date +%s%N); "
      "echo $(((e - s) / 1000000))");
  EXPECT_GE(std::stoi(f.out), 800);
}

TEST(Copy, TheRateDoesNotHoldBackWhatMovesNothing) {
  const Command copyfile = Command::in_test_directory(FsKind::xfs);
  copyfile.write("a", pattern(4 << 20));
  const Finished f =
      copyfile.shell("truncate -s 1G a; timeout 20 $COPYFILE --limit-rate=1K a b && cmp a b");
  EXPECT_EQ(f.exit_code, 0) << f.err;
}

TEST(Copy, AnOpenFileIsNotReplacedBehindItsDescriptor) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", "new");
  copyfile.write("log", "precious\n");
  for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    const Finished f = copyfile.shell(std::string("$COPYFILE a ") + name + " >> log");
    EXPECT_EQ(f.exit_code, 1) << name;
    EXPECT_THAT(f.err, HasSubstr("is a file that is open")) << name;
    EXPECT_EQ(copyfile.read("log"), "precious\n");
    EXPECT_EQ(copyfile.shell(std::string("$COPYFILE a ") + name + " | cat").out, "new") << name;
  }
}

TEST(Copy, JsonIsOneObjectALine) {
  const Command copyfile = Command::in_test_directory(FsKind::xfs);
  copyfile.write("a", pattern(1 << 20));
  const Finished f = copyfile({"--json", "a", "b"});
  const auto object = nlohmann::json::parse(f.out);
  EXPECT_EQ(object["event"], "copied");
  EXPECT_EQ(object["size"], 1 << 20);
  EXPECT_EQ(object["bytes_by"]["reflink"], 1 << 20);
  EXPECT_EQ(object["durability"], "ordered");
  const Finished bad = copyfile({"--json", "nothing", "c"});
  EXPECT_EQ(nlohmann::json::parse(bad.out)["error"], "ENOENT");
}

TEST(Copy, ExplainGivesAReasonForEveryMechanismNotUsed) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(1 << 20));
  const Finished f = copyfile({"--explain", "a", "b"});
  EXPECT_THAT(f.out, HasSubstr("reflink declined after 0 bytes: the file system cannot share"));
  for (const char* line : {"\nreflink     no: ", "\ncopy_range  no: ", "\ndirect      no: ",
                           "\nzero        no: ", "\nbuffered    yes: "}) {
    EXPECT_THAT(f.out, HasSubstr(line));
  }
}

TEST(Copy, DebugPrintsTheLineOfCp) {
  const Command copyfile = Command::in_test_directory(FsKind::xfs);
  copyfile.write("a", pattern(1 << 20));
  EXPECT_EQ(copyfile({"--debug", "a", "b"}).out,
            "'a' -> 'b'\ncopy offload: no, reflink: yes, sparse detection: no\n");
  EXPECT_EQ(copyfile({"--debug", "--reflink=never", "a", "b"}).out,
            "'a' -> 'b'\ncopy offload: avoided, reflink: no, sparse detection: no\n");
}

TEST(Copy, ReflinkAlwaysFailsWhereItCannotAndLeavesNothing) {
  const Command copyfile = Command::in_test_directory(FsKind::ext4);
  copyfile.write("a", pattern(100000));
  const Finished f = copyfile({"--reflink", "a", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("failed to clone 'b' from 'a'"));
  EXPECT_THAT(copyfile.names(), ElementsAre("a"));
}

TEST(Copy, ProgressIsShownWhenAskedFor) {
  const Command copyfile = Command::in_test_directory();
  copyfile.write("a", pattern(300000));
  EXPECT_THAT(copyfile({"--progress", "--reflink=never", "--limit-rate=1M", "a", "b"}).err,
              HasSubstr("100%"));
  EXPECT_THAT(copyfile({"a", "b"}).err, Not(HasSubstr("%")));
}

TEST(Copy, QemuImageMapsAreRangeLists) {
  const Command copyfile = Command::in_test_directory();
  const Finished f = copyfile.shell(
      "truncate -s 8M a && printf data | dd of=a bs=1 seek=3000000 conv=notrunc status=none && "
      "printf '%s' '[{\"start\":0,\"length\":2999296,\"depth\":0,\"present\":true,\"zero\":true,"
      "\"data\":false,\"offset\":0},{\"start\":2999296,\"length\":4096,\"depth\":0,\"present\":"
      "true,"
      "\"zero\":false,\"data\":true,\"offset\":2999296}]' | $COPYFILE range --ranges=- a b && "
      "truncate -s 8M b && cmp a b");
  EXPECT_EQ(f.exit_code, 0) << f.err;
}

}  // namespace
}  // namespace libcopyfile::test
