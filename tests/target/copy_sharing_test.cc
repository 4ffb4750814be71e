// Copies of initiators on real file systems: that blocks are shared, the kernel says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
#include "testing/inspect.h"
#include "testing/scratch_fs.h"
#include "testing/target_copies.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using namespace wire;

constexpr uint64_t kSize = uint64_t{16} << 20;
constexpr uint32_t kBlocks = 16384;  // of 512 bytes: half of it

class CopySharing : public ::testing::TestWithParam<FsKind> {
 protected:
  CopySharing() : directory(test_directory(GetParam())) {
    LunMap luns;
    for (const uint16_t lun : {uint16_t{0}, uint16_t{1}}) {
      const std::string path = directory + "/" + std::to_string(lun);
      files.emplace_back(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      EXPECT_EQ(::ftruncate(files.back().get(), kSize), 0);
      auto image = open_image(path, {});
      EXPECT_TRUE(image);
      UnitOptions options;
      options.name = options.serial = "real" + std::to_string(lun);
      units.push_back(std::make_shared<LogicalUnit>(options, *image));
      luns[lun] = units.back();
    }
    EXPECT_TRUE(units[0]->image().write(0, pattern(kSize / 2, 3), MayBlock::yes));
    bench.map("iqn.real", luns);
    nexus = bench.open("iqn.real");
  }
  TargetBench::To to(uint16_t lun) const { return {.nexus = nexus, .lun = lun}; }

  std::string directory;
  CopyBench bench;
  std::vector<Fd> files;
  std::vector<std::shared_ptr<LogicalUnit>> units;
  NexusId nexus = 0;
};

TEST_P(CopySharing, ExtendedCopySharesBlocks) {
  CopyList list;
  Cscd cscd;
  for (const auto& unit : units) {
    cscd.designator = unit->naa();
    list.cscds.push_back(cscd);
  }
  BlockSegment segment;
  segment.destination = 1;
  segment.blocks = kBlocks;
  list.segments = {segment};
  ASSERT_EQ(bench.copy(list, to(1))->outcome.status, Status::good);
  EXPECT_TRUE(shares_all(files[0].get(), files[1].get(), {0, kSize / 2}));
}

TEST_P(CopySharing, TokensShareBlocksAndAreOfTheirMoment) {
  const Token token = bench.token({{0, kBlocks}}, to(0));
  Bytes cdb(16);
  cdb[0] = 0x8a;
  cdb[13] = 8;
  ASSERT_EQ(bench.execute(cdb, Bytes(4096), 0, to(0))->outcome.status, Status::good);
  ASSERT_EQ(bench.write(token, {{0, kBlocks}}, to(1)), Ending{});
  Bytes got(kSize / 2);
  ASSERT_TRUE(units[1]->image().read(0, got, MayBlock::yes));
  EXPECT_EQ(got, pattern(kSize / 2, 3));
  EXPECT_TRUE(shares_all(files[0].get(), files[1].get(), {4096, kSize / 2}));
  EXPECT_EQ(bench.device().copies().totals().moved, 0U);
}

INSTANTIATE_TEST_SUITE_P(ThatClone, CopySharing, ::testing::Values(FsKind::xfs, FsKind::btrfs),
                         [](const auto& one) { return std::string(name_of(one.param)); });

}  // namespace
}  // namespace libcopyfile::test
