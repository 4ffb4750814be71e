// Images in files of real file systems.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "target/image_file.h"
#include "testing/faulty_system.h"
#include "testing/inspect.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using namespace target;
using Image = target::Image;

constexpr uint64_t kMiB = uint64_t{1} << 20;

std::vector<uint8_t> pattern(size_t size, uint8_t seed) {
  std::vector<uint8_t> data(size);
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(seed + i * 7 + (i >> 9));
  return data;
}

class ImageTest : public ::testing::TestWithParam<FsKind> {
 protected:
  ImageTest() : directory_(test_directory(GetParam())) {}

  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  // A sparse file.
  void make(std::string_view name, uint64_t size) const {
    const Fd fd(::open(path(name).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    ASSERT_TRUE(fd.valid());
    ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  }
  Fd look(std::string_view name) const {
    return Fd(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
  }
  Result<std::shared_ptr<Image>> try_open(std::string_view name, const ImageOptions& options = {}) {
    return open_image(std::shared_ptr<ImageSystem>(new ImageSystem{system_.files, system_.names}),
                      path(name), options);
  }
  std::shared_ptr<Image> open(std::string_view name, const ImageOptions& options = {}) {
    Result<std::shared_ptr<Image>> image = try_open(name, options);
    if (!image) ADD_FAILURE() << image.error().message();
    return image.value_or(nullptr);
  }
  std::shared_ptr<Image> make_and_open(std::string_view name, uint64_t size,
                                       const ImageOptions& options = {}) {
    make(name, size);
    return open(name, options);
  }
  int error_of_open(std::string_view name, const ImageOptions& options = {}) {
    const Result<std::shared_ptr<Image>> image = try_open(name, options);
    return image ? 0 : image.error().code;
  }
  bool shares() const { return GetParam() != FsKind::ext4; }

  static std::vector<uint8_t> read(Image& image, uint64_t offset, size_t size) {
    std::vector<uint8_t> data(size, 0xee);
    const Done done = image.read(offset, data, MayBlock::yes);
    EXPECT_TRUE(done) << done.error().message();
    return data;
  }
  static void write(Image& image, uint64_t offset, const std::vector<uint8_t>& data) {
    const Done done = image.write(offset, data, MayBlock::yes);
    ASSERT_TRUE(done) << done.error().message();
  }
  static int code(const Done& done) { return done ? 0 : done.error().code; }
  static Done copy(Image& to, Image& from, const CopyRange& range, CopyAccount& account,
                   const CopyProgress& progress = {}) {
    return to.copy_from(from, range.in, range.out, range.length, progress, account);
  }

  FaultySystem system_;
  std::string directory_;
};

INSTANTIATE_TEST_SUITE_P(All, ImageTest,
                         ::testing::Values(FsKind::xfs, FsKind::btrfs, FsKind::ext4),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(ImageTest, SaysWhatItIs) {
  const auto image = make_and_open("image", 5 * kMiB + 100);
  EXPECT_EQ(image->info().size, 5 * kMiB + 100);
  EXPECT_EQ(image->info().granularity, 4096U);
  EXPECT_EQ(image->info().can_share, shares());
  EXPECT_TRUE(image->info().can_punch);
  EXPECT_FALSE(image->info().read_only);
  EXPECT_EQ(image->name(), path("image"));
  EXPECT_EQ(names_in(directory_), std::vector<std::string>{"image"});
}

TEST_P(ImageTest, ReadsWhatWasWrittenAndZerosElsewhere) {
  const std::vector<uint8_t> data = pattern(10000, 3);
  {
    const auto image = make_and_open("image", kMiB);
    write(*image, 511, data);
    EXPECT_EQ(read(*image, 511, data.size()), data);
    ASSERT_TRUE(image->flush());
  }
  const auto again = open("image");
  EXPECT_EQ(read(*again, 511, data.size()), data);
  EXPECT_EQ(read(*again, 0, 511), std::vector<uint8_t>(511));
  EXPECT_EQ(read(*again, kMiB - 4096, 4096), std::vector<uint8_t>(4096));
}

TEST_P(ImageTest, OpensNothingButRegularFilesWithBytesInThem) {
  make("empty", 0);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(path("directory").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("/dev/null", path("device").c_str()), 0);
  EXPECT_EQ(error_of_open("missing"), ENOENT);
  for (const char* name : {"empty", "pipe", "directory", "device"}) {
    EXPECT_EQ(error_of_open(name), EINVAL) << name;
    EXPECT_EQ(error_of_open(name, {.read_only = true}), EINVAL) << name;
  }
}

TEST_P(ImageTest, FollowsALinkAndWorksBesideTheFileItself) {
  ASSERT_EQ(::mkdir(path("disks").c_str(), 0700), 0);
  make("disks/image", kMiB);
  ASSERT_EQ(::symlink("disks/image", path("link").c_str()), 0);
  const auto image = open("link");
  EXPECT_EQ(image->info().can_share, shares());
  EXPECT_TRUE(image->scratch(4096));
}

TEST_P(ImageTest, IsOneTargetsAlone) {
  const auto image = make_and_open("image", kMiB);
  EXPECT_EQ(error_of_open("image"), EBUSY);
  EXPECT_EQ(error_of_open("image", {.read_only = true}), EBUSY);
}

TEST_P(ImageTest, ReadOnlyOnesCanBeServedByMany) {
  make("image", kMiB);
  const auto one = open("image", {.read_only = true});
  const auto other = open("image", {.read_only = true});
  EXPECT_EQ(error_of_open("image"), EBUSY);
}

TEST_P(ImageTest, AReadOnlyOneRefusesEveryChange) {
  make("image", kMiB);
  const auto image = open("image", {.read_only = true});
  const auto from = make_and_open("from", kMiB);
  CopyAccount account;
  EXPECT_TRUE(image->info().read_only);
  EXPECT_EQ(read(*image, 0, 512), std::vector<uint8_t>(512));
  EXPECT_EQ(code(image->write(0, pattern(512, 1), MayBlock::yes)), EROFS);
  EXPECT_EQ(code(image->zero({0, 512}, true)), EROFS);
  EXPECT_EQ(code(copy(*image, *from, {0, 0, 512}, account)), EROFS);
  EXPECT_TRUE(image->flush());
}

TEST_P(ImageTest, RefusesWhatReachesBehindTheEnd) {
  const auto image = make_and_open("image", kMiB);
  std::vector<uint8_t> data(512);
  CopyAccount account;
  for (const uint64_t offset : {kMiB - 511, kMiB, uint64_t{1} << 62, UINT64_MAX - 100}) {
    EXPECT_EQ(code(image->read(offset, data, MayBlock::yes)), EINVAL) << offset;
    EXPECT_EQ(code(image->write(offset, data, MayBlock::yes)), EINVAL) << offset;
    EXPECT_EQ(code(copy(*image, *image, {0, offset, 512}, account)), EINVAL) << offset;
    EXPECT_EQ(code(copy(*image, *image, {offset, 0, 512}, account)), EINVAL) << offset;
  }
  EXPECT_EQ(code(image->zero({0, kMiB + 1}, true)), EINVAL);
}

TEST_P(ImageTest, WhatSomebodyCutOffCannotBeRead) {
  const auto image = make_and_open("image", kMiB);
  ASSERT_EQ(::truncate(path("image").c_str(), 4096), 0);
  std::vector<uint8_t> data(8192);
  EXPECT_EQ(code(image->read(0, data, MayBlock::yes)), EIO);
  const Result<bool> refreshed = image->refresh();
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().code, EINVAL);
  EXPECT_EQ(image->info().size, kMiB);
}

TEST_P(ImageTest, GrowsWithItsFileWhenItIsToldToLook) {
  const auto image = make_and_open("image", kMiB);
  const ImageInfo& before = image->info();
  EXPECT_FALSE(image->refresh().value());
  ASSERT_EQ(::truncate(path("image").c_str(), 2 * kMiB), 0);
  EXPECT_EQ(image->info().size, kMiB);
  EXPECT_TRUE(image->refresh().value());
  EXPECT_EQ(image->info().size, 2 * kMiB);
  EXPECT_EQ(before.size, kMiB);
  write(*image, 2 * kMiB - 512, pattern(512, 9));
  EXPECT_EQ(read(*image, 2 * kMiB - 512, 512), pattern(512, 9));
}

TEST_P(ImageTest, AReadThatMayNotWaitTakesWhatIsInMemoryOnly) {
  const auto image = make_and_open("image", 4 * kMiB);
  write(*image, 0, pattern(4 * kMiB, 1));
  ASSERT_TRUE(image->flush());
  drop_cache(look("image").get());
  std::vector<uint8_t> data(65536);
  EXPECT_EQ(code(image->read(2 * kMiB, data, MayBlock::no)), EAGAIN);
  EXPECT_TRUE(image->read(2 * kMiB, data, MayBlock::yes));
  std::vector<uint8_t> again(65536);
  EXPECT_EQ(code(image->read(2 * kMiB, again, MayBlock::no)), 0);
  EXPECT_EQ(again, data);
}

TEST_P(ImageTest, AWriteThatMayNotWaitIsDoneOrDoneLater) {
  const auto image = make_and_open("image", kMiB);
  const std::vector<uint8_t> data = pattern(4096, 5);
  const Done done = image->write(8192, data, MayBlock::no);
  if (!done) {
    EXPECT_EQ(done.error().code, EAGAIN) << done.error().message();
    write(*image, 8192, data);
  }
  EXPECT_EQ(read(*image, 8192, 4096), data);
}

TEST_P(ImageTest, WhereNobodyCanTellWhetherItWaitsItIsAskedOnce) {
  const auto image = make_and_open("image", kMiB);
  write(*image, 0, pattern(4096, 1));
  std::vector<uint8_t> data(512);
  system_.script.inject("fail read errno=EOPNOTSUPP times=1");
  EXPECT_EQ(code(image->read(0, data, MayBlock::no)), EAGAIN);
  system_.recorder.clear();
  EXPECT_EQ(code(image->read(0, data, MayBlock::no)), EAGAIN);
  EXPECT_EQ(system_.recorder.only({"read"}), "");
}

TEST_P(ImageTest, AFailedFlushIsNeverForgotten) {
  auto image = make_and_open("image", kMiB);
  write(*image, 0, pattern(4096, 1));
  system_.script.inject("fail sync errno=EIO times=1");
  EXPECT_EQ(code(image->flush()), EIO);
  EXPECT_EQ(code(image->flush()), EIO);
  write(*image, 0, pattern(4096, 2));
  EXPECT_EQ(code(image->flush()), EIO);
  image.reset();
  EXPECT_EQ(code(open("image")->flush()), 0);
}

TEST_P(ImageTest, AnInterruptedFlushIsNoFailedOne) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("fail sync errno=EINTR times=2");
  EXPECT_EQ(code(image->flush()), 0);
}

TEST_P(ImageTest, ManyFlushesAtOnceAreFew) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("delay sync ms=20");
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] { good += image->flush() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 16);
  EXPECT_LT(system_.script.calls("sync"), 16U);
}

TEST_P(ImageTest, AFailureIsToldToAllWhoWaitForTheSameFlush) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("delay sync ms=20").inject("fail sync errno=EIO times=1");
  std::vector<std::thread> threads;
  std::atomic<int> bad{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { bad += image->flush() ? 0 : 1; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, 8);
}

TEST_P(ImageTest, WithoutAWriteCacheEveryWriteIsStable) {
  const auto image = make_and_open("image", kMiB, {.write_cache = false});
  EXPECT_EQ(code(image->write(0, pattern(512, 1), MayBlock::no)), EAGAIN);
  system_.recorder.clear();
  write(*image, 0, pattern(512, 1));
  EXPECT_NE(system_.recorder.only({"write"}).find("0+512 dsync = 512"), std::string::npos);
  EXPECT_EQ(system_.recorder.only({"sync"}), "");
  ASSERT_TRUE(image->zero({4096, 8192}, true));
  EXPECT_EQ(system_.script.calls("sync"), 1U);
  CopyAccount account;
  ASSERT_TRUE(copy(*image, *image, {0, 65536, 4096}, account));
  EXPECT_EQ(system_.script.calls("sync"), 2U);
}

TEST_P(ImageTest, UnmappingGivesBlocksBackAndZeroingKeepsThem) {
  const auto image = make_and_open("image", 4 * kMiB);
  write(*image, 0, pattern(2 * kMiB, 1));
  ASSERT_TRUE(image->flush());
  const Fd fd = look("image");
  const uint64_t before = allocated_bytes(fd.get());
  ASSERT_TRUE(image->zero({0, kMiB}, false));
  EXPECT_GE(allocated_bytes(fd.get()) + 65536, before);
  EXPECT_EQ(read(*image, 0, kMiB), std::vector<uint8_t>(kMiB));
  ASSERT_TRUE(image->zero({0, kMiB}, true));
  EXPECT_LE(allocated_bytes(fd.get()), before - kMiB + 65536);
  EXPECT_EQ(read(*image, 0, kMiB), std::vector<uint8_t>(kMiB));
  const std::vector<uint8_t> rest = pattern(2 * kMiB, 1);
  EXPECT_EQ(read(*image, kMiB, kMiB), std::vector<uint8_t>(rest.begin() + kMiB, rest.end()));
}

TEST_P(ImageTest, PartsOfBlocksAreZeroedToTheByte) {
  const auto image = make_and_open("image", kMiB);
  for (const bool unmap : {true, false}) {
    std::vector<uint8_t> expected = pattern(65536, 1);
    write(*image, 0, expected);
    ASSERT_TRUE(image->zero({512, 40000}, unmap));
    std::fill(expected.begin() + 512, expected.begin() + 40000, 0);
    EXPECT_EQ(read(*image, 0, expected.size()), expected);
  }
}

TEST_P(ImageTest, ZerosAreWrittenWhereTheFileSystemMakesNone) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("fail punch errno=EOPNOTSUPP").inject("fail zero_range errno=EOPNOTSUPP");
  for (const bool unmap : {true, false}) {
    write(*image, 0, pattern(200000, 1));
    ASSERT_TRUE(image->zero({1, 199999}, unmap));
    EXPECT_EQ(read(*image, 1, 199998), std::vector<uint8_t>(199998));
    EXPECT_EQ(read(*image, 0, 1), pattern(1, 1));
    EXPECT_EQ(read(*image, 199999, 1).front(), pattern(200000, 1).back());
  }
}

TEST_P(ImageTest, NoSpaceAndBrokenDisksAreToldAsTheyAre) {
  const auto image = make_and_open("image", kMiB);
  std::vector<uint8_t> data(512);
  system_.script.inject("fail punch errno=ENOSPC").inject("fail write errno=EDQUOT");
  system_.script.inject("fail read errno=EIO");
  EXPECT_EQ(code(image->zero({0, 4096}, true)), ENOSPC);
  EXPECT_EQ(code(image->write(0, data, MayBlock::yes)), EDQUOT);
  const Done read = image->read(0, data, MayBlock::yes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, EIO);
  EXPECT_EQ(read.error().op, Op::read);
}

TEST_P(ImageTest, ShortAndInterruptedTransfersGoOn) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("short any bytes=1000").inject("fail any errno=EINTR every=2");
  write(*image, 77, pattern(50000, 4));
  EXPECT_EQ(read(*image, 77, 50000), pattern(50000, 4));
}

TEST_P(ImageTest, TellsDataFromHoles) {
  const auto image = make_and_open("image", 4 * kMiB);
  write(*image, kMiB, pattern(kMiB, 1));
  const auto run = [&](uint64_t offset, uint64_t until) {
    return image->run_at(offset, until).value();
  };
  EXPECT_EQ(run(0, 4 * kMiB).end, kMiB);
  EXPECT_FALSE(run(0, 4 * kMiB).mapped);
  EXPECT_EQ(run(0, 4096).end, 4096U);
  EXPECT_EQ(run(kMiB, 4 * kMiB).end, 2 * kMiB);
  EXPECT_TRUE(run(kMiB, 4 * kMiB).mapped);
  EXPECT_EQ(run(kMiB + 512, kMiB + 1024).end, kMiB + 1024);
  EXPECT_EQ(run(3 * kMiB, 4 * kMiB).end, 4 * kMiB);
  EXPECT_FALSE(run(3 * kMiB, 4 * kMiB).mapped);
}

TEST_P(ImageTest, WhereHolesCannotBeFoundAllIsData) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("fail seek_data errno=EOPNOTSUPP");
  const Image::Run run = image->run_at(0, kMiB).value();
  EXPECT_TRUE(run.mapped);
  EXPECT_EQ(run.end, kMiB);
}

TEST_P(ImageTest, PrefetchBringsDataIntoMemory) {
  const auto image = make_and_open("image", kMiB);
  write(*image, 0, pattern(kMiB, 1));
  ASSERT_TRUE(image->flush());
  const Fd fd = look("image");
  drop_cache(fd.get());
  ASSERT_TRUE(image->prefetch({0, 65536}));
  // Pages are made in the background.
  for (int i = 0; i < 1000 && cached_bytes(fd.get()) < 65536; ++i) usleep(2000);
  EXPECT_GE(cached_bytes(fd.get()), 65536U);
}

TEST_P(ImageTest, CopiesBetweenImagesShareWhatCanBeShared) {
  const auto from = make_and_open("from", 32 * kMiB);
  const auto to = make_and_open("to", 32 * kMiB);
  const std::vector<uint8_t> data = pattern(8 * kMiB, 1);
  write(*from, 8 * kMiB, data);
  CopyAccount account;
  uint64_t told = 0;
  const auto progress = [&](uint64_t bytes) {
    told += bytes;
    return true;
  };
  ASSERT_TRUE(copy(*to, *from, {8 * kMiB, 4 * kMiB, 8 * kMiB}, account, progress));
  EXPECT_EQ(told, 8 * kMiB);
  EXPECT_EQ(read(*to, 4 * kMiB, data.size()), data);
  EXPECT_EQ(account.shared, shares() ? 8 * kMiB : 0);
  EXPECT_EQ(account.moved, shares() ? 0 : 8 * kMiB);
  EXPECT_EQ(account.reason.empty(), shares()) << account.reason;
  ASSERT_TRUE(to->flush());
  if (!shares()) return;
  EXPECT_EQ(account.mechanism, "reflink");
  uint64_t shared = 0;
  for (const FileExtent& extent : fiemap(look("to").get())) {
    EXPECT_TRUE(extent.shared());
    shared += extent.logical.length();
  }
  EXPECT_EQ(shared, 8 * kMiB);
}

TEST_P(ImageTest, AnAlignedCloneTakesAFewCallsOfTheKernel) {
  if (!shares()) return;
  const auto from = make_and_open("from", 4 * kMiB);
  const auto to = make_and_open("to", 4 * kMiB);
  write(*from, 0, pattern(4 * kMiB, 1));
  ASSERT_TRUE(from->flush());  // dirty, it may be written back more than once
  system_.recorder.clear();
  CopyAccount account;
  ASSERT_TRUE(copy(*to, *from, {0, 0, 4 * kMiB}, account));
  const std::string asked = system_.recorder.text();
  EXPECT_LE(std::count(asked.begin(), asked.end(), '\n'), 4) << asked;
  EXPECT_NE(asked.find("clone_range"), std::string::npos) << asked;
}

TEST_P(ImageTest, AnAlignedCopyMovesNothingWhereverItLies) {
  const auto from = make_and_open("from", 132 * kMiB);
  const auto to = make_and_open("to", 132 * kMiB);
  const std::vector<uint8_t> data = pattern(4 * kMiB, 1);
  for (const uint64_t offset : {64 * kMiB - 4096, 128 * kMiB - 8192}) {
    write(*from, offset, data);
    CopyAccount account;
    ASSERT_TRUE(copy(*to, *from, {offset, offset, 4 * kMiB}, account));
    EXPECT_EQ(read(*to, offset, data.size()), data);
    EXPECT_EQ(account.moved, shares() ? 0 : 4 * kMiB);
  }
}

TEST_P(ImageTest, WhatCannotBeSharedAnyMoreIsMoved) {
  const auto from = make_and_open("from", 132 * kMiB);
  const auto to = make_and_open("to", 132 * kMiB);
  const std::vector<uint8_t> data = pattern(4 * kMiB, 1);
  write(*from, 64 * kMiB, data);
  system_.script.inject("fail clone_range errno=EOPNOTSUPP after=1");
  CopyAccount account;
  ASSERT_TRUE(copy(*to, *from, {0, 0, 132 * kMiB}, account));
  EXPECT_EQ(read(*to, 64 * kMiB, data.size()), data);
  EXPECT_EQ(account.moved, 4 * kMiB);
  EXPECT_EQ(account.shared, shares() ? 64 * kMiB : 0);
}

TEST_P(ImageTest, UnalignedEndsAreCopiedAndTheMiddleIsShared) {
  const auto from = make_and_open("from", 16 * kMiB);
  const auto to = make_and_open("to", 16 * kMiB);
  const std::vector<uint8_t> data = pattern(16 * kMiB, 7);
  write(*from, 0, data);
  write(*to, 0, pattern(16 * kMiB, 99));
  const uint64_t begin = 512, length = 8 * kMiB + 1024;
  CopyAccount account;
  ASSERT_TRUE(copy(*to, *from, {begin, begin + 4096, length}, account));
  std::vector<uint8_t> expected = pattern(16 * kMiB, 99);
  std::copy_n(data.begin() + begin, length, expected.begin() + begin + 4096);
  EXPECT_EQ(read(*to, 0, expected.size()), expected);
  EXPECT_EQ(account.shared + account.moved, length);
  if (shares()) {
    EXPECT_GE(account.shared, length - 8192);
  }
}

TEST_P(ImageTest, WhatLiesDifferentlyInItsBlocksIsMoved) {
  const auto from = make_and_open("from", 4 * kMiB);
  const auto to = make_and_open("to", 4 * kMiB);
  write(*from, 0, pattern(4 * kMiB, 7));
  CopyAccount account;
  ASSERT_TRUE(copy(*to, *from, {0, 512, kMiB}, account));
  EXPECT_EQ(read(*to, 512, kMiB), pattern(kMiB, 7));
  EXPECT_EQ(account.moved, kMiB);
  EXPECT_FALSE(account.reason.empty());
}

TEST_P(ImageTest, HolesStayHolesAndReplaceWhatWasThere) {
  const auto from = make_and_open("from", 8 * kMiB);
  const auto to = make_and_open("to", 8 * kMiB);
  write(*from, 0, pattern(kMiB, 1));
  write(*to, 0, pattern(8 * kMiB, 2));
  CopyAccount account;
  ASSERT_TRUE(copy(*to, *from, {0, 0, 8 * kMiB}, account));
  EXPECT_EQ(read(*to, 0, kMiB), pattern(kMiB, 1));
  EXPECT_EQ(read(*to, kMiB, 7 * kMiB), std::vector<uint8_t>(7 * kMiB));
  ASSERT_TRUE(to->flush());
  EXPECT_LE(allocated_bytes(look("to").get()), kMiB + 65536);
  EXPECT_EQ(account.shared + account.moved + account.zeroed, 8 * kMiB);
}

TEST_P(ImageTest, CopiesWithinOneImage) {
  const auto image = make_and_open("image", 8 * kMiB);
  write(*image, 0, pattern(kMiB, 1));
  CopyAccount account;
  ASSERT_TRUE(copy(*image, *image, {0, 4 * kMiB, kMiB}, account));
  EXPECT_EQ(read(*image, 4 * kMiB, kMiB), pattern(kMiB, 1));
  EXPECT_EQ(account.shared, shares() ? kMiB : 0);
}

TEST_P(ImageTest, ACopyOfManyPiecesIsWhole) {
  const auto from = make_and_open("from", 300 * kMiB);
  const auto to = make_and_open("to", 300 * kMiB);
  for (const uint64_t at : {uint64_t{0}, 63 * kMiB + 4096, 128 * kMiB - 512, 299 * kMiB}) {
    write(*from, at, pattern(100000, static_cast<uint8_t>(at >> 20)));
  }
  CopyAccount account;
  uint64_t told = 0;
  ASSERT_TRUE(copy(*to, *from, {512, 4608, 300 * kMiB - 4608}, account, [&](uint64_t bytes) {
    told += bytes;
    return true;
  }));
  EXPECT_EQ(told, 300 * kMiB - 4608);
  EXPECT_EQ(read(*to, 63 * kMiB + 8192, 100000), pattern(100000, 63));
  EXPECT_EQ(read(*to, 128 * kMiB + 3584, 100000), pattern(100000, 127));
  EXPECT_EQ(read(*to, 299 * kMiB + 4096, 100000), pattern(100000, 43));
}

TEST_P(ImageTest, ACopyThatIsToldToStopStops) {
  const auto from = make_and_open("from", 200 * kMiB);
  const auto to = make_and_open("to", 200 * kMiB);
  write(*from, 0, pattern(kMiB, 1));
  CopyAccount account;
  EXPECT_EQ(code(copy(*to, *from, {0, 0, 200 * kMiB}, account, [](uint64_t) { return false; })),
            ECANCELED);
  EXPECT_LE(account.shared + account.moved + account.zeroed, 64 * kMiB);
}

TEST_P(ImageTest, ACopyIntoAFullFileSystemSaysSo) {
  const auto from = make_and_open("from", 4 * kMiB);
  const auto to = make_and_open("to", 4 * kMiB);
  write(*from, 0, pattern(4 * kMiB, 1));
  system_.script.inject("fail clone_range errno=ENOSPC").inject("fail copy_range errno=ENOSPC");
  system_.script.inject("fail write errno=ENOSPC");
  CopyAccount account;
  EXPECT_EQ(code(copy(*to, *from, {0, 0, 4 * kMiB}, account)), ENOSPC);
}

TEST_P(ImageTest, ASourceThatIsShorterThanItWasIsAnError) {
  const auto from = make_and_open("from", 4 * kMiB);
  const auto to = make_and_open("to", 4 * kMiB);
  write(*from, 0, pattern(4 * kMiB, 1));
  ASSERT_EQ(::truncate(path("from").c_str(), kMiB), 0);
  CopyAccount account;
  EXPECT_NE(code(copy(*to, *from, {0, 0, 4 * kMiB}, account)), 0);
}

TEST_P(ImageTest, AScratchImageHasNoNameAndShares) {
  const auto image = make_and_open("image", 8 * kMiB);
  write(*image, 0, pattern(kMiB, 1));
  const auto scratch = image->scratch(kMiB);
  ASSERT_TRUE(scratch) << scratch.error().message();
  EXPECT_EQ(names_in(directory_), std::vector<std::string>{"image"});
  EXPECT_EQ((*scratch)->info().file_system, image->info().file_system);
  CopyAccount account;
  ASSERT_TRUE(copy(**scratch, *image, {0, 0, kMiB}, account));
  EXPECT_EQ(account.shared, shares() ? kMiB : 0);
  write(*image, 0, pattern(kMiB, 2));
  EXPECT_EQ(read(**scratch, 0, kMiB), pattern(kMiB, 1));
}

TEST_P(ImageTest, AScratchImageNeedsUnnamedFiles) {
  const auto image = make_and_open("image", kMiB);
  system_.script.inject("fail create_unnamed errno=EOPNOTSUPP");
  const auto scratch = image->scratch(kMiB);
  ASSERT_FALSE(scratch);
  EXPECT_EQ(scratch.error().code, EOPNOTSUPP);
}

TEST_P(ImageTest, ASnapshotIsAllOfItUnderAnotherName) {
  const auto image = make_and_open("image", 4 * kMiB + 5);
  write(*image, kMiB, pattern(kMiB, 1));
  const Done done = image->snapshot(path("snapshot"));
  if (!shares()) {
    EXPECT_EQ(code(done), EOPNOTSUPP);
    EXPECT_EQ(names_in(directory_), std::vector<std::string>{"image"});
    return;
  }
  ASSERT_TRUE(done) << done.error().message();
  write(*image, kMiB, pattern(kMiB, 2));
  const auto snapshot = open("snapshot", {.read_only = true});
  EXPECT_EQ(snapshot->info().size, 4 * kMiB + 5);
  EXPECT_EQ(read(*snapshot, kMiB, kMiB), pattern(kMiB, 1));
}

TEST_P(ImageTest, ASnapshotReplacesNothing) {
  const auto image = make_and_open("image", kMiB);
  write_text(path("there"), "mine");
  EXPECT_NE(code(image->snapshot(path("there"))), 0);
  EXPECT_EQ(read_text(path("there")), "mine");
  EXPECT_NE(code(image->snapshot(path("no/such"))), 0);
  EXPECT_NE(code(image->snapshot(path(""))), 0);
}

}  // namespace
}  // namespace libcopyfile::test
