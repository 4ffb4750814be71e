// A tree and its copy are the same, whichever way it was made.
#include "tree/tree_job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "publish/private_name.h"
#include "testing/inspect.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

class TreeTest : public ::testing::TestWithParam<FsKind> {
 protected:
  TreeTest() : top_(test_directory(GetParam())) {}

  std::string at(const std::string& name) const { return top_ + "/" + name; }
  bool copy(const std::string& from, const std::string& to, const TreeOptions& options) {
    return run_.copy({{at(from), at(to)}}, options);
  }
  void expect_same(const std::string& a, const std::string& b,
                   const SnapshotOptions& options = {}) {
    EXPECT_EQ(snapshot(at(a), options), snapshot(at(b), options));
  }
  // Nothing private is left beside the copy.
  void expect_nothing_left() {
    for (const std::string& name : names_in(top_)) EXPECT_FALSE(is_private_name(name)) << name;
  }

  std::string top_;
  TreeRun run_;
};

INSTANTIATE_TEST_SUITE_P(Tree, TreeTest, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(TreeTest, ANewTreeIsTheSame) {
  make_rich_tree(at("source"), GetParam());
  EXPECT_TRUE(copy("source", "copy", archive())) << ::testing::PrintToString(run_.told.lines);
  expect_same("source", "copy");
  expect_nothing_left();
  EXPECT_EQ(run_.report.directories, 7U);
  EXPECT_EQ(run_.report.hard_links, 2U);
  EXPECT_EQ(run_.report.failed, 0U);
}

TEST_P(TreeTest, WithOneWorkerOrMany) {
  make_rich_tree(at("source"), GetParam());
  for (const unsigned jobs : {1U, 2U, 7U}) {
    TreeOptions options = archive();
    options.jobs = jobs;
    const std::string to = "copy" + std::to_string(jobs);
    EXPECT_TRUE(copy("source", to, options));
    expect_same("source", to);
  }
  expect_nothing_left();
}

TEST_P(TreeTest, IntoATreeThatIsThere) {
  make_rich_tree(at("source"), GetParam());
  make_directory(at("copy"));
  make_directory(at("copy/sub"));
  write_text(at("copy/sub/one"), "old contents that are longer");
  write_text(at("copy/sub/mine"), "stays");
  ASSERT_EQ(symlink("/nonexistent", at("copy/small").c_str()), 0);
  EXPECT_TRUE(copy("source", "copy", archive())) << ::testing::PrintToString(run_.told.lines);
  EXPECT_EQ(read_text(at("copy/sub/mine")), "stays");
  ASSERT_EQ(unlink(at("copy/sub/mine").c_str()), 0);
  expect_same("source", "copy", {true, true, false});
}

TEST_P(TreeTest, TwiceIsTheSame) {
  make_rich_tree(at("source"), GetParam());
  EXPECT_TRUE(copy("source", "copy", archive()));
  EXPECT_TRUE(copy("source", "copy", archive())) << ::testing::PrintToString(run_.told.lines);
  expect_same("source", "copy");
  expect_nothing_left();
}

TEST_P(TreeTest, InPlaceKeepsInodes) {
  make_rich_tree(at("source"), GetParam());
  make_directory(at("copy"));
  write_text(at("copy/secret"), "old");
  struct stat before {};
  ASSERT_EQ(stat(at("copy/secret").c_str(), &before), 0);
  TreeOptions options = archive();
  options.in_place = true;
  options.durability = Durability::none;
  EXPECT_TRUE(copy("source", "copy", options)) << ::testing::PrintToString(run_.told.lines);
  expect_same("source", "copy");
  struct stat after {};
  ASSERT_EQ(stat(at("copy/secret").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_P(TreeTest, EachDurabilityAndSyncPolicy) {
  make_rich_tree(at("source"), GetParam());
  int n = 0;
  for (const Durability level : {Durability::none, Durability::ordered, Durability::durable}) {
    for (const SyncPolicy sync :
         {SyncPolicy::automatic, SyncPolicy::files, SyncPolicy::file_system}) {
      TreeOptions options = archive();
      options.durability = level;
      options.sync = sync;
      const std::string to = "copy" + std::to_string(n++);
      EXPECT_TRUE(copy("source", to, options));
      expect_same("source", to);
    }
  }
}

TEST_P(TreeTest, WithoutMetadataRightsAreThoseOfNewFiles) {
  make_directory(at("source"), 0770);
  write_text(at("source/a"), "a", 0666);
  write_text(at("source/b"), "b", 0700);
  TreeOptions options;
  options.recursive = true;
  options.creation_mask = 027;
  EXPECT_TRUE(copy("source", "copy", options));
  struct stat st {};
  ASSERT_EQ(stat(at("copy").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0750U);
  ASSERT_EQ(stat(at("copy/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640U);
  ASSERT_EQ(stat(at("copy/b").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700U);
}

TEST_P(TreeTest, LinksAreFollowedWhereAsked) {
  make_directory(at("source"));
  make_directory(at("source/real"));
  write_text(at("source/real/file"), "text");
  ASSERT_EQ(symlink("real", at("source/link").c_str()), 0);
  ASSERT_EQ(symlink("real/file", at("source/file-link").c_str()), 0);
  TreeOptions options = archive();
  options.follow = FollowLinks::always;
  EXPECT_TRUE(copy("source", "copy", options)) << ::testing::PrintToString(run_.told.lines);
  EXPECT_EQ(read_text(at("copy/link/file")), "text");
  EXPECT_EQ(read_text(at("copy/file-link")), "text");
  struct stat st {};
  ASSERT_EQ(lstat(at("copy/link").c_str(), &st), 0);
  EXPECT_TRUE(S_ISDIR(st.st_mode));
}

TEST_P(TreeTest, ALinkToADirectoryAboveIsACycle) {
  make_directory(at("source"));
  make_directory(at("source/a"));
  ASSERT_EQ(symlink("..", at("source/a/up").c_str()), 0);
  TreeOptions options = archive();
  options.follow = FollowLinks::always;
  EXPECT_FALSE(copy("source", "copy", options));
  EXPECT_EQ(run_.told.troubles, std::vector{Trouble::cycle});
}

TEST_P(TreeTest, NotIntoItself) {
  make_directory(at("source"));
  make_directory(at("source/a"));
  write_text(at("source/a/file"), "text");
  EXPECT_FALSE(copy("source", "source/a/copy", archive()));
  EXPECT_EQ(run_.told.troubles, std::vector{Trouble::into_itself});
  EXPECT_EQ(read_text(at("source/a/copy/a/file")), "text");
  EXPECT_EQ(names_in(at("source/a/copy/a")), (std::vector<std::string>{"file"}));
}

TEST_P(TreeTest, TypesThatDoNotFitAreRefused) {
  make_directory(at("source"));
  make_directory(at("source/a"));
  write_text(at("source/b"), "file");
  make_directory(at("copy"));
  write_text(at("copy/a"), "file");
  make_directory(at("copy/b"));
  EXPECT_FALSE(copy("source", "copy", archive()));
  std::sort(run_.told.troubles.begin(), run_.told.troubles.end());
  EXPECT_EQ(run_.told.troubles,
            (std::vector{Trouble::directory_over_file, Trouble::file_over_directory}));
  EXPECT_EQ(read_text(at("copy/a")), "file");
}

TEST_P(TreeTest, SeveralOperandsMeetInOneDirectory) {
  make_directory(at("x"));
  make_directory(at("x/d"));
  write_text(at("x/d/one"), "1");
  make_directory(at("y"));
  make_directory(at("y/d"));
  write_text(at("y/d/two"), "2");
  write_text(at("y/d/one"), "another one");
  make_directory(at("to"));
  const std::vector<TreeRoot> roots{{at("x/d"), at("to/d")}, {at("y/d"), at("to/d")}};
  // As by cp: only operands themselves are not overwritten by one another.
  EXPECT_TRUE(run_.copy(roots, archive()));
  EXPECT_EQ(read_text(at("to/d/one")), "another one");
  EXPECT_EQ(read_text(at("to/d/two")), "2");
  expect_nothing_left();
}

TEST_P(TreeTest, OverwriteSaysWhatIsLeftAlone) {
  make_directory(at("source"));
  write_text(at("source/old"), "new text");
  write_text(at("source/new"), "new text");
  make_directory(at("copy"));
  write_text(at("copy/old"), "there");
  write_text(at("copy/new"), "there");
  set_times(at("copy/old"), 1'000'000'000, 0);
  set_times(at("copy/new"), 3'000'000'000, 0);
  TreeOptions options = archive();
  options.overwrite = Overwrite::never;
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(read_text(at("copy/old")), "there");
  options.overwrite = Overwrite::refuse;
  EXPECT_FALSE(copy("source", "copy", options));
  EXPECT_EQ(read_text(at("copy/old")), "there");
  options.overwrite = Overwrite::if_older;
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(read_text(at("copy/old")), "new text");
  EXPECT_EQ(read_text(at("copy/new")), "there");
  options.overwrite = Overwrite::if_differs;
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(read_text(at("copy/new")), "new text");
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(run_.report.skipped, 2U);
}

TEST_P(TreeTest, BackupsKeepWhatWasThere) {
  make_directory(at("source"));
  write_text(at("source/a"), "new");
  make_directory(at("copy"));
  write_text(at("copy/a"), "old");
  TreeOptions options = archive();
  options.backup = Backup::numbered;
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(read_text(at("copy/a.~1~")), "old");
  EXPECT_EQ(read_text(at("copy/a.~2~")), "new");
  EXPECT_EQ(read_text(at("copy/a")), "new");
}

TEST_P(TreeTest, DryRunsMakeNothing) {
  make_rich_tree(at("source"), GetParam());
  TreeOptions options = archive();
  options.dry_run = true;
  EXPECT_TRUE(copy("source", "copy", options)) << ::testing::PrintToString(run_.told.lines);
  EXPECT_EQ(names_in(top_), (std::vector<std::string>{"source"}));
  EXPECT_EQ(run_.report.directories, 7U);
}

TEST_P(TreeTest, AFailureLeavesTheRestAndSaysSo) {
  make_rich_tree(at("source"), GetParam());
  run_.system.script.inject("fail read errno=EIO file=secret");
  run_.system.script.inject("fail write errno=EIO file=secret");
  run_.system.script.inject("fail clone errno=EIO file=secret");
  TreeOptions options = archive();
  run_.told.before = [](const TreeItem& item, FileJob&) -> Done {
    if (item.from.ends_with("large")) return fail(EIO, Op::read, item.from);
    return {};
  };
  EXPECT_FALSE(copy("source", "copy", options));
  EXPECT_GE(run_.report.failed, 1U);
  EXPECT_EQ(read_text(at("copy/small")), "a few bytes");
  EXPECT_NE(access(at("copy/large").c_str(), F_OK), 0);
  expect_nothing_left();
}

TEST_P(TreeTest, CancelledItLeavesNothing) {
  make_rich_tree(at("source"), GetParam());
  TreeOptions options = archive();
  int asked = 0;
  options.control.progress = [&](const Progress&) { return ++asked < 3; };
  EXPECT_FALSE(copy("source", "copy", options));
  EXPECT_TRUE(run_.report.cancelled);
  EXPECT_EQ(names_in(top_), (std::vector<std::string>{"source"}));
}

TEST_P(TreeTest, ResumedItGoesOn) {
  make_rich_tree(at("source"), GetParam());
  TreeOptions options = archive();
  options.resume = true;
  options.overwrite = Overwrite::if_differs;
  options.jobs = 1;
  int asked = 0;
  options.control.progress = [&](const Progress&) { return ++asked < 4; };
  EXPECT_FALSE(copy("source", "copy", options));
  EXPECT_EQ(names_in(top_).size(), 2U);  // the source, and what is kept
  options.control.progress = nullptr;
  write_text(at("source/made-later"), "later");
  ASSERT_EQ(unlink(at("source/secret").c_str()), 0);
  EXPECT_TRUE(copy("source", "copy", options)) << ::testing::PrintToString(run_.told.lines);
  expect_same("source", "copy");
  expect_nothing_left();
}

TEST_P(TreeTest, NothingToDoIsNothingDone) {
  make_rich_tree(at("source"), GetParam());
  TreeOptions options = archive();
  EXPECT_TRUE(copy("source", "copy", options));
  options.overwrite = Overwrite::if_differs;
  options.resume = true;
  run_.system.recorder.clear();
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(run_.system.recorder.only({"write", "create_unnamed", "create_exclusive", "clone"}),
            "");
  expect_same("source", "copy");
}

TEST_P(TreeTest, OtherFileSystemsStayEmptyWhereAsked) {
  make_directory(at("source"));
  make_directory(at("source/other"));
  ASSERT_EQ(mount("none", at("source/other").c_str(), "tmpfs", 0, nullptr), 0);
  write_text(at("source/other/file"), "on the other side");
  TreeOptions options = archive();
  options.one_file_system = true;
  EXPECT_TRUE(copy("source", "copy", options));
  ASSERT_EQ(umount(at("source/other").c_str()), 0);
  EXPECT_EQ(names_in(at("copy/other")), std::vector<std::string>{});
}

// Deeper than descriptors and paths reach.
TEST_P(TreeTest, DeepTreesNeedFewDescriptors) {
  // Behind FUSE each step is a question to a server.
  const size_t levels = GetParam() == FsKind::fuse ? 60 : 300;
  make_directory(at("source"));
  Fd dir(open(at("source").c_str(), O_RDONLY | O_DIRECTORY));
  for (size_t i = 0; i < levels; ++i) {
    ASSERT_EQ(mkdirat(dir.get(), "level", 0755), 0);
    dir = Fd(openat(dir.get(), "level", O_RDONLY | O_DIRECTORY));
    const Fd file(openat(dir.get(), "file", O_CREAT | O_WRONLY, 0644));
    ASSERT_EQ(write(file.get(), "x", 1), 1);
  }
  TreeOptions options = archive();
  options.directory_descriptors = 8;
  EXPECT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(run_.report.directories, levels + 1U);
  EXPECT_EQ(run_.report.files, levels);
  dir = Fd(open(at("copy").c_str(), O_RDONLY | O_DIRECTORY));
  for (size_t i = 0; i < levels; ++i) {
    dir = Fd(openat(dir.get(), "level", O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(dir.valid()) << i;
  }
}

void make_cold_file(const std::string& path, size_t size) {
  write_text(path, std::string(size, 'c'));
  const Fd file(open(path.c_str(), O_RDONLY));
  drop_cache(file.get());
}

TEST(TreeOnExt4, ThatThereAreNoClonesIsLearnedOnce) {
  const std::string top = test_directory(FsKind::ext4);
  make_directory(top + "/source");
  for (const char* name : {"/source/a", "/source/b"}) {
    make_directory(top + name);
    for (const char* file : {"/1", "/2", "/3"}) make_cold_file(top + name + file, 4096);
  }
  TreeOptions options = archive();
  options.jobs = 1;
  TreeRun run;
  EXPECT_TRUE(run.copy({{top + "/source", top + "/copy"}}, options));
  EXPECT_EQ(snapshot(top + "/source"), snapshot(top + "/copy"));
  const std::string clones = run.system.recorder.only({"clone"});
  EXPECT_EQ(std::count(clones.begin(), clones.end(), '\n'), 1) << clones;
}

// XFS copies 4 KiB faster than it clones them, unless they must come from the medium first.
TEST(TreeOnXfs, SmallFilesThatNobodyHasReadAreCloned) {
  const std::string top = test_directory(FsKind::xfs);
  make_directory(top + "/source");
  make_cold_file(top + "/source/cold", 4096);
  make_cold_file(top + "/source/warm", 4096);
  {
    const Fd warm(open((top + "/source/warm").c_str(), O_RDONLY));
    char byte = 0;
    ASSERT_EQ(read(warm.get(), &byte, 1), 1);
  }
  TreeRun run;
  EXPECT_TRUE(run.copy({{top + "/source", top + "/copy"}}, archive()));
  EXPECT_EQ(snapshot(top + "/source"), snapshot(top + "/copy"));
  EXPECT_EQ(run.report.bytes_by[index_of(MechanismId::reflink)], 4096U);
  EXPECT_EQ(run.report.bytes_by[index_of(MechanismId::buffered)], 4096U);
}

}  // namespace
}  // namespace libcopyfile::test
