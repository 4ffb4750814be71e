// Trees that are deep, directories that are wide, and what that costs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "publish/private_name.h"
#include "publish/remove_tree.h"
#include "scale.h"
#include "testing/child.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr size_t kLevels = 10000;

Fd open_directory_at(int dir, const char* name) {
  Fd fd(openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno(std::string("open ") + name);
  return fd;
}

void make_file(int dir, const char* name, std::string_view text) {
  const Fd fd(openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
  if (!fd.valid() || write(fd.get(), text.data(), text.size()) != ssize_t(text.size())) {
    throw ScratchError::of_errno(std::string("make ") + name);
  }
}

// A file and two directories on each level, of which one goes on.
void make_deep_tree(const std::string& top, size_t levels) {
  make_directory(top);
  Fd dir = open_directory_at(AT_FDCWD, top.c_str());
  for (size_t i = 0; i < levels; ++i) {
    make_file(dir.get(), "f", "x");
    for (const char* name : {"d", "e"}) {
      if (mkdirat(dir.get(), name, 0755) != 0) throw ScratchError::of_errno("make a directory");
    }
    dir = open_directory_at(dir.get(), "d");
  }
}

size_t levels_of(const std::string& top) {
  Fd dir = open_directory_at(AT_FDCWD, top.c_str());
  for (size_t i = 0;; ++i) {
    struct stat st {};
    if (fstatat(dir.get(), "f", &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_size != 1) return i;
    if (fstatat(dir.get(), "e", &st, AT_SYMLINK_NOFOLLOW) != 0) return i;
    dir = open_directory_at(dir.get(), "d");
  }
}

class ScaleTest : public ::testing::TestWithParam<FsKind> {
 protected:
  ScaleTest() : top_(test_directory(GetParam())) {}
  // A million names are worth their memory only as long as they are looked at.
  ~ScaleTest() override {
    const Fd top = open_directory_at(AT_FDCWD, top_.c_str());
    for (const std::string& name : names_in(top_)) {
      EXPECT_TRUE(remove_tree(files_, names_, attributes_, top.get(), name).has_value()) << name;
    }
  }
  std::string at(const std::string& name) const { return top_ + "/" + name; }
  void expect_nothing_private() {
    for (const std::string& name : names_in(top_)) EXPECT_FALSE(is_private_name(name)) << name;
  }

  // Straight to the kernel: nobody records millions of calls.
  bool copy(const std::string& from, const std::string& to, const TreeOptions& options) {
    Told told;
    told.every_item = false;
    Catalogue catalogue;
    Learned learned;
    report_ = {};
    return copy_trees({files_, names_, attributes_}, catalogue, learned, {{at(from), at(to)}},
                      options, told, report_);
  }

  std::string top_;
  KernelFiles files_;
  KernelNames names_;
  KernelAttributes attributes_;
  TreeReport report_;
};

constexpr FsKind kFileSystems[] = {FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs};
INSTANTIATE_TEST_SUITE_P(Fs, ScaleTest, ::testing::ValuesIn(kFileSystems),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// With no more descriptors than a process gets anywhere, and paths far beyond PATH_MAX.
TEST_P(ScaleTest, TreesMayBeDeeperThanDescriptorsReach) {
  // Paths beyond PATH_MAX either way; all of it where it costs the least.
  const bool all = GetParam() == FsKind::tmpfs && !kSanitized;
  const size_t levels = scaled(kLevels, all ? kLevels : 2200, 1500);
  make_deep_tree(at("source"), levels);
  const int result = in_child([&] {
    const rlimit few{256, 256};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 100;
    TreeOptions options = archive();
    options.durability = Durability::none;
    options.directory_descriptors = 64;
    options.jobs = 2;
    if (!copy("source", "copy", options)) return 1;
    if (report_.directories != 2 * levels + 1 || report_.files != levels) return 2;
    // Once more, into what is there: files are named in batches.
    options.durability = Durability::ordered;
    options.sync = SyncPolicy::file_system;
    if (!copy("source", "copy", options)) return 3;
    // And given up, it goes away again.
    options.control.progress = [&](const Progress& now) { return now.copied < levels / 2; };
    if (copy("source", "other", options)) return 4;
    return 0;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(levels_of(at("copy")), levels);
  EXPECT_EQ(names_in(top_), (std::vector<std::string>{"copy", "source"}));
}

// With the default options and the limit that shells set.
TEST_P(ScaleTest, AThousandDescriptorsAreEnoughForTheDefaults) {
  const size_t directories = 600;
  make_directory(at("source"));
  const Fd source = open_directory_at(AT_FDCWD, at("source").c_str());
  for (size_t i = 0; i < directories; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_EQ(mkdirat(source.get(), name.c_str(), 0755), 0);
    const Fd dir = open_directory_at(source.get(), name.c_str());
    for (const char* f : {"a", "b", "c"}) make_file(dir.get(), f, "text");
  }
  const int result = in_child([&] {
    const rlimit usual{1024, 1024};
    if (setrlimit(RLIMIT_NOFILE, &usual) != 0) return 100;
    TreeOptions options = archive();
    options.jobs = 8;
    make_directory(at("copy"));
    return copy("source", "copy", options) ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(names_in(at("copy")).size(), directories);
}

using WideTest = ScaleTest;
INSTANTIATE_TEST_SUITE_P(Fs, WideTest, ::testing::Values(FsKind::tmpfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(WideTest, ADirectoryMayHoldAMillionNames) {
  const size_t entries = scaled(1'000'000, 20'000, 3000);
  make_directory(at("source"));
  const Fd source = open_directory_at(AT_FDCWD, at("source").c_str());
  for (size_t i = 0; i < entries; ++i) {
    const std::string name = std::to_string(i);
    switch (i % 8) {
      case 0: ASSERT_EQ(symlinkat("nowhere", source.get(), name.c_str()), 0); break;
      case 1: ASSERT_EQ(mkdirat(source.get(), name.c_str(), 0755), 0); break;
      default: make_file(source.get(), name.c_str(), name); break;
    }
  }
  TreeOptions options = archive();
  options.durability = Durability::none;
  ASSERT_TRUE(copy("source", "copy", options));
  EXPECT_EQ(report_.directories + report_.files + report_.links, entries + 1);
  const Fd copy = open_directory_at(AT_FDCWD, at("copy").c_str());
  for (size_t i = 0; i < entries; ++i) {
    struct stat a {
    }, b{};
    const std::string name = std::to_string(i);
    ASSERT_EQ(fstatat(source.get(), name.c_str(), &a, AT_SYMLINK_NOFOLLOW), 0);
    ASSERT_EQ(fstatat(copy.get(), name.c_str(), &b, AT_SYMLINK_NOFOLLOW), 0) << name;
    ASSERT_EQ(a.st_mode, b.st_mode) << name;
    ASSERT_TRUE(S_ISDIR(a.st_mode) || a.st_size == b.st_size) << name;
  }
  expect_nothing_private();
}

}  // namespace
}  // namespace libcopyfile::test
