// Maps of real files on real file systems.
#include "copyfile/map_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/kernel_files.h"
#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::app {
namespace {

using test::FsKind;
using test::layout_of;
using test::make_file;

constexpr uint64_t kKi = 1024;
constexpr uint64_t kMi = kKi * kKi;

FileMap map_fd(int fd) {
  KernelFiles files;
  const Result<FileMap> map = read_map(files, fd, "file");
  EXPECT_TRUE(map) << map.error().message();
  return map.value_or(FileMap{});
}

// "data 64K" for each run of one look.
std::string looks(const FileMap& map) {
  constexpr std::array kNames{"data", "shared", "preallocated", "hole"};
  std::string text;
  for (size_t i = 0; i < map.pieces.size();) {
    const Look look = map.pieces[i].look();
    const uint64_t begin = map.pieces[i].range.begin;
    uint64_t end = begin;
    for (; i < map.pieces.size() && map.pieces[i].look() == look; ++i) {
      EXPECT_EQ(map.pieces[i].range.begin, end);
      end = map.pieces[i].range.end;
    }
    text += fmt::format("{}{} {}K", text.empty() ? "" : ", ", kNames[index_of(look)],
                        (end - begin) / kKi);
  }
  return text;
}

class MapOn : public testing::TestWithParam<FsKind> {
 protected:
  std::string path(std::string_view name) const {
    return test::test_directory(GetParam()) + "/" + std::string(name);
  }
};

INSTANTIATE_TEST_SUITE_P(Fs, MapOn,
                         testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::overlay),
                         [](const auto& param) { return std::string(name_of(param.param)); });

TEST_P(MapOn, ShowsDataHolesAndPreallocation) {
  const Fd fd =
      make_file(path("f"), layout_of("data 64K, hole 64K, unwritten 128K, data 64K, hole 192K"), 1);
  ASSERT_EQ(::fsync(fd.get()), 0);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(looks(map), "data 64K, hole 64K, preallocated 128K, data 64K, hole 192K");
  EXPECT_EQ(map.size, 512 * kKi);
  EXPECT_EQ(map.data, 128 * kKi);
  EXPECT_EQ(map.preallocated, 128 * kKi);
  EXPECT_EQ(map.holes, 256 * kKi);
  EXPECT_EQ(map.shared, 0U);
  EXPECT_EQ(map.behind_end, 0U);
  EXPECT_EQ(map.allocated, test::allocated_bytes(fd.get()));
  EXPECT_EQ(map.refused, std::nullopt);
}

// FIEMAP calls preallocated space with dirty pages over it unwritten still; cp lost data by that.
TEST_P(MapOn, DirtyPagesAreDataAlready) {
  const Fd fd = make_file(path("f"), layout_of("unwritten 256K"), 1);
  ASSERT_EQ(::fsync(fd.get()), 0);
  ASSERT_EQ(::pwrite(fd.get(), "x", 1, 128 * kKi), 1);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(map.data + map.preallocated, 256 * kKi);
  EXPECT_GT(map.data, 0U);
  for (const Piece& p : map.pieces) {
    if (p.range.contains(128 * kKi)) {
      EXPECT_EQ(p.kind, ExtentKind::data);
    }
  }
}

TEST_P(MapOn, PreallocationBehindTheEnd) {
  const Fd fd = make_file(path("f"), layout_of("data 100"), 1);
  ASSERT_EQ(::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 1 * kMi, 1 * kMi), 0);
  ASSERT_EQ(::fsync(fd.get()), 0);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(map.size, 100U);
  EXPECT_EQ(map.data, 100U);
  EXPECT_EQ(map.behind_end, 1 * kMi);
}

TEST_P(MapOn, EmptyFile) {
  const Fd fd = make_file(path("f"), {}, 1);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(map.size, 0U);
  EXPECT_TRUE(map.pieces.empty());
  EXPECT_EQ(map.extents, 0U);
}

TEST_P(MapOn, PlacesAreThoseOfTheKernel) {
  const Fd fd = make_file(path("f"), layout_of("data 256K, hole 256K, data 128K"), 1);
  ASSERT_EQ(::fsync(fd.get()), 0);
  const std::vector<test::FileExtent> truth = test::fiemap(fd.get());
  const FileMap map = map_fd(fd.get());
  for (const Piece& p : map.pieces) {
    if (p.kind == ExtentKind::hole) continue;
    ASSERT_TRUE(p.physical);
    bool found = false;
    for (const test::FileExtent& e : truth) {
      if (e.logical.contains(p.range.begin)) {
        EXPECT_EQ(*p.physical, e.physical + (p.range.begin - e.logical.begin));
        found = true;
      }
    }
    EXPECT_TRUE(found);
  }
}

class SharedMapOn : public MapOn {};

INSTANTIATE_TEST_SUITE_P(Fs, SharedMapOn,
                         testing::Values(FsKind::xfs, FsKind::btrfs, FsKind::overlay),
                         [](const auto& param) { return std::string(name_of(param.param)); });

TEST_P(SharedMapOn, ShowsWhatAnotherFileUses) {
  const Fd source = make_file(path("source"), layout_of("data 512K"), 1);
  const Fd fd = make_file(path("f"), layout_of("data 1024K"), 2);
  ASSERT_EQ(::fsync(source.get()), 0);
  ASSERT_EQ(::fsync(fd.get()), 0);
  KernelFiles files;
  ASSERT_TRUE(files.clone_range(source.get(), fd.get(), {0, 256 * kKi, 512 * kKi}));
  ASSERT_EQ(::fsync(fd.get()), 0);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(looks(map), "data 256K, shared 512K, data 256K");
  EXPECT_EQ(map.shared, 512 * kKi);
  EXPECT_EQ(map.data, 1024 * kKi);
  EXPECT_EQ(map_fd(source.get()).shared, 512 * kKi);
}

class UnknownMapOn : public MapOn {};

INSTANTIATE_TEST_SUITE_P(Fs, UnknownMapOn, testing::Values(FsKind::tmpfs, FsKind::fuse),
                         [](const auto& param) { return std::string(name_of(param.param)); });

TEST_P(UnknownMapOn, SaysThatFiemapIsMissing) {
  const Fd fd = make_file(path("f"), layout_of("data 64K, hole 64K, data 64K"), 1);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(map.refused, EOPNOTSUPP);
  EXPECT_EQ(map.size, 192 * kKi);
  EXPECT_EQ(map.data + map.holes, 192 * kKi);
  EXPECT_EQ(map.extents, 0U);
  for (const Piece& p : map.pieces) {
    EXPECT_FALSE(p.physical);
    EXPECT_FALSE(p.shared);
  }
}

TEST(MapFile, TmpfsStillShowsHoles) {
  const std::string path = test::test_directory(FsKind::tmpfs) + "/f";
  const Fd fd = make_file(path, layout_of("data 64K, hole 64K, data 64K"), 1);
  EXPECT_EQ(looks(map_fd(fd.get())), "data 64K, hole 64K, data 64K");
}

TEST(MapFile, ProcfsIsMadeUp) {
  const Fd fd(::open("/proc/version", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(map_fd(fd.get()).made_up);
}

TEST(MapFile, ATebibyteWithAThousandIslands) {
  const std::string path = test::test_directory(FsKind::xfs) + "/f";
  constexpr uint64_t kTi = uint64_t{1} << 40;
  const Fd fd = make_file(path, {}, 1);
  ASSERT_EQ(::ftruncate(fd.get(), kTi), 0);
  for (uint64_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(::pwrite(fd.get(), "x", 1, static_cast<off_t>(i * (kTi / 1000) / 4096 * 4096)), 1);
  }
  ASSERT_EQ(::fsync(fd.get()), 0);
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(map.size, kTi);
  EXPECT_EQ(map.data, 1000 * 4 * kKi);
  EXPECT_EQ(map.extents, 1000U);
  EXPECT_EQ(map.pieces.size(), 2000U);
}

// More than fits in one answer of the kernel, many times over.
TEST(MapFile, AHundredThousandExtents) {
  const test::ScratchFs fs = test::ScratchFs::ext4({.mkfs = {"-b", "1024"}});
  const Fd fd = make_file(fs.file("f"), {}, 1);
  constexpr uint64_t kExtents = 100000;
  ASSERT_EQ(::ftruncate(fd.get(), kExtents * 2 * kKi), 0);
  for (uint64_t i = 0; i < kExtents; ++i) {
    ASSERT_EQ(::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(i * 2 * kKi), kKi), 0)
        << i;
  }
  const FileMap map = map_fd(fd.get());
  EXPECT_EQ(map.preallocated, kExtents * kKi);
  EXPECT_EQ(map.holes, kExtents * kKi);
  EXPECT_EQ(map.extents, kExtents);
  EXPECT_EQ(map.pieces.size(), 2 * kExtents);
}

}  // namespace
}  // namespace libcopyfile::app
