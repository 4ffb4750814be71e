// --preserve and --no-preserve, as cp has them and beyond.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "command.h"

namespace libcopyfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Preserving : public testing::Test {
 protected:
  Preserving() {
    copyfile_.write("a", "text");
    const timespec times[2] = {{1'000'000'000, 5}, {1'000'000'000, 7}};
    const bool made = chown(a_.c_str(), 1234, 5678) == 0 && chmod(a_.c_str(), 04750) == 0 &&
                      utimensat(AT_FDCWD, a_.c_str(), times, 0) == 0;
    if (!made) ADD_FAILURE() << "no source";
    give("user.color", "red");
  }
  void give(const char* name, const std::string& value) const {
    ASSERT_EQ(setxattr(a_.c_str(), name, value.data(), value.size(), 0), 0) << name;
  }
  // What of the source is found in b.
  std::string kept() const {
    struct stat a {
    }, b{};
    if (stat(a_.c_str(), &a) != 0 || stat(b_.c_str(), &b) != 0) return "nothing";
    std::string text;
    if ((b.st_mode & 07777) == (a.st_mode & 07777)) text += " mode";
    if (b.st_uid == a.st_uid && b.st_gid == a.st_gid) text += " ownership";
    if (b.st_mtim.tv_nsec == a.st_mtim.tv_nsec) text += " timestamps";
    if (getxattr(b_.c_str(), "user.color", nullptr, 0) == 3) text += " xattr";
    return text;
  }
  std::string kept_with(const std::vector<std::string>& options) const {
    unlink(b_.c_str());
    std::vector<std::string> arguments = options;
    arguments.insert(arguments.end(), {"a", "b"});
    const Finished f = copyfile_(arguments);
    EXPECT_EQ(f.exit_code, 0) << f.err;
    EXPECT_EQ(f.out + f.err, "");
    return kept();
  }

  Command copyfile_ = Command::in_test_directory(FsKind::ext4);
  const std::string a_ = copyfile_.path("a");
  const std::string b_ = copyfile_.path("b");
};

TEST_F(Preserving, ListsAddUpAndAreTakenBack) {
  EXPECT_EQ(kept_with({}), "");
  EXPECT_EQ(kept_with({"-p"}), " mode ownership timestamps");
  EXPECT_EQ(kept_with({"--preserve"}), " mode ownership timestamps");
  EXPECT_EQ(kept_with({"--preserve=timestamps"}), " timestamps");
  EXPECT_EQ(kept_with({"--preserve=xattr,own"}), " ownership xattr");
  EXPECT_EQ(kept_with({"--preserve=all"}), " mode ownership timestamps xattr");
  EXPECT_EQ(kept_with({"--preserve=all", "--no-preserve=xattr"}), " mode ownership timestamps");
  EXPECT_EQ(kept_with({"--preserve=links,context,flags,project,verity"}), "");
}

TEST_F(Preserving, SetIdBitsAreForTheOwnerOnly) {
  const Finished f = copyfile_({"-p", "--no-preserve=ownership,timestamps", "a", "b"});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.err, "copyfile: warning: preserving permissions for 'b': Operation not permitted\n");
  struct stat b {};
  ASSERT_EQ(stat(b_.c_str(), &b), 0);
  EXPECT_EQ(b.st_mode & 07777, 0750U);
}

TEST_F(Preserving, WithoutTheModeANewFileIsAnOrdinaryOne) {
  ASSERT_EQ(chmod(a_.c_str(), 0700), 0);
  EXPECT_EQ(copyfile_.shell("umask 027; $COPYFILE --no-preserve=mode a b").exit_code, 0);
  struct stat b {};
  ASSERT_EQ(stat(b_.c_str(), &b), 0);
  EXPECT_EQ(b.st_mode & 07777, 0640U);
}

TEST_F(Preserving, WordsThatAreNoneAreNamed) {
  const Finished f = copyfile_({"--preserve=mode,colour", "a", "b"});
  EXPECT_EQ(f.exit_code, 2);
  EXPECT_THAT(f.err, StartsWith("copyfile: invalid argument 'colour' for '--preserve'\n"
                                "Valid arguments are:\n  - 'mode'\n"));
  EXPECT_EQ(copyfile_({"--no-preserve=", "a", "b"}).exit_code, 2);
}

TEST_F(Preserving, WhatIsAskedForByNameFailsWithoutACopy) {
  const Command from = Command::in_test_directory(FsKind::xfs);
  from.write("large", "text");
  const std::string value(5000, 'x');
  ASSERT_EQ(setxattr(from.path("large").c_str(), "user.large", value.data(), value.size(), 0), 0);
  const Finished f = copyfile_({"--preserve=xattr", from.path("large"), "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: setting attribute 'user.large' for 'b': No space left on device\n");
  EXPECT_THAT(copyfile_.names(), ElementsAre("a"));
}

TEST_F(Preserving, WithAllItIsAWarning) {
  const Command from = Command::in_test_directory(FsKind::xfs);
  from.write("large", "text");
  const std::string value(5000, 'x');
  ASSERT_EQ(setxattr(from.path("large").c_str(), "user.large", value.data(), value.size(), 0), 0);
  const Finished f = copyfile_({"--preserve=all", "--json", from.path("large"), "b"});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.err,
            "copyfile: warning: setting attribute 'user.large' for 'b': No space left on device\n");
  const auto lost = nlohmann::json::parse(f.out).at("not_preserved");
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0],
            (nlohmann::json{{"class", "xattr"}, {"attribute", "user.large"}, {"error", "ENOSPC"}}));
  const Finished told = copyfile_({"--preserve=all", "--explain", from.path("large"), "b"});
  EXPECT_THAT(told.out, HasSubstr("not preserved: user.large (xattr): No space left on device\n"));
}

// Nobody but root may give files away, and nobody is told every time.
TEST_F(Preserving, OwnershipIsNotAskedOfOthersThanRoot) {
  ASSERT_EQ(chmod(copyfile_.path("").c_str(), 0777), 0);
  const std::string as_nobody =
      "cp $COPYFILE mine && chmod 755 mine && chmod 4755 a && "
      "setpriv --reuid=65534 --regid=65534 --clear-groups ./mine ";
  const Finished f = copyfile_.shell(as_nobody + "-p a b");
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.out + f.err, "");
  EXPECT_EQ(kept(), " timestamps");
  struct stat b {};
  ASSERT_EQ(stat(b_.c_str(), &b), 0);
  EXPECT_EQ(b.st_mode & 07777, 0755U);
  EXPECT_EQ(b.st_uid, 65534U);
}

TEST_F(Preserving, ReplacedFileThatLosesItsOwnerIsAWarning) {
  ASSERT_EQ(chmod(copyfile_.path("").c_str(), 0777), 0);
  copyfile_.write("b", "old");
  ASSERT_EQ(chmod(a_.c_str(), 0644), 0);
  const Finished f = copyfile_.shell(
      "cp $COPYFILE mine && chmod 755 mine && "
      "setpriv --reuid=65534 --regid=65534 --clear-groups ./mine a b");
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.err,
            "mine: warning: 'b' loses what the file that it replaces had: owner (ownership): "
            "Operation not permitted\n"
            "mine: warning: 'b' loses what the file that it replaces had: group (ownership): "
            "Operation not permitted\n");
}

}  // namespace
}  // namespace libcopyfile::test
