// Beside the machine: serves the disks while the machine runs, then looks at what its guest has done to the images.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "lab/suites/guest/disks.h"
#include "testing/inspect.h"
#include "testing/oracle.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/stamped.h"
#include "testing/target_daemon.h"

namespace libcopyfile::test {
namespace {

// What QEMU takes as names of its drives.
constexpr const char* kNames[] = {"first", "second", "third"};

class Served final : public ::testing::Environment {
 public:
  void SetUp() override;
  void TearDown() override {
    daemon_.reset();
    fs_.reset();
  }

  Fd image(const std::string& name) const;
  uint64_t used() const;
  uint64_t used_before() const { return used_before_; }
  nlohmann::json status() const { return daemon_->ask({"status"}); }
  nlohmann::json luns() const { return daemon_->ask({"luns"}); }

 private:
  void make_images() const;

  std::optional<ScratchFs> fs_;
  std::unique_ptr<TargetDaemon> daemon_;
  uint64_t used_before_ = 0;
};

// gtest's own, before main().
Served& served = *static_cast<Served*>(::testing::AddGlobalTestEnvironment(new Served));

void Served::SetUp() {
  // Without room for a copy that is none.
  fs_.emplace(ScratchFs::xfs({.size = uint64_t{1} << 30}));
  make_images();
  used_before_ = used();
  std::vector<std::string> arguments{"--portal", "127.0.0.1:0"};
  for (const char* name : kNames) arguments.push_back(fs_->file(name));
  daemon_ = std::make_unique<TargetDaemon>(fs_->path(), arguments);
  std::printf("host:");
  for (unsigned lun = 0; lun < std::size(kNames); ++lun) {
    std::printf(" %s=%s", kNames[lun], daemon_->url(lun).c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
  // The machine runs until this ends.
  char unused = 0;
  while (read(STDIN_FILENO, &unused, 1) > 0) {
  }
}

// The first disk is full, of 64 MiB that lie at all of its places.
void Served::make_images() const {
  constexpr uint64_t kPiece = 64 * guest::kMiB;
  for (const char* name : kNames) {
    const Fd made(open(fs_->file(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const uint64_t size = std::string(name) == "third" ? guest::kThird : guest::kMuch;
    if (!made.valid() || ftruncate(made.get(), static_cast<off_t>(size)) != 0) {
      throw ScratchError::of_errno("make an image");
    }
  }
  const Fd first = image("first");
  const std::string piece = stamped_text(1, kPiece);
  if (pwrite(first.get(), piece.data(), piece.size(), 0) != static_cast<ssize_t>(piece.size()) ||
      fsync(first.get()) != 0) {
    throw ScratchError::of_errno("fill an image");
  }
  for (uint64_t at = kPiece; at < guest::kMuch; at += kPiece) {
    const file_clone_range clone{first.get(), 0, kPiece, at};
    if (ioctl(first.get(), FICLONERANGE, &clone) != 0) throw ScratchError::of_errno("clone");
  }
}

Fd Served::image(const std::string& name) const {
  Fd fd(open(fs_->file(name).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open an image");
  return fd;
}

uint64_t Served::used() const {
  struct statvfs told {};
  if (statvfs(fs_->path().c_str(), &told) != 0) throw ScratchError::of_errno("ask for room");
  return (told.f_blocks - told.f_bfree) * told.f_frsize;
}

TEST(Host, HasACloneWhereTheGuestHasACopy) {
  const Fd first = served.image("first"), second = served.image("second");
  // Blocks of the file system's own, which list the extents, are counted with a file.
  EXPECT_GE(allocated_bytes(first.get()), guest::kMuch);
  EXPECT_GE(allocated_bytes(second.get()), guest::kMuch);
  EXPECT_TRUE(shares_all(second.get(), first.get(), {0, guest::kMuch}));
}

TEST(Host, HasSpentNothingOnIt) {
  const uint64_t spent = served.used() - served.used_before();
  const uint64_t written = guest::kWritten.end - guest::kWritten.begin;
  std::printf("measured: room that the copy took: %.1f MiB of 10240\n",
              static_cast<double>(spent > written ? spent - written : 0) / guest::kMiB);
  EXPECT_LT(spent, written + guest::kMuch / 100);
  EXPECT_EQ(served.status().at("bytes_moved"), 0);
  EXPECT_GE(served.status().at("bytes_shared"), guest::kMuch);
  const auto luns = served.luns();
  for (int disk = 0; disk < 2; ++disk) {
    EXPECT_LT(luns.at(disk).at("bytes_read"), guest::kMuch / 100);
    EXPECT_LT(luns.at(disk).at("bytes_written"), guest::kMuch / 100);
  }
}

TEST(Host, HasWhatTheGuestWroteAndCopiedInsideADisk) {
  Oracle third;
  third.truncate(guest::kThird);
  third.write_stamped(guest::kWritten, guest::kFile);
  third.copy(third, guest::kCopied);
  third.copy(third, guest::kCopiedBySg);
  third.zero(guest::kDiscarded);
  const Fd fd = served.image("third");
  EXPECT_TRUE(holds(fd.get(), third));
  const uint64_t kept = guest::kCopied.length;
  EXPECT_EQ(seek_map(fd.get()),
            (std::vector<Range>{
                {0, kept}, guest::kCopied.destination(), guest::kCopiedBySg.destination()}));
  for (const FileExtent& extent : fiemap(fd.get())) {
    EXPECT_TRUE(extent.shared()) << extent.logical.begin;
  }
}

}  // namespace
}  // namespace libcopyfile::test
