// Sources that are not what they seem: sizes that lie, pipes, devices, and those that change under the copy.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/c_interface.h"
#include "testing/child.h"
#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/loop_device.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/seccomp.h"
#include "testing/stamped.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

class Source : public ::testing::TestWithParam<FsKind> {
 protected:
  Source() : path_(test_directory(GetParam())) {}
  std::string at(const std::string& name) { return path_ + "/" + name; }
  // 0 or an errno; the copy is called "copy".
  int copy(const std::string& from) { return copy_at(from, at("copy"), how_, &report_); }

  // Not where the copy will be: the FUSE server makes no special files.
  static std::string make_fifo() {
    std::string path = test_directory(FsKind::tmpfs) + "/fifo";
    EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  std::string path_;
  copyfile_how how_{};
  copyfile_report report_{};
};

INSTANTIATE_TEST_SUITE_P(Api, Source,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::tmpfs, FsKind::fuse),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Source, FilesThatTheKernelMakesUp) {
  // Sizes of 0 and of 4096 that mean nothing; one that is longer than a page.
  for (const char* name : {"/proc/self/cmdline", "/proc/filesystems", "/proc/cpuinfo",
                           "/sys/devices/system/cpu/online", "/sys/kernel/notes"}) {
    if (is_refused("no-proc") && std::string_view(name).starts_with("/proc")) continue;
    const std::string before = read_text(name);
    ASSERT_FALSE(before.empty()) << name;
    how_.replace = COPYFILE_REPLACE_FILE;
    ASSERT_EQ(copy(name), 0) << name << ": " << std::strerror(errno);
    const std::string copied = read_text(at("copy"));
    EXPECT_EQ(copied.size(), before.size()) << name;
    if (std::string_view(name) != "/proc/cpuinfo") {  // its clock rates change
      EXPECT_EQ(copied, before) << name;
    }
    EXPECT_EQ(report_.size, copied.size());
  }
}

TEST_P(Source, RangesOfFilesThatTheKernelMakesUp) {
  const char* const name = is_refused("no-proc") ? "/sys/kernel/notes" : "/proc/filesystems";
  const std::string text = read_text(name);
  ASSERT_GT(text.size(), 60U);
  const Fd in(open(name, O_RDONLY | O_CLOEXEC));
  const Fd out = make_file(at("out"), {}, 0);
  copyfile_range ranges[] = {
      {10, 100, 20, 0}, {0, 0, 10, 0}, {1 << 20, 50, 10, 0}, {40, 200, 5, 0}};
  EXPECT_EQ(copyfilev(out.get(), in.get(), ranges, 4, 0), 35);
  const std::string copied = read_text(at("out"));
  ASSERT_EQ(copied.size(), 205U);
  EXPECT_EQ(copied.substr(0, 10), text.substr(0, 10));
  EXPECT_EQ(copied.substr(100, 20), text.substr(10, 20));
  EXPECT_EQ(copied.substr(200, 5), text.substr(40, 5));
  EXPECT_EQ(ranges[2].copied, 0U);
}

TEST_P(Source, Fifo) {
  const std::string fifo_path = make_fifo();
  std::vector<std::byte> bytes(1'000'001);
  fill_stamped(bytes, 1, 0);
  Child writer([&] {
    const Fd fifo(open(fifo_path.c_str(), O_WRONLY | O_CLOEXEC));
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n =
          write(fifo.get(), bytes.data() + done, std::min<size_t>(65000, bytes.size() - done));
      if (n <= 0) break;
      done += static_cast<size_t>(n);
    }
    return 0;
  });
  EXPECT_EQ(copy(fifo_path), 0);
  EXPECT_EQ(writer.wait(), 0);
  Oracle oracle;
  oracle.write_stamped({0, bytes.size()}, 1);
  const Fd copied(open(at("copy").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(holds(copied.get(), oracle));
  EXPECT_EQ(report_.size, bytes.size());
}

TEST_P(Source, FifoWithZerosThatBecomeHoles) {
  const std::string fifo_path = make_fifo();
  Child writer([&] {
    const Fd fifo(open(fifo_path.c_str(), O_WRONLY | O_CLOEXEC));
    const std::vector<char> zeros(1 << 20);
    for (size_t done = 0; done < zeros.size();) {
      const ssize_t n = write(fifo.get(), zeros.data() + done, zeros.size() - done);
      if (n <= 0) break;
      done += static_cast<size_t>(n);
    }
    return 0;
  });
  how_.flags = COPYFILE_SPARSE_ALWAYS;
  EXPECT_EQ(copy(fifo_path), 0);
  EXPECT_EQ(writer.wait(), 0);
  struct stat now {};
  ASSERT_EQ(stat(at("copy").c_str(), &now), 0);
  EXPECT_EQ(now.st_size, 1 << 20);
}

TEST_P(Source, CharacterDevices) {
  EXPECT_EQ(copy("/dev/null"), 0);
  EXPECT_EQ(read_text(at("copy")), "");
}

TEST_P(Source, EndlessDeviceUntilSomebodyCancels) {
  how_.rate = 50 << 20;
  how_.progress = [](const copyfile_progress* progress, void*) {
    return progress->copied > (2 << 20) ? 1 : 0;
  };
  EXPECT_EQ(copy("/dev/zero"), ECANCELED);
  EXPECT_EQ(names_in(path_), Names{});
}

TEST_P(Source, BlockDevice) {
  constexpr uint64_t kSize = 3 << 20;
  const LoopDevice device = attach_loop(make_image(kSize, {}), 512);
  std::vector<std::byte> bytes(kSize);
  fill_stamped(bytes, 1, 0);
  ASSERT_EQ(pwrite(device.fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(kSize));
  EXPECT_EQ(copy(device.path), 0);
  Oracle oracle;
  oracle.write_stamped({0, kSize}, 1);
  const Fd copied(open(at("copy").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(holds(copied.get(), oracle));
}

TEST_P(Source, RangesOfBlockDevices) {
  constexpr uint64_t kSize = 2 << 20;
  const LoopDevice device = attach_loop(make_image(kSize, {}), 512);
  const Fd in = make_file(at("in"), layout_of("data 300K, hole 300K, data 300K"), 1);
  // Odd offsets: not of whole sectors.
  EXPECT_EQ(copyfile(device.fd.get(), in.get(), 0, 777, 900 << 10, 0), 900 << 10);
  Oracle oracle;
  oracle.truncate(kSize);
  oracle.copy(oracle_of(layout_of("data 300K, hole 300K, data 300K"), 1), {0, 777, 900 << 10});
  std::vector<std::byte> want(kSize);
  std::vector<std::byte> got(kSize);
  oracle.read(0, want);
  ASSERT_EQ(pread(device.fd.get(), got.data(), kSize, 0), static_cast<ssize_t>(kSize));
  EXPECT_TRUE(want == got);
  // A device does not grow.
  EXPECT_EQ(copyfile(device.fd.get(), in.get(), 0, kSize - 100, 200, 0), 100);
  EXPECT_EQ(copyfile(device.fd.get(), in.get(), 0, kSize, 200, 0), -1);
  EXPECT_EQ(errno, ENOSPC);
}

TEST_P(Source, OneDeviceUnderTwoNodesIsOneFile) {
  constexpr uint64_t kSize = 1 << 20;
  const LoopDevice device = attach_loop(make_image(kSize, {}), 512);
  struct stat node {};
  ASSERT_EQ(fstat(device.fd.get(), &node), 0);
  if (mknod(at("other").c_str(), S_IFBLK | 0600, node.st_rdev) != 0) {
    ASSERT_EQ(GetParam(), FsKind::fuse);  // has no device nodes
    return;
  }
  const Fd other(open(at("other").c_str(), O_RDWR | O_CLOEXEC));
  if (!other.valid()) return;
  EXPECT_EQ(copyfile(device.fd.get(), other.get(), 0, 100, 1000, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

// --- progress and rate ---

TEST_P(Source, ProgressRisesToTheTotal) {
  make_file(at("source"), layout_of("data 3M"), 1);
  struct Seen {
    uint64_t calls = 0;
    copyfile_progress last{};
  } seen;
  how_.flags = COPYFILE_NO_SHARE;
  how_.progress_data = &seen;
  how_.progress = [](const copyfile_progress* progress, void* data) {
    auto* s = static_cast<Seen*>(data);
    EXPECT_GE(progress->copied, s->last.copied);
    s->last = *progress;
    ++s->calls;
    return 0;
  };
  EXPECT_EQ(copy(at("source")), 0);
  EXPECT_GE(seen.calls, 1U);
  EXPECT_EQ(seen.last.copied, 3U << 20);
  EXPECT_EQ(seen.last.total, 3U << 20);
}

TEST_P(Source, RateIsKeptRoughly) {
  make_file(at("source"), layout_of("data 1M"), 1);
  how_.flags = COPYFILE_NO_SHARE;
  how_.rate = 4 << 20;
  timespec begin{};
  timespec end{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  EXPECT_EQ(copy(at("source")), 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double seconds = static_cast<double>(end.tv_sec - begin.tv_sec) +
                         1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec);
  EXPECT_GE(seconds, 0.2);
  EXPECT_LE(seconds, 3.0);
}

}  // namespace
}  // namespace libcopyfile::test
