// `copyfile store` as its users have it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "kit.h"
#include "testing/places.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class StoreCommand : public ::testing::Test {
 protected:
  StoreCommand() {
    write_text(path("a"), "abc");
    write_text(path("b"), "other");
    EXPECT_EQ(store({"init", "repo"}).err, "");
  }
  Finished store(std::vector<std::string> arguments, const std::string& input = {}) const {
    return run_store(directory_, std::move(arguments), input);
  }
  Finished shell(const std::string& script) const {
    RunOptions options;
    options.directory = directory_;
    return run({"sh", "-c", script}, options);
  }
  void expect_ok(const std::vector<std::string>& arguments, const std::string& out) const {
    const Finished done = store(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, out);
    EXPECT_EQ(done.err, "");
  }
  void expect_failure(const std::vector<std::string>& arguments, const std::string& message,
                      int exit_code = 1) const {
    const Finished done = store(arguments);
    EXPECT_EQ(done.exit_code, exit_code);
    EXPECT_EQ(done.err, "copyfile: " + message + "\n");
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string blob(const std::string& hex) const { return path("repo/blobs/sha256/" + hex); }
  static std::string hint(const std::string& verb) {
    return "\nTry 'copyfile store " + verb + " --help' for more information.";
  }
  void damage(const std::string& hex, const std::string& bytes) const {
    fs::remove(blob(hex));
    write_text(blob(hex), bytes);
  }

  std::string directory_ = test_directory(FsKind::ext4);
};

TEST_F(StoreCommand, AFileIsAddedAndTakenAgain) {
  expect_ok({"add", "--name=dir/a", "repo", "a"}, kAbc + "  a\n");
  expect_ok({"get", "repo", "dir/a", "x"}, "");
  expect_ok({"get", "repo", kAbc, "y"}, "");
  expect_ok({"get", "repo", "sha256:" + kAbc, "z"}, "");
  for (const char* name : {"x", "y", "z"}) EXPECT_EQ(read_text(path(name)), "abc");
  struct stat copy {};
  struct stat kept {};
  ASSERT_EQ(stat(path("x").c_str(), &copy), 0);
  ASSERT_EQ(stat(blob(kAbc).c_str(), &kept), 0);
  EXPECT_NE(copy.st_ino, kept.st_ino);
  EXPECT_EQ(kept.st_mode & 0222U, 0U) << "sealed: nobody may write";
  EXPECT_EQ(copy.st_mode & 0777U, 0644U);
  EXPECT_EQ(read_text(blob(kAbc)), "abc");
}

TEST_F(StoreCommand, ADirectoryAsDestinationTakesTheLastComponent) {
  expect_ok({"add", "--name=dir/a", "-q", "repo", "a"}, "");
  fs::create_directory(path("into"));
  expect_ok({"get", "repo", "dir/a", "into"}, "");
  EXPECT_EQ(read_text(path("into/a")), "abc");
}

TEST_F(StoreCommand, RecordedModeAndTimeComeBackWhereAsked) {
  fs::permissions(path("a"), fs::perms(0751));
  const timespec times[2] = {{1000, 1}, {1234567890, 123456789}};
  ASSERT_EQ(utimensat(AT_FDCWD, path("a").c_str(), times, 0), 0);
  expect_ok({"add", "--name=a", "-q", "repo", "a"}, "");
  expect_ok({"get", "--preserve", "repo", "a", "x"}, "");
  struct stat got {};
  ASSERT_EQ(stat(path("x").c_str(), &got), 0);
  EXPECT_EQ(got.st_mode & 07777U, 0751U);
  EXPECT_EQ(got.st_mtim.tv_sec, 1234567890);
  EXPECT_EQ(got.st_mtim.tv_nsec, 123456789);
}

TEST_F(StoreCommand, WhatIsThereIsReplacedOnlyByForce) {
  expect_ok({"add", "--name=a", "-q", "repo", "a"}, "");
  expect_failure({"get", "repo", "a", "b"}, "'b' is there already (--force replaces it)");
  EXPECT_EQ(read_text(path("b")), "other");
  expect_ok({"get", "-f", "repo", "a", "b"}, "");
  EXPECT_EQ(read_text(path("b")), "abc");
}

TEST_F(StoreCommand, AnotherDigestThanExpectedAddsNothing) {
  const std::string wrong(64, '0');
  expect_failure({"add", "--expect=sha256:" + wrong, "repo", "a"},
                 "'a' is not added: its digest is not sha256:" + wrong);
  EXPECT_EQ(names_in(path("repo/blobs/sha256")).size(), 0U);
  expect_ok({"add", "--expect=sha256:" + kAbc, "repo", "a"}, kAbc + "  a\n");
}

TEST_F(StoreCommand, ChecksumsAreHeldForEachFile) {
  write_text(path("c"), "third");
  write_text(path("SUMS"), kAbc + "  a\n" + kAbc + "  b\n");
  const Finished done = store({"add", "--checksums=SUMS", "--named", "repo", "a", "b", "c"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.out, kAbc + "  a\n");
  EXPECT_THAT(done.err, HasSubstr("'b' is not added: its digest is not sha256:" + kAbc));
  EXPECT_THAT(done.err, HasSubstr("no line of the checksums names 'c'"));
  expect_ok({"names", "repo"}, kAbc + "  a\n");
}

TEST_F(StoreCommand, APipeIsAdded) {
  const Finished done =
      store({"add", "--name=piped", "--expect=sha256:" + kAbc, "repo", "-"}, "abc");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  expect_ok({"cat", "repo", "piped"}, "abc");
}

TEST_F(StoreCommand, ATreeIsAddedAndExported) {
  fs::create_directories(path("tree/sub/deep"));
  write_text(path("tree/one"), "abc");
  write_text(path("tree/sub/two"), "abc");
  write_text(path("tree/sub/deep/three"), std::string(100000, 'x'));
  EXPECT_EQ(store({"add", "-r", "--prefix=v1", "repo", "tree"}).err, "");
  EXPECT_EQ(names_in(path("repo/blobs/sha256")).size(), 2U) << "the same content is kept once";
  expect_ok({"export", "--as=tree", "--prefix=v1", "repo", "out"}, "");
  EXPECT_EQ(shell("diff -r tree out/v1 && echo same").out, "same\n");
  EXPECT_EQ(shell("mkdir t && " + std::string("copyfile=$0; true")).exit_code, 0);
  expect_ok({"export", "--as=tar", "repo", "out.tar"}, "");
  EXPECT_EQ(shell("tar -xf out.tar -C t && diff -r tree t/v1 && echo same").out, "same\n");
  expect_ok({"export", "--as=sha256sums", "repo", "SUMS"}, "");
  EXPECT_EQ(shell("cd out && sha256sum --quiet --strict -c ../SUMS && echo good").out, "good\n");
}

TEST_F(StoreCommand, NamesAreGivenMovedAndTakenAway) {
  expect_ok({"add", "--name=one", "--tag=two", "-q", "repo", "a"}, "");
  expect_ok({"add", "-q", "repo", "b"}, "");
  const std::string other = digest_of("other").hex();
  expect_failure({"tag", "repo", other, "one"},
                 "the name 'one' belongs to another content (--force moves it)");
  expect_ok({"tag", "-f", "repo", other, "one"}, "");
  expect_ok({"names", "repo"}, other + "  one\n" + kAbc + "  two\n");
  expect_ok({"names", "repo", "tw"}, kAbc + "  two\n");
  expect_failure({"tag", "repo", "nobody", "x"}, "there is no name 'nobody' in 'repo'");
  expect_ok({"rm", "repo", "two"}, "");
  expect_failure({"rm", "repo", "two"}, "there is no 'two' in 'repo'");
  expect_failure(
      {"rm", "repo", other},
      "cannot remove '" + other + "': it has 1 name, such as 'one' (--force removes those, too)");
}

TEST_F(StoreCommand, WhatHasNoNameAndIsNotKeptIsCollected) {
  expect_ok({"add", "--name=one", "-q", "repo", "a"}, "");
  expect_ok({"add", "-q", "repo", "b"}, "");
  expect_ok({"rm", "repo", "one"}, "");
  expect_ok({"gc", "--dry-run", "repo"}, "would remove sha256:" + kAbc + "  3\n");
  EXPECT_TRUE(fs::exists(blob(kAbc)));
  expect_ok(
      {"gc", "-v", "repo"},
      "removed sha256:" + kAbc + "  3\n1 blob of 3 bytes, 0 left by crashes, 0 in quarantine\n");
  EXPECT_FALSE(fs::exists(blob(kAbc)));
  EXPECT_TRUE(fs::exists(blob(digest_of("other").hex()))) << "it is kept without a name";
  expect_ok({"rm", "repo", digest_of("other").text()}, "");
  expect_ok({"gc", "repo"}, "");
  EXPECT_EQ(names_in(path("repo/blobs/sha256")).size(), 0U);
}

TEST_F(StoreCommand, WhatIsDamagedIsFoundNeverGivenAwayAndHealed) {
  expect_ok({"add", "--name=one", "-q", "repo", "a"}, "");
  expect_ok({"verify", "repo"}, "");
  damage(kAbc, "abd");
  expect_failure({"get", "repo", "one", "x"},
                 "'one' is damaged in 'repo', and nothing of it was given away: 'copyfile store "
                 "verify' and 'copyfile store repair' are for that");
  EXPECT_FALSE(fs::exists(path("x")));
  EXPECT_EQ(store({"cat", "repo", "one"}).out, "");
  const Finished verified = store({"verify", "repo"});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.err, HasSubstr("sha256:" + kAbc + " is damaged"));
  EXPECT_THAT(verified.err, HasSubstr("known as 'one'; it is in quarantine now"));
  EXPECT_FALSE(fs::exists(blob(kAbc)));
  fs::create_directories(path("elsewhere/deep"));
  fs::copy_file(path("a"), path("elsewhere/deep/whatever"));
  expect_ok({"repair", "--from=elsewhere", "repo"}, "");
  expect_ok({"verify", "repo"}, "");
  expect_ok({"cat", "repo", "one"}, "abc");
}

TEST_F(StoreCommand, WhatCannotBeHealedIsNamed) {
  expect_ok({"add", "--name=one", "-q", "repo", "a"}, "");
  fs::remove(blob(kAbc));
  EXPECT_EQ(store({"verify", "repo"}).exit_code, 1);
  fs::create_directory(path("empty"));
  expect_failure({"repair", "--from=empty", "repo"}, "sha256:" + kAbc + " is still missing");
}

TEST_F(StoreCommand, WithoutItsIndexItIsMadeAgainFromTheBlobs) {
  expect_ok({"add", "--name=one", "-q", "repo", "a"}, "");
  fs::remove(path("repo/index.sqlite"));
  expect_failure(
      {"names", "repo"},
      "cannot read the names of 'repo' (open 'repo/index.sqlite'): damaged: 'copyfile store "
      "verify' tells what, 'copyfile store repair' heals");
  const Finished rebuilt = store({"rebuild", "repo"});
  EXPECT_EQ(rebuilt.exit_code, 0);
  EXPECT_EQ(rebuilt.err.find("copyfile: no names are left in 'repo' ("), 0U) << rebuilt.err;
  expect_ok({"get", "repo", kAbc, "x"}, "");
  expect_ok({"verify", "repo"}, "");
  expect_ok({"gc", "repo"}, "");
  EXPECT_TRUE(fs::exists(blob(kAbc)));
}

TEST_F(StoreCommand, LostNamesComeBackFromAnotherRepositoryOrAManifest) {
  expect_ok({"add", "-q", "--named", "repo", "a", "b"}, "");
  const std::string names = store({"names", "repo"}).out;
  ASSERT_TRUE(shell("cp -a repo other").ok());
  expect_ok({"manifest", "--output=M", "repo"}, "");
  EXPECT_EQ(store({"rebuild", "--blobs-only", "repo"}).exit_code, 0);
  expect_ok({"names", "repo"}, "");
  expect_ok({"tag", "repo", kAbc, "b"}, "");
  // What has been taken away on purpose does not come back by a repair of something else.
  expect_ok({"repair", "--from=other", "repo"}, "");
  expect_ok({"names", "repo"}, kAbc + "  b\n");
  expect_ok({"repair", "--names", "--from=other", "repo"}, "");
  expect_ok({"names", "repo"}, kAbc + "  a\n" + kAbc + "  b\n");
  expect_ok({"rm", "repo", "a", "b"}, "");
  const Finished told = shell("while read -r hex name; do \"" + std::string(places::kCommand) +
                              "\" store tag repo \"$hex\" \"$name\" || exit 1; done < M");
  EXPECT_TRUE(told.ok()) << told.err;
  expect_ok({"names", "repo"}, names);
}

// Names need it; what is asked for by digest does not.
TEST_F(StoreCommand, WithoutSqliteADigestIsEnough) {
  expect_ok({"add", "-q", "--name=one", "repo", "a"}, "");
  const auto without = [&](const std::string& arguments) {
    return shell(
        "exec unshare --mount sh -c 'for f in $(ldconfig -p | sed -n "
        "\"s/.*libsqlite3.so.0.* => //p\"); do mount --bind /dev/null $f; done; exec " +
        std::string(places::kCommand) + " store " + arguments + "'");
  };
  const Finished by_digest = without("cat repo sha256:" + kAbc);
  EXPECT_EQ(by_digest.err, "");
  EXPECT_EQ(by_digest.out, "abc");
  EXPECT_EQ(without("get repo " + kAbc + " taken").err, "");
  EXPECT_EQ(read_text(path("taken")), "abc");
  const Finished by_name = without("cat repo one");
  EXPECT_EQ(by_name.exit_code, 1);
  EXPECT_NE(by_name.err.find("the index needs libsqlite3, which cannot be loaded"),
            std::string::npos)
      << by_name.err;
}

TEST_F(StoreCommand, BlobsAreListedInOrder) {
  for (const char* text : {"1", "2", "3", "4"}) {
    ASSERT_TRUE(store({"add", "-q", "repo", "-"}, text).ok());
  }
  std::istringstream lines(store({"ls", "repo"}).out);
  std::vector<std::string> blobs;
  for (std::string line; std::getline(lines, line);) blobs.push_back(line);
  EXPECT_EQ(blobs.size(), 4U);
  EXPECT_TRUE(std::is_sorted(blobs.begin(), blobs.end()));
}

TEST_F(StoreCommand, ProgramsAreToldByJson) {
  const Finished added = store({"add", "--json", "--name=one", "repo", "a"});
  const nlohmann::json object = nlohmann::json::parse(added.out);
  EXPECT_EQ(object.at("event"), "added");
  EXPECT_EQ(object.at("digest"), "sha256:" + kAbc);
  EXPECT_EQ(object.at("size"), 3);
  EXPECT_EQ(object.at("was_there"), false);
  const nlohmann::json stat = nlohmann::json::parse(store({"stat", "--json", "repo", "one"}).out);
  EXPECT_EQ(stat.at("names").at(0).at("name"), "one");
  EXPECT_EQ(stat, nlohmann::json::parse(store({"ls", "--json", "repo"}).out));
  const nlohmann::json used = nlohmann::json::parse(store({"du", "--json", "repo"}).out);
  EXPECT_EQ(used.at("blobs"), 1);
  EXPECT_EQ(used.at("bytes"), 3);
  const nlohmann::json got =
      nlohmann::json::parse(store({"get", "--json", "repo", "one", "x"}).out);
  EXPECT_EQ(got.at("digest"), "sha256:" + kAbc);
}

TEST_F(StoreCommand, AManifestIsSignedAndComparedElsewhere) {
  expect_ok({"add", "--named", "-q", "repo", "a", "b"}, "");
  ASSERT_EQ(shell("ssh-keygen -q -t ed25519 -N '' -f key && "
                  "echo \"me@example.com $(cat key.pub)\" > allowed")
                .exit_code,
            0);
  const std::vector<std::string> check{"manifest", "--check=M", "--signers=allowed",
                                       "--identity=me@example.com", "repo"};
  expect_ok({"manifest", "--output=M", "--sign=key", "repo"}, "");
  EXPECT_EQ(read_text(path("M")), store({"manifest", "repo"}).out);
  expect_ok(check, "");
  expect_ok({"add", "--name=new", "-q", "repo", "M"}, "");
  expect_failure(check, "'new': not in the manifest");
  expect_ok({"rm", "repo", "new"}, "");
  expect_ok({"tag", "-f", "repo", "b", "a"}, "");
  expect_failure(check, "'a': another content");
  // The manifest itself is changed.
  write_text(path("M"), store({"manifest", "repo"}).out);
  const Finished changed = store(check);
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_THAT(changed.err, HasSubstr("'M' is not trusted"));
  expect_ok({"manifest", "--check=M", "--unsigned", "repo"}, "");
}

TEST_F(StoreCommand, WrongUsageIsSaidAndEndsWith2) {
  const auto wrong = [&](const std::vector<std::string>& arguments, const std::string& message) {
    expect_failure(arguments, message, 2);
  };
  wrong({"frobnicate", "repo"},
        "there is no subcommand 'frobnicate'\nTry 'copyfile store --help' for more information.");
  wrong({"add"}, "missing repository operand" + hint("add"));
  wrong({"add", "repo"}, "missing operand after 'repo'" + hint("add"));
  wrong({"get", "repo", "a", "b", "c"}, "extra operand 'c'" + hint("get"));
  wrong({"add", "--name=x", "repo", "a", "b"},
        "--expect, --name and --tag go with one file" + hint("add"));
  wrong({"verify", "--sample=0", "repo"},
        "invalid sample '0': it is a part in percent, above 0 and up to 100" + hint("verify"));
  wrong({"manifest", "--check=M", "repo"},
        "--check needs --signers and --identity, or --unsigned" + hint("manifest"));
  wrong({"export", "repo"}, "--as is missing" + hint("export"));
}

TEST_F(StoreCommand, WhatIsNoRepositoryIsSaidToBeNone) {
  expect_failure({"get", "nowhere", "a", "x"},
                 "'nowhere' is no repository ('copyfile store init' makes one)");
  fs::create_directory(path("plain"));
  expect_failure({"verify", "plain"}, "'plain' is no repository ('copyfile store init' makes one)");
  expect_failure({"init", "repo"}, "'repo' is there already");
  expect_failure({"init", "."}, "'.' is not empty");
}

}  // namespace
}  // namespace libcopyfile::test
