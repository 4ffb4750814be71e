// What is added is exactly what its digest says, once, and durable; what is refused leaves nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "fixture.h"
#include "sys/thread.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using namespace store;

class StoreAdd : public StoreTest {
 protected:
  AddSource from(const std::string& path) const {
    AddSource source;
    source.dir = kCurrentDirectory;
    source.path = path;
    return source;
  }
  size_t blobs() const { return names_in(at("repo/blobs/sha256")).size(); }
  void expect_nothing_pending() const {
    EXPECT_TRUE(names_in(at("repo/pending")).empty()) << names_in(at("repo/pending")).front();
  }
};

TEST_P(StoreAdd, PublishesTheBytesUnderTheirDigestReadOnly) {
  Repository repository = open();
  for (const std::string& text :
       {std::string(), std::string("known good"), std::string(3000000, 'x')}) {
    const Result<Added> added = add_text(repository, text);
    ASSERT_TRUE(added) << added.error().message();
    EXPECT_EQ(added->digest, digest_of(text));
    EXPECT_EQ(added->size, text.size());
    EXPECT_FALSE(added->was_there);
    EXPECT_EQ(read_text(blob(added->digest)), text);
    struct stat now {};
    ASSERT_EQ(stat(blob(added->digest).c_str(), &now), 0);
    EXPECT_EQ(now.st_mode & 07777, 0444U);
    EXPECT_EQ(now.st_nlink, 1U);
    EXPECT_EQ(got(repository, added->digest.text()), text);
  }
  expect_nothing_pending();
}

TEST_P(StoreAdd, TheSameContentAgainIsThereAlready) {
  Repository repository = open();
  ASSERT_TRUE(add_text(repository, "twice", "one"));
  const Result<Added> again = add_text(repository, "twice", "two");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(blobs(), 1U);
  EXPECT_EQ(got(repository, "one"), "twice");
  EXPECT_EQ(got(repository, "two"), "twice");
}

TEST_P(StoreAdd, ADamagedBlobIsHealedByAddingItsContentAgain) {
  Repository repository = open();
  const std::string text(100000, 'h');
  const Digest digest = add_text(repository, text)->digest;
  flip_bit(blob(digest), 4711);
  int code = 0;
  got(repository, digest.text(), &code);
  EXPECT_EQ(code, EBADMSG);
  ASSERT_TRUE(add_text(repository, text));
  EXPECT_EQ(got(repository, digest.text()), text);
}

TEST_P(StoreAdd, WhatIsNotAsExpectedIsNotAdded) {
  Repository repository = open();
  write_text(at("file"), "something else");
  AddSource source = from(at("file"));
  source.expected = digest_of("expected");
  EXPECT_EQ(code_of(add_one(repository, source, {})), EBADMSG);
  EXPECT_EQ(blobs(), 0U);
  source.expected = digest_of("something else");
  EXPECT_TRUE(add_one(repository, source, {}));
  expect_nothing_pending();
}

TEST_P(StoreAdd, HostileSourcesAreRefused) {
  Repository repository = open();
  // The FUSE file system makes none.
  const std::string fifo = test_directory(FsKind::tmpfs) + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ASSERT_EQ(symlink(fifo.c_str(), at("link").c_str()), 0);
  write_text(at("file"), "text");
  ASSERT_EQ(symlink("file", at("good-link").c_str()), 0);
  EXPECT_EQ(code_of(add_one(repository, from(fifo), {})), EINVAL);
  EXPECT_EQ(code_of(add_one(repository, from(at("link")), {})), EINVAL);
  EXPECT_EQ(code_of(add_one(repository, from("/dev/zero"), {})), EINVAL);
  EXPECT_EQ(code_of(add_one(repository, from(top_), {})), EISDIR);
  EXPECT_EQ(code_of(add_one(repository, from(at("none")), {})), ENOENT);
  AddSource source = from(at("good-link"));
  EXPECT_TRUE(add_one(repository, source, {}));
  source.follow = false;
  EXPECT_EQ(code_of(add_one(repository, source, {})), ELOOP);
  source = from(at("file"));
  source.name = "../file";
  EXPECT_EQ(code_of(add_one(repository, source, {})), EINVAL);
  expect_nothing_pending();
}

TEST_P(StoreAdd, APipeIsReadToItsEndAndNoFurtherThanAllowed) {
  Repository repository = open();
  const std::string text = std::string(300000, 'p');
  const auto add_from_pipe = [&](uint64_t most) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const Fd in(ends[0]);
    Fd out(ends[1]);
    const Result<Thread> writer = Thread::start([&] {
      const SignalBlock block(SIGPIPE);
      size_t at = 0;
      while (at < text.size()) {
        const ssize_t n = write(out.get(), text.data() + at, text.size() - at);
        if (n <= 0) break;
        at += static_cast<size_t>(n);
      }
      (void)out.close();
    });
    AddSource source;
    source.fd = in.get();
    source.path = "-";
    AddOptions options;
    options.most_bytes = most;
    return add_one(repository, source, options);
  };
  const Result<Added> added = add_from_pipe(text.size());
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_EQ(added->digest, digest_of(text));
  EXPECT_EQ(code_of(add_from_pipe(1000)), EFBIG);
  EXPECT_EQ(blobs(), 1U);
}

TEST_P(StoreAdd, ANameStaysWithItsContentUnlessItIsToBeReplaced) {
  Repository repository = open();
  ASSERT_TRUE(add_text(repository, "first", "name"));
  EXPECT_EQ(code_of(add_text(repository, "second", "name")), EEXIST);
  EXPECT_EQ(got(repository, "name"), "first");
  ASSERT_TRUE(add_text(repository, "first", "name"));
  write_text(at("third"), "third");
  AddSource source = from(at("third"));
  source.name = "name";
  AddOptions options;
  options.replace_names = true;
  ASSERT_TRUE(add_one(repository, source, options));
  EXPECT_EQ(got(repository, "name"), "third");
}

TEST_P(StoreAdd, ABatchIsOneSyncAndOneTransaction) {
  Repository repository = open();
  constexpr int kFiles = 100;
  for (int i = 0; i < kFiles; ++i) write_text(at("f" + std::to_string(i)), std::to_string(i % 90));
  int next = 0;
  uint64_t told = 0;
  shop_.system.recorder.clear();
  const Result<AddTotals> totals = add(
      repository,
      [&]() -> std::optional<AddSource> {
        if (next == kFiles) return {};
        AddSource source = from(at("f" + std::to_string(next)));
        source.name = "n" + std::to_string(next++);
        return source;
      },
      {}, [&](const AddSource&, const Result<Added>& added) { told += added ? 1 : 0; });
  ASSERT_TRUE(totals) << totals.error().message();
  EXPECT_EQ(totals->files, 100U);
  EXPECT_EQ(told, 100U);
  EXPECT_EQ(totals->were_there, 10U);
  EXPECT_EQ(blobs(), 90U);
  if (GetParam() != FsKind::overlay && GetParam() != FsKind::fuse) {
    EXPECT_EQ(totals->synced_by, SyncedBy::file_system);
    EXPECT_EQ(shop_.system.script.calls("sync_file_system"), 1U);
  }
  EXPECT_EQ(*(*repository.index())->count_names(), 100U);
  EXPECT_EQ(got(repository, "n95"), "5");
  expect_nothing_pending();
}

TEST_P(StoreAdd, ATreeIsNamedByItsPathsAndLeavesOutWhatIsNoFile) {
  Repository repository = open();
  mkdir(at("tree").c_str(), 0755);
  mkdir(at("tree/sub").c_str(), 0755);
  write_text(at("tree/a"), "a");
  write_text(at("tree/sub/b"), "b");
  write_text(at("tree/new\nline"), "n");
  const bool has_pipe = mkfifo(at("tree/pipe").c_str(), 0600) == 0;
  EXPECT_EQ(has_pipe, GetParam() != FsKind::fuse);
  EXPECT_EQ(symlink("/etc/passwd", at("tree/sub/link").c_str()), 0);
  const Fd dir(::open(at("tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::map<std::string, int> passed;
  std::map<std::string, int> ended;
  TreeSource source;
  source.dir = dir.get();
  source.path = "tree";
  source.prefix = "pre/fix";
  source.passed_over = [&](const std::string& path, int code) { passed[path] = code; };
  const auto totals = add_tree(repository, source, {}, [&](const AddSource& s, const auto& added) {
    ended[shown_name(s)] = code_of(added);
  });
  ASSERT_TRUE(totals);
  std::map<std::string, int> expected{{"sub/link", ELOOP}};
  if (has_pipe) expected["pipe"] = EINVAL;
  EXPECT_EQ(passed, expected);
  EXPECT_EQ(ended, (std::map<std::string, int>{
                       {"tree/a", 0}, {"tree/sub/b", 0}, {"tree/new\nline", EINVAL}}));
  EXPECT_EQ(got(repository, "pre/fix/sub/b"), "b");
}

TEST_P(StoreAdd, EveryFaultLeavesNothingWrongAndNothingPending) {
  constexpr uint64_t kMostOperations = 400;
  uint64_t number = 0;
  for (; number < kMostOperations; ++number) {
    const std::string text = "text " + std::to_string(number);
    Repository repository = open();
    ASSERT_TRUE(repository.index());
    const uint64_t before = shop_.system.script.all_calls();
    const int code = number % 2 == 0 ? EIO : ENOSPC;
    shop_.system.script.inject(std::string("fail any times=1 errno=") +
                               (code == EIO ? "EIO" : "ENOSPC") +
                               " after=" + std::to_string(before + number));
    const Result<Added> added = add_text(repository, text, "name" + std::to_string(number));
    const bool met = shop_.system.script.all_calls() > before + number;
    shop_.system.script.clear();
    int get_code = 0;
    const std::string found = got(repository, "name" + std::to_string(number), &get_code);
    if (added) {
      EXPECT_EQ(found, text) << number;
    } else {
      EXPECT_EQ(get_code, ENOENT) << number;
    }
    if (!met) break;
  }
  EXPECT_LT(number, kMostOperations);
  EXPECT_GT(number, 20U);
  for (const std::string& name : names_in(at("repo/blobs/sha256"))) {
    EXPECT_EQ(digest_of(read_text(at("repo/blobs/sha256/" + name))).hex(), name);
  }
}

INSTANTIATE_TEST_SUITE_P(On, StoreAdd, ::testing::ValuesIn(kAllFs),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace libcopyfile::test
