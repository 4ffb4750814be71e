// What the machine refuses: no room, no right, nothing to be written to, mounts that lead in circles.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fixture.h"
#include "publish/private_name.h"
#include "testing/child.h"
#include "testing/private_mounts.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = 1 << 20;
using Strings = std::vector<std::string>;

bool contains(const auto& list, auto value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// 24 files of 512 KiB in four directories, on another file system.
std::string make_large_source() {
  static int number = 0;
  const std::string top = mount_root() + "/large" + std::to_string(++number);
  make_directory(top);
  for (int d = 0; d < 4; ++d) {
    const std::string sub = top + "/d" + std::to_string(d);
    make_directory(sub);
    for (int f = 0; f < 6; ++f) {
      write_text(sub + "/f" + std::to_string(f),
                 std::string(512 * 1024, static_cast<char>('a' + f)));
    }
  }
  return top;
}

class OwnFs : public ::testing::TestWithParam<FsKind> {
 protected:
  OwnFs() : fs_(ScratchFs::make(GetParam())) {}
  ScratchFs fs_;
  TreeRun run_;
};

constexpr FsKind kFileSystems[] = {FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs};
INSTANTIATE_TEST_SUITE_P(Fs, OwnFs, ::testing::ValuesIn(kFileSystems),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(OwnFs, WithoutRoomForAllOfItNothingIsLeft) {
  const std::string source = make_large_source();
  make_directory(fs_.file("to"));
  for (const uint64_t room : {9 * kMiB, 4 * kMiB, 1 * kMiB, uint64_t{0}}) {
    SCOPED_TRACE(std::to_string(room) + " bytes are free");
    fs_.leave_free(room);
    EXPECT_FALSE(run_.copy({{source, fs_.file("to/copy")}}, archive()));
    EXPECT_TRUE(contains(run_.told.errnos, ENOSPC));
    EXPECT_EQ(names_in(fs_.file("to")), Strings{});
  }
}

TEST_P(OwnFs, WithoutRoomAFileThatIsThereIsOldOrComplete) {
  const std::string source = make_large_source();
  make_directory(fs_.file("to"));
  make_directory(fs_.file("to/d0"));
  write_text(fs_.file("to/d0/f0"), std::string(100000, 'o'));
  fs_.leave_free(5 * kMiB);
  EXPECT_FALSE(run_.copy({{source, fs_.file("to")}}, archive()));
  EXPECT_TRUE(contains(run_.told.errnos, ENOSPC));
  for (const auto& [name, text] : snapshot(fs_.file("to"), {false, true, true})) {
    struct stat st {};
    const std::string path = fs_.file("to/" + name);
    ASSERT_EQ(lstat(path.c_str(), &st), 0);
    EXPECT_FALSE(is_private_name(name.substr(name.rfind('/') + 1))) << name;
    if (!S_ISREG(st.st_mode)) continue;
    const std::string now = read_text(path);
    const bool is_old = name == "d0/f0" && now == std::string(100000, 'o');
    EXPECT_TRUE(is_old || now == read_text(source + "/" + name)) << name;
  }
}

TEST_P(OwnFs, AReadOnlyDestinationIsLeftAlone) {
  const std::string source = make_large_source();
  make_directory(fs_.file("to"));
  write_text(fs_.file("to/d0"), "a file");
  const Snapshot before = snapshot(fs_.path());
  fs_.set_read_only(true);
  for (const char* to : {"new", "to"}) {
    EXPECT_FALSE(run_.copy({{source, fs_.file(to)}}, archive()));
    EXPECT_TRUE(contains(run_.told.errnos, EROFS));
  }
  EXPECT_EQ(snapshot(fs_.path()), before);
  fs_.set_read_only(false);
}

TEST_P(OwnFs, AReadOnlySourceIsCopied) {
  make_rich_tree(fs_.file("source"), GetParam());
  fs_.set_read_only(true);
  const std::string to = test_directory(GetParam()) + "/copy";
  EXPECT_TRUE(run_.copy({{fs_.file("source"), to}}, archive()))
      << ::testing::PrintToString(run_.told.lines);
  EXPECT_EQ(snapshot(to), snapshot(fs_.file("source")));
  fs_.set_read_only(false);
}

void btrfs(const Strings& words) {
  Strings argv{"btrfs"};
  argv.insert(argv.end(), words.begin(), words.end());
  const Finished done = run(argv);
  if (!done.ok()) throw ScratchError("btrfs " + words[0] + " failed: " + done.err);
}

TEST(TreeQuota, UsedUpHalfWayNothingIsLeft) {
  const ScratchFs fs = ScratchFs::make(FsKind::btrfs);
  btrfs({"quota", "enable", fs.path()});
  make_directory(fs.file("to"));
  const std::string source = make_large_source();
  btrfs({"qgroup", "limit", std::to_string(6 * kMiB), fs.path()});
  TreeRun run;
  EXPECT_FALSE(run.copy({{source, fs.file("to/copy")}}, archive()));
  EXPECT_TRUE(contains(run.told.errnos, EDQUOT)) << ::testing::PrintToString(run.told.errnos);
  EXPECT_EQ(names_in(fs.file("to")), Strings{});
}

class Mounts : public ::testing::Test {
 protected:
  Mounts() : top_(test_directory(FsKind::ext4)) {}
  ~Mounts() override {
    for (auto m = mounts_.rbegin(); m != mounts_.rend(); ++m) umount2(m->c_str(), MNT_DETACH);
  }
  std::string at(const std::string& name) const { return top_ + "/" + name; }
  void bind(const std::string& what, const std::string& where, unsigned long flags = MS_BIND) {
    ASSERT_EQ(mount(at(what).c_str(), at(where).c_str(), nullptr, flags, nullptr), 0);
    mounts_.push_back(at(where));
  }

  std::string top_;
  Strings mounts_;
  TreeRun run_;
};

TEST_F(Mounts, ADirectoryThatIsMountedBelowItselfIsACycle) {
  for (const char* d : {"source", "source/a", "source/a/again"}) make_directory(at(d));
  write_text(at("source/a/file"), "text");
  bind("source", "source/a/again");
  EXPECT_FALSE(run_.copy({{at("source"), at("copy")}}, archive()));
  EXPECT_EQ(run_.told.troubles, std::vector{Trouble::cycle});
  EXPECT_EQ(read_text(at("copy/a/file")), "text");
}

TEST_F(Mounts, TwoThatAreMountedInEachOtherEnd) {
  for (const char* d : {"source", "source/a", "source/a/b", "source/b", "source/b/a"}) {
    make_directory(at(d));
  }
  bind("source/a", "source/b/a", MS_BIND | MS_REC);
  bind("source/b", "source/a/b", MS_BIND | MS_REC);
  EXPECT_FALSE(run_.copy({{at("source"), at("copy")}}, archive()));
  EXPECT_TRUE(contains(run_.told.troubles, Trouble::cycle));
}

TEST_F(Mounts, TheDestinationMountedInTheSourceIsNotCopiedIntoItself) {
  for (const char* d : {"source", "source/here", "to"}) make_directory(at(d));
  write_text(at("source/file"), "text");
  bind("to", "source/here");
  EXPECT_FALSE(run_.copy({{at("source"), at("to")}}, archive()));
  EXPECT_EQ(run_.told.troubles, std::vector{Trouble::into_itself});
  EXPECT_EQ(names_in(at("to")), (Strings{"file"}));
}

TEST_F(Mounts, ANewTreeInADirectoryThatIsMountedInTheSource) {
  for (const char* d : {"source", "source/here", "to"}) make_directory(at(d));
  write_text(at("source/file"), "text");
  bind("to", "source/here");
  EXPECT_FALSE(run_.copy({{at("source"), at("to/copy")}}, archive()));
  EXPECT_EQ(run_.told.troubles, std::vector{Trouble::into_itself});
  EXPECT_EQ(read_text(at("to/copy/file")), "text");
  EXPECT_EQ(names_in(at("to")), (Strings{"copy"}));
}

// Runs as somebody who has no rights of his own; 0 if `body` says so.
int as_user(const std::function<bool()>& body) {
  return in_child([&] {
    if (setgroups(0, nullptr) != 0 || setgid(1234) != 0 || setuid(1234) != 0) return 100;
    return body() ? 0 : 1;
  });
}

class OrdinaryUser : public ::testing::TestWithParam<FsKind> {
 protected:
  OrdinaryUser() : top_(test_directory(GetParam())) {
    make_directory(at("to"), 0777);
    for (const char* d : {"source", "source/open", "source/closed", "source/listed"}) {
      make_directory(at(d));
    }
    for (const char* f : {"open/file", "closed/file", "listed/file", "secret", "plain"}) {
      write_text(at("source/") + f, f);
    }
    EXPECT_EQ(chmod(at("source/secret").c_str(), 0600), 0);
    EXPECT_EQ(chmod(at("source/closed").c_str(), 0700), 0);
    EXPECT_EQ(chmod(at("source/listed").c_str(), 0744), 0);  // names, and nothing behind them
  }
  std::string at(const std::string& name) const { return top_ + "/" + name; }

  std::string top_;
  TreeRun run_;
};

INSTANTIATE_TEST_SUITE_P(Fs, OrdinaryUser, ::testing::ValuesIn(kFileSystems),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(OrdinaryUser, WhatMayNotBeReadIsToldAndTheRestCopied) {
  const int result = as_user([&] {
    return !run_.copy({{at("source"), at("to/copy")}}, archive()) && run_.report.failed == 3;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(read_text(at("to/copy/open/file")), "open/file");
  EXPECT_EQ(read_text(at("to/copy/plain")), "plain");
  EXPECT_NE(access(at("to/copy/secret").c_str(), F_OK), 0);
  EXPECT_EQ(names_in(at("to")), (Strings{"copy"}));
}

TEST_P(OrdinaryUser, MayCopyATreeOfReadOnlyDirectories) {
  ASSERT_EQ(chmod(at("source/open").c_str(), 0555), 0);
  ASSERT_EQ(chmod(at("source/closed").c_str(), 0555), 0);
  ASSERT_EQ(chmod(at("source/listed").c_str(), 0555), 0);
  ASSERT_EQ(chmod(at("source/secret").c_str(), 0444), 0);
  ASSERT_EQ(chmod(at("source").c_str(), 0555), 0);
  const int result = as_user([&] {
    if (!run_.copy({{at("source"), at("to/copy")}}, archive())) return false;
    // Given up, it goes away although its directories are read-only by then.
    TreeOptions options = archive();
    options.jobs = 1;
    int asked = 0;
    options.control.progress = [&](const Progress&) { return ++asked < 4; };
    return !run_.copy({{at("source"), at("to/other")}}, options);
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(snapshot(at("to/copy"), {true, false, true}),
            snapshot(at("source"), {true, false, true}));
  EXPECT_EQ(names_in(at("to")), (Strings{"copy"}));
}

TEST_P(OrdinaryUser, ADestinationThatMayNotBeWrittenToIsLeftAlone) {
  make_directory(at("theirs"));
  make_directory(at("theirs/open"));
  const Snapshot before = snapshot(at("theirs"));
  const int result = as_user([&] {
    return !run_.copy({{at("source"), at("theirs/copy")}}, archive()) &&
           !run_.copy({{at("source"), at("theirs")}}, archive()) &&
           contains(run_.told.errnos, EACCES);
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(snapshot(at("theirs")), before);
}

}  // namespace
}  // namespace libcopyfile::test
