// What a repository is given, and what it is made of, by somebody who means harm.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "kit.h"
#include "testing/places.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Hostile : public ::testing::Test {
 protected:
  Finished store(std::vector<std::string> arguments, const std::string& input = {}) const {
    return run_store(directory_, std::move(arguments), input);
  }
  void expect_refused(const std::vector<std::string>& arguments, const std::string& why) const {
    const Finished done = store(arguments);
    EXPECT_EQ(done.exit_code, 1) << done.out;
    EXPECT_THAT(done.err, HasSubstr(why));
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  // As somebody without rights, with this group.
  Finished as_user(const std::string& user, const std::string& group,
                   const std::string& script) const {
    RunOptions options;
    options.directory = directory_;
    return run({"setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups", "sh", "-c",
                "umask 022; " + script},
               options);
  }

  std::string directory_ = test_directory(FsKind::ext4);
  Repo repo_{directory_ + "/repo"};
};

TEST_F(Hostile, PipesDevicesAndSocketsAreNotAdded) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0644), 0);
  expect_refused({"add", "repo", "fifo"}, "'fifo' is not added: it is no regular file");
  expect_refused({"add", "repo", "/dev/zero"}, "no regular file");
  expect_refused({"add", "repo", "/dev/null"}, "no regular file");
  expect_refused({"add", "repo", "repo"}, "'repo' is a directory");
  EXPECT_EQ(names_in(repo_.path() + "/blobs/sha256").size(), 0U);
  EXPECT_EQ(names_in(repo_.path() + "/pending").size(), 0U);
}

TEST_F(Hostile, WhatNeverEndsIsRefusedAtTheGivenSize) {
  RunOptions options;
  options.directory = directory_;
  const Finished done = run({"sh", "-c", "cat /dev/zero | \"$0\" store add --max-size=300K repo -",
                             std::string(places::kCommand)},
                            options);
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("it is larger than 300K"));
  EXPECT_EQ(names_in(repo_.path() + "/pending").size(), 0U);
}

TEST_F(Hostile, NamesCannotLeadOut) {
  write_text(path("a"), "abc");
  for (const char* name : {"..", "../a", "a/../b", "/etc/passwd", ".", "./a", "a//b", "a/", "",
                           "tab\there", "escape\x1b[2J", "line\nbreak", "\xff\xfe"}) {
    if (*name == '\0') continue;  // on the command line: no name at all
    const Finished done = store({"add", std::string("--name=") + name, "repo", "a"});
    EXPECT_EQ(done.exit_code, 1) << name;
    EXPECT_THAT(done.err, HasSubstr(" is no name: ")) << name;
    EXPECT_EQ(done.err.find('\x1b'), std::string::npos);
    EXPECT_EQ(store({"tag", "repo", digest_of("abc").text(), name}).exit_code, 1) << name;
  }
  EXPECT_TRUE(store::why_no_name(std::string_view("nul\0byte", 8)));
  EXPECT_TRUE(store::why_no_name(""));
  EXPECT_TRUE(store::why_no_name(digest_of("abc").hex()));
  EXPECT_FALSE(store::why_no_name("a/b c/d\xc3\xa9.iso"));
}

TEST_F(Hostile, ATreeIsNotLeftBySymbolicLinks) {
  write_text(path("secret"), "secret");
  fs::create_directories(path("tree/sub"));
  write_text(path("tree/sub/a"), "abc");
  fs::create_symlink(path("secret"), path("tree/link"));
  fs::create_directory_symlink(directory_, path("tree/out"));
  ASSERT_EQ(mkfifo(path("tree/fifo").c_str(), 0644), 0);
  const Finished done = store({"add", "-r", "repo", "tree"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("link' is not added: it is a symbolic link"));
  EXPECT_THAT(done.err, HasSubstr("fifo' is not added: it is no regular file"));
  EXPECT_EQ(store({"names", "repo"}).out, digest_of("abc").hex() + "  sub/a\n");
  EXPECT_FALSE(repo_.get(digest_of("secret").text()));
}

// A directory of the tree is exchanged for a link out of it, again and again, while the tree is added.
TEST_F(Hostile, ATreeIsNotLeftWhileLinksAreExchangedForDirectories) {
  fs::create_directories(path("outside"));
  write_text(path("outside/a"), "secret");
  fs::create_directories(path("tree/sub"));
  write_text(path("tree/sub/a"), "abc");
  fs::create_directory_symlink(path("outside"), path("link"));
  const Digest secret = digest_of("secret");
  const std::jthread attacker([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      renameat2(AT_FDCWD, path("link").c_str(), AT_FDCWD, path("tree/sub").c_str(),
                RENAME_EXCHANGE);
    }
  });
  for (size_t i = 0; i < times(2000, 100); ++i) {
    Result<store::Repository> repository = repo_.open();
    const Fd dir(open(path("tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    store::AddOptions options;
    options.replace_names = true;
    if (!repository) break;
    store::TreeSource source;
    source.dir = dir.get();
    source.path = path("tree");
    source.passed_over = [](const std::string&, int) {};
    (void)store::add_tree(*repository, source, options,
                          [](const store::AddSource&, const Result<store::Added>&) {});
    const Result<bool> has = repository->has(secret);
    EXPECT_FALSE(has && *has);
    if (HasFailure()) break;
  }
}

TEST_F(Hostile, ABlobThatIsALinkOrAPipeGivesNothing) {
  write_text(path("secret"), "abc");
  const Digest digest = repo_.add("abc", "a");
  fs::remove(repo_.blob(digest));
  fs::create_symlink(path("secret"), repo_.blob(digest));
  EXPECT_FALSE(repo_.get("a"));
  EXPECT_NE(repo_.damage(false), 0);
  fs::remove(repo_.blob(digest));
  ASSERT_EQ(mkfifo(repo_.blob(digest).c_str(), 0644), 0);
  EXPECT_FALSE(repo_.get("a"));  // and does not wait for the other end
  EXPECT_NE(repo_.damage(false), 0);
}

TEST_F(Hostile, AnIndexThatIsAPipeIsNotWaitedFor) {
  repo_.add("abc", "a");
  fs::remove(repo_.path() + "/index.sqlite");
  ASSERT_EQ(mkfifo((repo_.path() + "/index.sqlite").c_str(), 0644), 0);
  EXPECT_FALSE(repo_.get("a"));
  EXPECT_EQ(*repo_.get(digest_of("abc").text()), "abc");
  EXPECT_NE(repo_.damage(false), 0);
  EXPECT_EQ(store({"repair", "repo"}).exit_code, 0);
  EXPECT_EQ(repo_.damage(false), 0);
  fs::remove(repo_.path() + "/index.sqlite-journal");
  ASSERT_EQ(mkfifo((repo_.path() + "/index.sqlite-journal").c_str(), 0644), 0);
  EXPECT_FALSE(repo_.get("a"));
  fs::remove(repo_.path() + "/format");
  ASSERT_EQ(mkfifo((repo_.path() + "/format").c_str(), 0644), 0);
  EXPECT_FALSE(repo_.get(digest_of("abc").text()));
}

TEST_F(Hostile, ARepositoryOfALaterVersionIsRefusedAndNotTouched) {
  repo_.add("abc", "a");
  store::Format later;
  later.version = store::kFormatVersion + 1;
  fs::permissions(repo_.path() + "/format", fs::perms::owner_write, fs::perm_options::add);
  write_text(repo_.path() + "/format", store::format_text(later));
  write_text(path("b"), "b");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"get", "repo", "a", "x"},
        {"add", "repo", "b"},
        {"gc", "repo"},
        {"verify", "repo"},
        {"repair", "repo"},
        {"rebuild", "repo"}}) {
    const Finished done = store(arguments);
    EXPECT_EQ(done.exit_code, 1) << arguments[0];
    EXPECT_THAT(done.err, HasSubstr("later version")) << arguments[0];
  }
  EXPECT_EQ(names_in(repo_.path() + "/blobs/sha256").size(), 1U);
}

TEST_F(Hostile, WhereNobodyMayWriteItCanBeReadAndVerified) {
  ScratchFs scratch = ScratchFs::ext4();
  Repo repo(scratch.file("repo"));
  repo.add("abc", "a");
  write_text(path("b"), "b");
  scratch.set_read_only(true);
  EXPECT_EQ(store({"get", repo.path(), "a", "got"}).err, "");
  EXPECT_EQ(read_text(path("got")), "abc");
  EXPECT_EQ(store({"verify", repo.path()}).err, "");
  const Finished added = store({"add", repo.path(), "b"});
  EXPECT_EQ(added.exit_code, 1);
  EXPECT_THAT(added.err, HasSubstr("Read-only file system"));
}

TEST_F(Hostile, AGroupSharesARepositoryAndNobodyElseReadsIt) {
  fs::permissions(directory_, fs::perms(0777));
  const std::string command = places::kCommand;
  const auto as = [&](const char* user, const char* group, const std::string& arguments) {
    return as_user(user, group, command + " store " + arguments);
  };
  write_text(path("a"), "abc");
  write_text(path("b"), "other");
  EXPECT_EQ(as("1001", "2000", "init --members=group shared").err, "");
  EXPECT_EQ(as("1001", "2000", "add --name=a shared a").err, "");
  EXPECT_EQ(as("1002", "2000", "add --name=b shared b").err, "");
  EXPECT_EQ(as("1002", "2000", "get shared a got").err, "");
  EXPECT_EQ(read_text(path("got")), "abc");
  EXPECT_EQ(as("1002", "2000", "rm shared a").err, "");
  EXPECT_EQ(as("1002", "2000", "gc shared").err, "");
  EXPECT_EQ(as("1001", "2000", "verify shared").err, "");
  EXPECT_EQ(as("1001", "2000", "names shared").out, digest_of("other").hex() + "  b\n");
  const Finished stranger = as("1003", "3000", "get shared b stolen");
  EXPECT_EQ(stranger.exit_code, 1);
  EXPECT_THAT(stranger.err, HasSubstr("Permission denied"));
}

TEST_F(Hostile, ReadersOfARepositoryOfAnotherReadAndDoNotWrite) {
  fs::permissions(directory_, fs::perms(0777));
  repo_.add("abc", "a");
  write_text(path("b"), "other");
  const std::string command = places::kCommand;
  const Finished got = as_user("1001", "2000", command + " store get repo a got");
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(read_text(path("got")), "abc");
  EXPECT_EQ(as_user("1001", "2000", command + " store verify repo").err, "");
  EXPECT_EQ(as_user("1001", "2000", command + " store add repo b").exit_code, 1);
  EXPECT_EQ(as_user("1001", "2000", "echo x >> " + repo_.blob(digest_of("abc"))).ok(), false);
}

}  // namespace
}  // namespace libcopyfile::test
