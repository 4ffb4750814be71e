// What a file holds, asked of real file systems: data is never called a hole, whatever state it is in, and what is
// known of holes and preallocated space is used.
#include "extents/read_extents.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "testing/faulty_system.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/stamped.h"

namespace libcopyfile::test {
namespace {

uint64_t size_of(const Layout& layout) { return layout.empty() ? 0 : layout.back().range.end; }

// The kind that the map gives for the byte at `offset`; what it does not cover counts as data (split_by_extent).
ExtentKind kind_at(const ExtentMap& map, uint64_t offset) {
  const auto found = map.find(offset);
  if (found == map.all().end() || !found->range.contains(offset)) return ExtentKind::data;
  return found->kind;
}

::testing::AssertionResult calls_no_data_hole(const ExtentMap& map, const Layout& layout) {
  for (const Island& island : layout) {
    if (island.content != Content::data) continue;
    for (uint64_t at = island.range.begin; at < island.range.end;
         at = std::min(align_down(at, 512) + 512, island.range.end)) {
      if (kind_at(map, at) != ExtentKind::data) {
        return ::testing::AssertionFailure()
               << "there is data at " << at << ", the map says otherwise";
      }
    }
  }
  return ::testing::AssertionSuccess();
}

void write_data(int fd, Range range) {
  std::vector<std::byte> buffer(range.length());
  fill_stamped(buffer, 1, range.begin);
  ASSERT_EQ(pwrite(fd, buffer.data(), buffer.size(), static_cast<off_t>(range.begin)),
            static_cast<ssize_t>(buffer.size()));
}

struct Way {
  FsKind fs;
  bool ours;
};

std::vector<Way> ways() {
  std::vector<Way> all;
  for (const FsKind fs : kAllFs) {
    all.push_back({fs, true});
    all.push_back({fs, false});
  }
  return all;
}

class ReadExtents : public ::testing::TestWithParam<Way> {
 protected:
  ReadExtents() : directory_(test_directory(GetParam().fs)) {}

  // With one range over all of it.
  ExtentMap read(const Fd& fd, uint64_t size) { return read(fd, size, {{0, size}}); }
  ExtentMap read(const Fd& fd, uint64_t size, std::vector<Range> ranges) {
    Result<ExtentMap> map = read_extents(system_.files, {fd.get(), GetParam().ours, size}, ranges);
    EXPECT_TRUE(map) << map.error().message();
    return map ? *map : ExtentMap{};
  }

  std::string directory_;
  FaultySystem system_;
};

INSTANTIATE_TEST_SUITE_P(Fs, ReadExtents, ::testing::ValuesIn(ways()), [](const auto& i) {
  return std::string(name_of(i.param.fs)) + (i.param.ours ? "_ours" : "_callers");
});

TEST_P(ReadExtents, RandomLayoutsDirtyAndClean) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Layout layout = random_layout(seed, 4 * 1024 * 1024 + seed * 777, 4096);
    const Fd fd = make_file(directory_ + "/f" + std::to_string(seed), layout, 1);
    EXPECT_TRUE(calls_no_data_hole(read(fd, size_of(layout)), layout)) << "dirty, seed " << seed;
    ASSERT_EQ(fsync(fd.get()), 0);
    EXPECT_TRUE(calls_no_data_hole(read(fd, size_of(layout)), layout)) << "clean, seed " << seed;
  }
}

TEST_P(ReadExtents, DirtyDataOverPreallocatedSpace) {
  const Fd fd = make_file(directory_ + "/f", layout_of("unwritten 4M"), 1);
  ASSERT_EQ(fsync(fd.get()), 0);
  const Layout layout = layout_of("unwritten 1M, data 64K, unwritten 1M, data 4K");
  for (const Island& island : layout) {
    if (island.content == Content::data) write_data(fd.get(), island.range);
  }
  EXPECT_TRUE(calls_no_data_hole(read(fd, 4 << 20), layout));
}

TEST_P(ReadExtents, MoreExtentsThanOneAnswerHolds) {
  Layout layout;
  for (uint64_t i = 0; i < 1500; ++i) {
    const uint64_t at = i * 16384;
    layout.push_back({{at, at + 4096}, Content::data});
    layout.push_back({{at + 4096, at + 16384}, i % 2 == 0 ? Content::hole : Content::unwritten});
  }
  const Fd fd = make_file(directory_ + "/f", layout, 1);
  const ExtentMap map = read(fd, size_of(layout));
  EXPECT_TRUE(calls_no_data_hole(map, layout));
  ASSERT_FALSE(map.empty());
  EXPECT_EQ(map.all().front().range.begin, 0U);
  EXPECT_EQ(map.all().back().range.end, size_of(layout));
}

TEST_P(ReadExtents, CoversExactlyTheRangesBelowTheSize) {
  const Layout layout = layout_of("data 1M, hole 1M, data 1M, unwritten 1M");
  const Fd fd = make_file(directory_ + "/f", layout, 1);
  const std::vector<Range> ranges{{100, 200}, {1 << 19, 3 << 19}, {(4 << 20) - 10, 5 << 20}};
  const ExtentMap map = read(fd, 4 << 20, ranges);
  std::vector<Range> covered;
  for (const Extent& e : map.all()) {
    if (!covered.empty() && covered.back().end == e.range.begin) {
      covered.back().end = e.range.end;
    } else {
      covered.push_back(e.range);
    }
  }
  EXPECT_EQ(covered,
            (std::vector<Range>{{100, 200}, {1 << 19, 3 << 19}, {(4 << 20) - 10, 4 << 20}}));
}

TEST_P(ReadExtents, WithoutAnySupportItIsAllData) {
  system_.script.inject("fail seek_data errno=EINVAL")
      .inject("fail seek_hole errno=EINVAL")
      .inject("fail extents errno=EOPNOTSUPP");
  const Fd fd = make_file(directory_ + "/f", layout_of("hole 1M, unwritten 1M, hole 5"), 1);
  const uint64_t size = (2 << 20) + 5;
  const ExtentMap map = read(fd, size);
  ASSERT_EQ(map.all().size(), 1U);
  EXPECT_EQ(map.all()[0], (Extent{{0, size}, ExtentKind::data}));
}

TEST_P(ReadExtents, InterruptedCallsAreRepeated) {
  system_.script.inject("fail any errno=EINTR every=2");
  const Layout layout = layout_of("hole 1M, data 1M, unwritten 1M, data 4K");
  const Fd fd = make_file(directory_ + "/f", layout, 1);
  EXPECT_TRUE(calls_no_data_hole(read(fd, size_of(layout)), layout));
}

TEST_P(ReadExtents, AnInputErrorIsAnError) {
  const Fd fd = make_file(directory_ + "/f", layout_of("data 1M, hole 1M"), 1);
  system_.script.inject("fail seek_data errno=EIO").inject("fail extents errno=EIO");
  const std::vector<Range> all{{0, 2 << 20}};
  const Result<ExtentMap> map =
      read_extents(system_.files, {fd.get(), GetParam().ours, 2 << 20}, all);
  ASSERT_FALSE(map);
  EXPECT_EQ(map.error().code, EIO);
}

TEST_P(ReadExtents, ShrunkFileEndsInAHoleOfTheOldSize) {
  const Fd fd = make_file(directory_ + "/f", layout_of("data 1M"), 1);
  ASSERT_EQ(ftruncate(fd.get(), 1000), 0);
  const ExtentMap map = read(fd, 1 << 20);
  EXPECT_EQ(kind_at(map, 999), ExtentKind::data);
  ASSERT_FALSE(map.empty());
  EXPECT_EQ(map.all().back().range.end, 1U << 20);
}

TEST_P(ReadExtents, CallersPositionStays) {
  const Fd fd = make_file(directory_ + "/f", layout_of("data 1M, hole 1M"), 1);
  ASSERT_EQ(lseek(fd.get(), 12345, SEEK_SET), 12345);
  read(fd, 2 << 20);
  if (!GetParam().ours) {
    EXPECT_EQ(lseek(fd.get(), 0, SEEK_CUR), 12345);
  }
}

// --- what only some file systems can do ---

class Refined : public ReadExtents {};

INSTANTIATE_TEST_SUITE_P(Fs, Refined,
                         ::testing::Values(Way{FsKind::ext4, true}, Way{FsKind::ext4, false},
                                           Way{FsKind::xfs, true}, Way{FsKind::xfs, false},
                                           Way{FsKind::btrfs, true}, Way{FsKind::btrfs, false},
                                           Way{FsKind::overlay, true}, Way{FsKind::overlay, false}),
                         [](const auto& i) {
                           return std::string(name_of(i.param.fs)) +
                                  (i.param.ours ? "_ours" : "_callers");
                         });

TEST_P(Refined, KnowsHolesFromPreallocatedSpace) {
  const Layout layout = layout_of("hole 1M, data 1M, unwritten 1M, hole 1M, data 4K, hole 1M");
  const Fd fd = make_file(directory_ + "/f", layout, 1);
  ASSERT_EQ(fsync(fd.get()), 0);
  const ExtentMap map = read(fd, size_of(layout));
  std::vector<Extent> expected;
  for (const Island& island : layout) {
    expected.push_back({island.range, island.content == Content::data   ? ExtentKind::data
                                      : island.content == Content::hole ? ExtentKind::hole
                                                                        : ExtentKind::unwritten});
  }
  EXPECT_EQ(std::vector<Extent>(map.all().begin(), map.all().end()), expected);
}

TEST_P(Refined, DenseFileCostsNoWriteBack) {
  const Fd fd = make_file(directory_ + "/f", layout_of("data 4M"), 1);
  read(fd, 4 << 20);
  EXPECT_EQ(system_.recorder.only({"extents"}).find("sync"), std::string::npos)
      << system_.recorder.text();
}

TEST_P(Refined, CostIsThatOfTheIslandsAsked) {
  Layout layout;
  for (uint64_t i = 0; i < 2000; ++i) {
    const uint64_t at = i * 65536;
    layout.push_back({{at, at + 4096}, Content::data});
    layout.push_back({{at + 4096, at + 65536}, Content::hole});
  }
  const Fd fd = make_file(directory_ + "/f", layout, 1);
  system_.script.clear();
  read(fd, size_of(layout), {{0, 10 * 65536}});
  EXPECT_LE(system_.script.calls("seek_data"), 12U);
  EXPECT_LE(system_.script.calls("extents"), 11U);
}

class Cloning : public ReadExtents {};

INSTANTIATE_TEST_SUITE_P(Fs, Cloning,
                         ::testing::Values(Way{FsKind::xfs, true}, Way{FsKind::xfs, false},
                                           Way{FsKind::btrfs, true}, Way{FsKind::btrfs, false},
                                           Way{FsKind::overlay, true}, Way{FsKind::overlay, false}),
                         [](const auto& i) {
                           return std::string(name_of(i.param.fs)) +
                                  (i.param.ours ? "_ours" : "_callers");
                         });

// XFS reserves copy-on-write space around a write to a shared block; later writes to holes there live in that
// reservation until they are written back, and FIEMAP without a sync calls them holes.
TEST_P(Cloning, DirtyDataInReservedCopyOnWriteSpace) {
  const Layout old = layout_of("data 4K, hole 508K, data 4K");
  const Fd original = make_file(directory_ + "/original", old, 1);
  ASSERT_EQ(fsync(original.get()), 0);
  const Fd fd = make_file(directory_ + "/clone", {}, 1);
  ASSERT_EQ(ioctl(fd.get(), FICLONE, original.get()), 0);
  const Layout layout =
      layout_of("data 4K, hole 4K, data 4K, hole 52K, data 4K, hole 444K, data 4K");
  for (const Range r : {Range{0, 4096}, Range{8192, 12288}, Range{65536, 69632}}) {
    write_data(fd.get(), r);
  }
  EXPECT_TRUE(calls_no_data_hole(read(fd, size_of(layout)), layout));
}

}  // namespace
}  // namespace libcopyfile::test
