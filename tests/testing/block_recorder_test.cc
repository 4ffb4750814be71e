// The recording block device says what it was asked, in order, and keeps the bytes.
#include "testing/block_recorder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "testing/block_log.h"
#include "testing/private_mounts.h"

namespace libcopyfile::test {
namespace {

using testing::ElementsAre;

std::string bytes_of(const Fd& fd) {
  std::string bytes(static_cast<size_t>(lseek(fd.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

std::vector<std::string> in_words(const std::string& log) {
  std::vector<std::string> words;
  for (const BlockEvent& e : parse_block_log(std::as_bytes(std::span(log)))) {
    const std::string at = " " + std::to_string(e.offset) + "+" + std::to_string(e.length);
    switch (e.op) {
      case BlockOp::write: words.push_back("write" + at); break;
      case BlockOp::zero: words.push_back("zero" + at); break;
      case BlockOp::discard: words.push_back("discard" + at); break;
      case BlockOp::flush: words.emplace_back("flush"); break;
      case BlockOp::mark: words.push_back("mark " + std::string(e.text())); break;
    }
  }
  return words;
}

class BlockRecorderTest : public testing::Test {
 protected:
  BlockRecorderTest() { recorder_->mark("attached"); }  // attaching flushes
  void write_at(uint64_t offset, char with, int flags) const {
    alignas(4096) static char block[4096];
    std::memset(block, with, sizeof block);
    const Fd device(open(recorder_->device().c_str(), O_RDWR | O_CLOEXEC | flags));
    ASSERT_EQ(pwrite(device.get(), block, sizeof block, static_cast<off_t>(offset)), 4096);
  }
  std::vector<std::string> log() const {
    std::vector<std::string> words = in_words(bytes_of(log_));
    words.erase(words.begin(), std::find(words.begin(), words.end(), "mark attached") + 1);
    return words;
  }

  Fd image_ = make_image(1 << 20, {});
  Fd log_{memfd_create("log", MFD_CLOEXEC)};
  std::unique_ptr<BlockRecorder> recorder_ = std::make_unique<BlockRecorder>(image_, log_);
};

TEST_F(BlockRecorderTest, WritesFlushesAndMarksAreInOrder) {
  write_at(8192, 'a', O_DIRECT);
  recorder_->mark("one");
  write_at(4096, 'b', O_DIRECT);
  const Fd device(open(recorder_->device().c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(fsync(device.get()), 0);
  recorder_->mark("two");
  EXPECT_THAT(log(),
              ElementsAre("write 8192+4096", "mark one", "write 4096+4096", "flush", "mark two"));
  EXPECT_EQ(bytes_of(image_).substr(4096, 8192), std::string(4096, 'b') + std::string(4096, 'a'));
}

// FUA and a flush before: what a journal's commit block is written with.
TEST_F(BlockRecorderTest, SynchronousWritesAreFlushed) {
  write_at(0, 'a', O_DIRECT | O_DSYNC);
  const std::vector<std::string> words = log();
  ASSERT_GE(words.size(), 2U);
  EXPECT_EQ(words.back(), "flush");
  EXPECT_NE(std::find(words.begin(), words.end(), "write 0+4096"), words.end());
}

TEST_F(BlockRecorderTest, DiscardsAreRecordedAndReadAsZeros) {
  write_at(4096, 'a', O_DIRECT);
  const Fd device(open(recorder_->device().c_str(), O_RDWR | O_CLOEXEC));
  const uint64_t range[2] = {4096, 4096};
  ASSERT_EQ(ioctl(device.get(), BLKDISCARD, range), 0);
  EXPECT_THAT(log(), ElementsAre("write 4096+4096", "discard 4096+4096"));
  EXPECT_EQ(bytes_of(image_).substr(4096, 4096), std::string(4096, '\0'));
}

TEST_F(BlockRecorderTest, NothingIsLeft) {
  const std::string device = recorder_->device();
  const auto image = image_of_loop(device);
  EXPECT_TRUE(image);
  recorder_.reset();
  EXPECT_NE(image_of_loop(device), image);
}

}  // namespace
}  // namespace libcopyfile::test
