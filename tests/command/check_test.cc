// --digest, --expect, --checksums, --verify and --allow-changes, as their users have them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "command.h"
#include "testing/liar.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kHex =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // of "abc"
const std::string kOther = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kXxh3 = "06b05ab6733a618578af5f94892f3950";

class Check : public ::testing::TestWithParam<FsKind> {
 protected:
  explicit Check(FsKind fs = GetParam()) : copyfile(Command::in_test_directory(fs)) {
    copyfile.write("a", "abc");
  }
  Command copyfile;
};

class CheckOnEveryFs : public Check {};
INSTANTIATE_TEST_SUITE_P(Fs, CheckOnEveryFs, testing::ValuesIn(kAllFs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(CheckOnEveryFs, DigestsAreThoseOfSha256sum) {
  for (const size_t size : {0, 1, 65536, 3000001}) {
    copyfile.write("a", pattern(size) + std::string(size, '\0'));
    for (const char* way : {"--reflink=auto", "--reflink=never", "--sparse=always"}) {
      const Finished f = copyfile({"--digest=sha256", way, "--verify", "a", "b"});
      EXPECT_EQ(f.exit_code, 0) << f.err;
      EXPECT_EQ(f.out, copyfile.shell("sha256sum b").out) << way << size;
      EXPECT_EQ(copyfile.shell("cmp a b").exit_code, 0);
    }
  }
}

TEST_P(CheckOnEveryFs, ExpectIsKeptOrNothingIsMade) {
  EXPECT_EQ(copyfile({"--expect=sha256:" + kHex, "a", "b"}).exit_code, 0);
  EXPECT_EQ(copyfile({"--expect=xxh3:" + kXxh3, "a", "c"}).exit_code, 0);
  const Finished f = copyfile({"--expect=sha256:" + kOther, "a", "d"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: 'd' is not made: 'a' should have sha256:" + kOther +
                       ", and has sha256:" + kHex + "\n");
  EXPECT_THAT(copyfile.names(), ElementsAre("a", "b", "c"));
  // The old file stays.
  copyfile.write("b", "old");
  EXPECT_EQ(copyfile({"--expect=sha256:" + kOther, "--verify", "a", "b"}).exit_code, 1);
  EXPECT_EQ(copyfile.read("b"), "old");
}

TEST_P(CheckOnEveryFs, VerifySaysWhereItReadFrom) {
  const Finished f = copyfile({"--verify", "-v", "a", "b"});
  EXPECT_EQ(f.exit_code, 0) << f.err;
  if (GetParam() == FsKind::tmpfs) {
    EXPECT_EQ(f.out, "'a' -> 'b'\nverified: read back from the page cache only\n");
    EXPECT_THAT(f.err, HasSubstr("warning: 'b' was read back from memory"));
  } else {
    EXPECT_THAT(f.out, StartsWith("'a' -> 'b'\nverified: read back from the medium, "));
    EXPECT_EQ(f.err, "");
  }
  const auto report = nlohmann::json::parse(copyfile({"--verify", "--json", "a", "c"}).out);
  EXPECT_EQ(report["digest"], "xxh3:" + kXxh3);
  EXPECT_NE(report["verified"], "no");
  EXPECT_EQ(report["retries"], 0);
}

class CheckOnExt4 : public Check {
 protected:
  CheckOnExt4() : Check(FsKind::ext4) {}
};

TEST_F(CheckOnExt4, ChecksumsOfSha256sumAreUnderstood) {
  const std::string odd = "two\nlines\\";
  copyfile.write(odd, "odd");
  copyfile.write("c", pattern(200'000));
  for (const char* make : {"sha256sum * >../sums", "sha256sum --tag * >../sums",
                           "sha256sum -b * >../sums", "sha256sum ./* >../sums"}) {
    ASSERT_EQ(copyfile.shell(make).exit_code, 0) << make;
    std::filesystem::create_directory(copyfile.path("../to"));
    const Finished f = copyfile({"--checksums=../sums", "a", odd, "c", "../to"});
    EXPECT_EQ(f.exit_code, 0) << make << f.err;
    EXPECT_EQ(names_in(copyfile.path("../to")).size(), 3U);
    std::filesystem::remove_all(copyfile.path("../to"));
  }
}

TEST_F(CheckOnExt4, WhatIsPrintedIsCheckedBySha256sum) {
  const std::string odd = "two\nlines\\";
  copyfile.write(odd, "odd");
  std::filesystem::create_directory(copyfile.path("to"));
  const Finished f = copyfile({"--digest=sha256", "a", odd, "to"});
  EXPECT_EQ(f.exit_code, 0) << f.err;
  copyfile.write("sums", f.out);
  const Finished checked = copyfile.shell("sha256sum --strict -c sums");
  EXPECT_EQ(checked.exit_code, 0) << f.out << checked.err;
}

TEST_F(CheckOnExt4, OnlyWhatTheChecksumsNameIsCopied) {
  copyfile.write("b", "abc");
  copyfile.write("c", "abc");
  copyfile.write("sums", kHex + "  a\n" + kOther + "  b\n");
  std::filesystem::create_directory(copyfile.path("to"));
  const Finished f = copyfile({"--checksums=sums", "a", "b", "c", "to"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("'to/b' is not made: 'b' should have sha256:" + kOther));
  EXPECT_THAT(f.err, HasSubstr("'to/c' is not made: no line of the checksums names 'c'"));
  EXPECT_THAT(names_in(copyfile.path("to")), ElementsAre("a"));
  // From standard input, too.
  const Finished again = copyfile({"--checksums=-", "a", "d"}, kHex + " *a\n");
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(CheckOnExt4, AFileWithoutChecksumsIsNone) {
  copyfile.write("sums", "hello\n");
  EXPECT_EQ(copyfile({"--checksums=sums", "a", "b"}).err,
            "copyfile: no line of sums is a checksum of SHA-256 or XXH128\n");
  EXPECT_EQ(copyfile({"--checksums=nowhere", "a", "b"}).err,
            "copyfile: cannot open 'nowhere': No such file or directory\n");
  EXPECT_THAT(copyfile.names(), ElementsAre("a", "sums"));
}

TEST_F(CheckOnExt4, WrongUsage) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--expect=abc", "a", "b"},
      {"--expect=sha256:12", "a", "b"},
      {"--digest=md5", "a", "b"},
      {"--expect=sha256:" + kHex, "--checksums=sums", "a", "b"},
      {"--expect=sha256:" + kHex, "--digest=xxh3", "a", "b"},
      {"range", "--verify", "a", "b", "0:0:1"}};
  for (const auto& arguments : wrong) {
    EXPECT_EQ(copyfile(arguments).exit_code, 2) << arguments[0];
  }
  std::filesystem::create_directory(copyfile.path("to"));
  copyfile.write("c", "x");
  EXPECT_EQ(copyfile({"--expect=sha256:" + kHex, "a", "c", "to"}).exit_code, 2);
  EXPECT_TRUE(std::filesystem::is_empty(copyfile.path("to")));
}

TEST_F(CheckOnExt4, PipesAndDevicesAreNotChecked) {
  const Finished f = copyfile({"--verify", "a", "/dev/null"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("'/dev/null' is no regular file"));
}

TEST_F(CheckOnExt4, WithoutLibcryptoItIsNamed) {
  std::filesystem::create_directory(copyfile.path("empty"));
  copyfile.write("empty/libcrypto.so.3", "no library");
  const Finished f = copyfile.shell("LD_LIBRARY_PATH=$PWD/empty $COPYFILE --digest=sha256 a b");
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: SHA-256 needs 'libcrypto.so.3', which cannot be loaded\n");
  EXPECT_FALSE(copyfile.exists("b"));
  // What does not need it works.
  EXPECT_EQ(copyfile.shell("LD_LIBRARY_PATH=$PWD/empty $COPYFILE --digest=xxh3 a b").out,
            kXxh3 + "  b\n");
}

TEST_F(CheckOnExt4, ASourceThatNeverStaysIsGivenUpUnlessAllowed) {
  // At least three times as fast as it is read.
  const Finished f = copyfile.shell(
      "head -c 20M /dev/zero >big; (while [ ! -e stop ]; do printf x >>big; done) & "
      "$COPYFILE --reflink=never --limit-rate=40M big copy; code=$?; "
      "$COPYFILE --reflink=never --limit-rate=40M --allow-changes big mixed; echo $code $?; "
      "touch stop; wait");
  EXPECT_EQ(f.out, "1 0\n");
  EXPECT_EQ(f.err,
            "copyfile: 'copy' is not made: 'big' changed while it was copied, 4 times in a row\n");
  EXPECT_FALSE(copyfile.exists("copy"));
  EXPECT_TRUE(copyfile.exists("mixed"));
}

// A server that stores something else than it was given: without --verify nobody notices.
TEST(CheckOnFuse, ALyingServerIsFoundByVerify) {
  const ScratchFs fs = ScratchFs::fuse();
  Liar liar(fs);
  const Command copyfile(fs.path());
  copyfile.write("a", pattern(300'000));
  for (const bool verify : {false, true}) {
    liar.inject("flip write file=.copyfile*");
    std::vector<std::string> arguments{"--digest=sha256", "a", "b"};
    if (verify) arguments.insert(arguments.begin(), "--verify");
    const Finished f = copyfile(arguments);
    liar.clear();
    EXPECT_EQ(f.exit_code, verify ? 1 : 0) << f.err;
    if (verify) {
      EXPECT_THAT(f.err, HasSubstr("'b' is not made: sha256:"));
      EXPECT_THAT(f.err, HasSubstr("was copied, but the medium holds sha256:"));
      EXPECT_FALSE(copyfile.exists("b"));
    } else {
      EXPECT_NE(copyfile.read("b"), copyfile.read("a")) << "the lie had no effect";
      std::filesystem::remove(copyfile.path("b"));
    }
  }
}

}  // namespace
}  // namespace libcopyfile::test
