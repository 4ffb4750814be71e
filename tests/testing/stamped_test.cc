// Stamps identify misplaced bytes; the oracle and the islands are right themselves.
#include "testing/stamped.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <vector>

#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/oracle.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

std::vector<std::byte> stamped(uint8_t file, uint64_t offset, size_t size) {
  std::vector<std::byte> bytes(size);
  fill_stamped(bytes, file, offset);
  return bytes;
}

TEST(Stamps, AreReadBack) {
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{8}, uint64_t{1} << 40, (uint64_t{1} << 49) - 8}) {
    const Stamp stamp{200, offset};
    EXPECT_EQ(decode(encode(stamp)), stamp);
  }
  EXPECT_FALSE(decode(0));
  EXPECT_FALSE(decode(UINT64_MAX));
}

TEST(Stamps, DependOnTheOffsetOnly) {
  const std::vector<std::byte> whole = stamped(3, 1000, 100);
  for (size_t from = 0; from < 20; ++from) {
    const std::vector<std::byte> part = stamped(3, 1000 + from, 50);
    EXPECT_EQ(std::memcmp(part.data(), whole.data() + from, part.size()), 0) << from;
  }
}

TEST(Stamps, IdentifyBytesAtAnyAlignment) {
  for (uint64_t offset = 4096; offset < 4112; ++offset) {
    EXPECT_EQ(identify(stamped(3, offset, 15)), "byte " + std::to_string(offset) + " of file 3");
  }
  EXPECT_EQ(identify(std::vector<std::byte>(15)), "zero");
  EXPECT_EQ(identify(std::vector<std::byte>(15, std::byte{0x55})), "no stamp");
}

TEST(Oracle, WritesReadsAndTruncates) {
  Oracle oracle;
  oracle.write_stamped({100000, 200000}, 1);
  EXPECT_EQ(oracle.size(), 200000U);
  oracle.truncate(150000);
  oracle.truncate(160000);
  std::vector<std::byte> got(20);
  oracle.read(149990, got);
  std::vector<std::byte> want = stamped(1, 149990, 20);
  std::fill(want.begin() + 10, want.end(), std::byte{0});
  EXPECT_EQ(got, want);
}

TEST(Oracle, CopiesWithHolesAndCutsAtTheEnd) {
  Oracle source;
  source.write_stamped({70000, 140000}, 1);
  source.truncate(300000);
  Oracle copy;
  copy.write_stamped({0, 400000}, 2);
  EXPECT_EQ(copy.copy(source, {.in = 60000, .out = 10, .length = 1000000}), 240000U);
  EXPECT_EQ(copy.size(), 400000U);
  Oracle want;
  want.write_stamped({0, 400000}, 2);
  want.zero({10, 240010});
  want.write_stamped({10010, 80010}, 1, 70000);
  std::vector<std::byte> a(400000);
  std::vector<std::byte> b(400000);
  copy.read(0, a);
  want.read(0, b);
  EXPECT_TRUE(a == b);
  EXPECT_EQ(copy.copy(source, {.in = 300000, .out = 0, .length = 1}), 0U);
}

TEST(Oracle, CopiesWithinOneFile) {
  Oracle file;
  file.write_stamped({0, 200000}, 1);
  file.copy(file, {.in = 0, .out = 150000, .length = 100000});
  std::vector<std::byte> got(15);
  file.read(150000, got);
  EXPECT_EQ(identify(got), "byte 0 of file 1");
  EXPECT_EQ(file.size(), 250000U);
}

TEST(Oracle, NamesTheFirstDifference) {
  const std::string path = test_directory(FsKind::tmpfs) + "/x";
  const Layout layout = layout_of("data 4M");
  const Fd fd = make_file(path, layout, 1);
  const Oracle oracle = oracle_of(layout, 1);
  ASSERT_TRUE(holds(fd.get(), oracle));
  const std::vector<std::byte> wrong = stamped(2, 777, 100);
  ASSERT_EQ(pwrite(fd.get(), wrong.data(), wrong.size(), 2000000), 100);
  EXPECT_EQ(std::string(holds(fd.get(), oracle).message())
                .find("at 2000000 of 4194304: should be byte 2000000 of file 1, "
                      "is byte 777 of file 2 (100 bytes differ"),
            0U)
      << holds(fd.get(), oracle).message();
  ASSERT_EQ(ftruncate(fd.get(), 5), 0);
  EXPECT_STREQ(holds(fd.get(), oracle).message(), "the size should be 4194304, is 5");
}

TEST(Oracle, ChecksATebibyteOfHoles) {
  const std::string path = test_directory(FsKind::xfs) + "/x";
  const Layout layout = layout_of("hole 500G, data 1M, hole 523G");
  const Fd fd = make_file(path, layout, 1);
  Oracle oracle = oracle_of(layout, 1);
  EXPECT_TRUE(holds(fd.get(), oracle, Trust::holes));
  ASSERT_EQ(pwrite(fd.get(), "x", 1, off_t{700} << 30), 1);
  EXPECT_FALSE(holds(fd.get(), oracle, Trust::holes));
}

TEST(Islands, TextAndRandomLayoutsAreContiguous) {
  EXPECT_EQ(layout_of("data 4K, hole 1M, unwritten 7"),
            (Layout{{{0, 4096}, Content::data},
                    {{4096, 4096 + (1 << 20)}, Content::hole},
                    {{4096 + (1 << 20), 4103 + (1 << 20)}, Content::unwritten}}));
  EXPECT_THROW(layout_of("dta 5"), ScratchError);
  EXPECT_EQ(random_layout(5, 1 << 20, 4096), random_layout(5, 1 << 20, 4096));
  std::map<Content, int> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    uint64_t at = 0;
    for (const Island& island : random_layout(seed, (1 << 20) + 5, 512)) {
      EXPECT_EQ(island.range.begin, at);
      EXPECT_EQ(at % 512, 0U);
      at = island.range.end;
      ++seen[island.content];
    }
    EXPECT_EQ(at, (1U << 20) + 5);
  }
  EXPECT_EQ(seen.size(), 3U);
}

class OnDisk : public ::testing::TestWithParam<FsKind> {};

INSTANTIATE_TEST_SUITE_P(Inspect, OnDisk,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(OnDisk, ShowsDataHolesAndUnwritten) {
  const std::string path = test_directory(GetParam()) + "/x";
  const Fd fd =
      make_file(path, layout_of("data 64K, hole 1M, unwritten 128K, data 64K, hole 64K"), 1);
  EXPECT_EQ(allocated_bytes(fd.get()), 256U << 10);
  const uint64_t second = (64 << 10) + (1 << 20) + (128 << 10);
  EXPECT_EQ(seek_map(fd.get()), (std::vector<Range>{{0, 64 << 10}, {second, second + (64 << 10)}}));
  uint64_t unwritten = 0;
  for (const FileExtent& e : fiemap(fd.get())) {
    if (e.unwritten()) unwritten += e.logical.length();
    EXPECT_FALSE(e.shared());
  }
  EXPECT_EQ(unwritten, 128U << 10);
}

TEST_P(OnDisk, ShowsThePageCache) {
  const std::string path = test_directory(GetParam()) + "/x";
  const Fd fd = make_file(path, layout_of("data 1M"), 1);
  EXPECT_EQ(cached_bytes(fd.get()), 1U << 20);
  drop_cache(fd.get());
  EXPECT_EQ(cached_bytes(fd.get()), 0U);
}

}  // namespace
}  // namespace libcopyfile::test
