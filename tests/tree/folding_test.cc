// A destination that does not tell large letters from small ones: of two names that are one there, the second is refused.
// Simulated: the kernel's case folding is not in every kernel.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "fixture.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

// What ext4 does in directories with the flag, for ASCII, on one file system.
class FoldingNames final : public Names {
 public:
  explicit FoldingNames(Names& real, dev_t device) : real_(real), device_(device) {}

  Result<Fd> open(int dir, const std::string& name, Open how) override {
    return real_.open(dir, fold(dir, name), how);
  }
  Result<FileStat> stat(int dir, const std::string& name, bool follow) override {
    return real_.stat(dir, fold(dir, name), follow);
  }
  Result<std::string> read_link(int dir, const std::string& name) override {
    return real_.read_link(dir, fold(dir, name));
  }
  Result<Fd> create_unnamed(int dir, uint32_t mode) override {
    return real_.create_unnamed(dir, mode);
  }
  Result<Fd> create_exclusive(int dir, const std::string& name, uint32_t mode) override {
    return real_.create_exclusive(dir, fold(dir, name), mode);
  }
  Done link(int fd, int dir, const std::string& name) override {
    return real_.link(fd, dir, fold(dir, name));
  }
  Done link_name(int dir, const std::string& from, int to_dir, const std::string& to) override {
    return real_.link_name(dir, fold(dir, from), to_dir, fold(to_dir, to));
  }
  Done rename(int dir, const std::string& from, const std::string& to, Rename how) override {
    return real_.rename(dir, fold(dir, from), fold(dir, to), how);
  }
  Done unlink(int dir, const std::string& name) override {
    return real_.unlink(dir, fold(dir, name));
  }
  Done make_directory(int dir, const std::string& name, uint32_t mode) override {
    return real_.make_directory(dir, fold(dir, name), mode);
  }
  Done remove_directory(int dir, const std::string& name) override {
    return real_.remove_directory(dir, fold(dir, name));
  }
  Done make_link(int dir, const std::string& name, const std::string& target) override {
    return real_.make_link(dir, fold(dir, name), target);
  }
  Done make_node(int dir, const std::string& name, uint32_t type, uint64_t device) override {
    return real_.make_node(dir, fold(dir, name), type, device);
  }
  Result<std::vector<Entry>> list(int dir) override { return real_.list(dir); }
  Result<std::vector<Entry>> list_more(int dir) override { return real_.list_more(dir); }

 private:
  std::string fold(int dir, const std::string& name) const {
    struct stat st {};
    if (dir < 0 || fstat(dir, &st) != 0 || st.st_dev != device_) return name;
    std::string folded = name;
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return folded;
  }

  Names& real_;
  dev_t device_;
};

// Tells of the flag.
class FoldingAttributes final : public FaultyAttributes {
 public:
  FoldingAttributes(Attributes& real, Script& script, dev_t device)
      : FaultyAttributes(real, script), device_(device) {}
  Result<uint32_t> inode_flags(int fd) override {
    struct stat st {};
    const bool folds = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_dev == device_;
    return folds ? inode_flag::kCaseFold : FaultyAttributes::inode_flags(fd);
  }

 private:
  dev_t device_;
};

dev_t device_of(const std::string& path) {
  struct stat st {};
  EXPECT_EQ(stat(path.c_str(), &st), 0);
  return st.st_dev;
}

std::vector<TreeOptions> all_ways() {
  std::vector<TreeOptions> ways;
  for (const bool in_place : {false, true}) {
    for (const bool plain : {false, true}) {
      TreeOptions options = archive();
      options.in_place = in_place;
      options.plain_small_files = plain;
      options.jobs = 2;
      ways.push_back(options);
    }
  }
  return ways;
}

class FoldingTest : public ::testing::Test {
 protected:
  FoldingTest()
      : source_(test_directory(FsKind::ext4) + "/source"),
        to_(ScratchFs::tmpfs()),
        names_(faulty_.names, device_of(to_.path())),
        attributes_(faulty_.kernel_attributes, faulty_.script, device_of(to_.path())) {
    make_directory(source_);
  }

  bool copy(const std::string& to, const TreeOptions& options) {
    told_ = {};
    TreeReport report;
    Learned learned;
    return copy_trees({faulty_.files, names_, attributes_}, catalogue_, learned,
                      {{source_, to_.file(to)}}, options, told_, report);
  }
  void expect_second_is_refused() const {
    ASSERT_EQ(told_.troubles.size(), 1U) << ::testing::PrintToString(told_.lines);
    EXPECT_EQ(told_.errnos, (std::vector<int>{EEXIST}));
  }
  // Into a directory that is not there yet, and into one that is.
  void in_all_ways(const std::function<void(const std::string&, const TreeOptions&)>& check) {
    int number = 0;
    for (const bool there : {false, true}) {
      for (const TreeOptions& options : all_ways()) {
        const std::string to = "to" + std::to_string(++number);
        SCOPED_TRACE(to);
        if (there) make_directory(to_.file(to));
        check(to, options);
      }
    }
  }
  std::string source(const std::string& name) const { return source_ + "/" + name; }

  std::string source_;
  ScratchFs to_;
  FaultySystem faulty_;
  FoldingNames names_;
  FoldingAttributes attributes_;
  Catalogue catalogue_;
  Told told_;
};

TEST_F(FoldingTest, OfTwoFilesTheSecondIsRefused) {
  write_text(source("name"), "one or the other");
  write_text(source("NAME"), "one or the other");
  in_all_ways([&](const std::string& to, const TreeOptions& options) {
    EXPECT_FALSE(copy(to, options));
    expect_second_is_refused();
    EXPECT_EQ(names_in(to_.file(to)), (std::vector<std::string>{"name"}));
    EXPECT_EQ(read_text(to_.file(to) + "/name"), "one or the other");
  });
}

TEST_F(FoldingTest, WhatWasThereIsReplacedOnce) {
  write_text(source("name"), "new");
  write_text(source("Name"), "new");
  int number = 0;
  for (const TreeOptions& options : all_ways()) {
    const std::string to = "to" + std::to_string(++number);
    SCOPED_TRACE(to);
    make_directory(to_.file(to));
    write_text(to_.file(to) + "/name", "old");
    EXPECT_FALSE(copy(to, options));
    expect_second_is_refused();
    EXPECT_EQ(read_text(to_.file(to) + "/name"), "new");
  }
}

TEST_F(FoldingTest, TwoDirectoriesAreNotMixed) {
  make_directory(source("sub"));
  make_directory(source("Sub"));
  write_text(source("sub/small"), "s");
  write_text(source("Sub/large"), "l");
  in_all_ways([&](const std::string& to, const TreeOptions& options) {
    EXPECT_FALSE(copy(to, options));
    expect_second_is_refused();
    EXPECT_EQ(names_in(to_.file(to) + "/sub").size(), 1U);
  });
}

TEST_F(FoldingTest, LinksAndPipesToo) {
  ASSERT_EQ(symlink("a", source("link").c_str()), 0);
  ASSERT_EQ(symlink("b", source("LINK").c_str()), 0);
  in_all_ways([&](const std::string& to, const TreeOptions& options) {
    EXPECT_FALSE(copy(to, options));
    expect_second_is_refused();
    EXPECT_EQ(names_in(to_.file(to)), (std::vector<std::string>{"link"}));
  });
}

// What differs in more than case is copied as ever.
TEST_F(FoldingTest, OtherNamesAreNotInTheWay) {
  make_rich_tree(source("tree"), FsKind::fuse);
  make_directory(to_.file("to"));
  EXPECT_TRUE(copy("to", archive())) << ::testing::PrintToString(told_.lines);
  EXPECT_TRUE(copy("to", archive())) << ::testing::PrintToString(told_.lines);
  EXPECT_EQ(snapshot(to_.file("to")), snapshot(source_));
}

}  // namespace
}  // namespace libcopyfile::test
