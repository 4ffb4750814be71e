// File systems on the disks, written to by programs of this machine while the target copies, is restarted, or killed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/fd.h"
#include "disks.h"
#include "kernel_session.h"
#include "lab/support/workplace.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kSize = 256 * kMiB;
constexpr const char* kTree = "/usr/lib/x86_64-linux-gnu";  // of files of many sizes
constexpr int kTrees = 2;

void check_ext4(const std::string& disk) { shell("e2fsck -fn " + disk + " >/dev/null"); }

// Somebody who appends lines to a file, each of which is on stable storage before the next, and says how many are.
class Writer {
 public:
  explicit Writer(const std::string& file) : thread_([this, file] { write_lines(file); }) {}
  ~Writer() { stop(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  uint64_t acknowledged() const { return acknowledged_; }
  void await(uint64_t more) const {
    const uint64_t wanted = acknowledged_ + more;
    wait_until("the writer gets on", [&] { return acknowledged_ >= wanted || failed_; });
  }
  // Whether all went well.
  bool stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return !failed_;
  }

 private:
  void write_lines(const std::string& file);

  std::atomic<uint64_t> acknowledged_{0};
  std::atomic<bool> stop_{false}, failed_{false};
  std::thread thread_;
};

std::string line(uint64_t number) {
  return std::to_string(number) + " " + std::string(3000, 'x') + "\n";
}

void Writer::write_lines(const std::string& file) {
  const Fd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  while (fd.valid() && !stop_) {
    const std::string next = line(acknowledged_);
    if (write(fd.get(), next.data(), next.size()) != static_cast<ssize_t>(next.size()) ||
        fsync(fd.get()) != 0)
      break;
    ++acknowledged_;
  }
  failed_ = !stop_;
}

void expect_lines(const std::string& file, uint64_t count) {
  const std::string found = read_text(file);
  std::string wanted;
  for (uint64_t i = 0; i < count; ++i) wanted += line(i);
  EXPECT_GE(found.size(), wanted.size());
  EXPECT_TRUE(found.starts_with(wanted)) << file;
}

class Load : public Disks, public ::testing::WithParamInterface<const char*> {
 protected:
  Load() : Disks(GetParam()) {}

  // By the one who uses it: a to b.
  void clone_in_use(const std::string& mounted, const std::string& from,
                    const std::string& to) const {
    shell("fsfreeze -f " + mounted);
    // Segments of whole blocks of the file system: those of 65535 blocks, as many as a descriptor has room for, are moved.
    const Finished done =
        run({"sg_xcopy", "bs=512", "bpt=65528", "count=" + std::to_string(kSize / 512),
             "if=" + generic_node(from.substr(5)), "of=" + generic_node(to.substr(5))});
    const bool shared = shares("a", "b", {0, kSize});
    shell("fsfreeze -u " + mounted);
    EXPECT_TRUE(done.ok()) << done.err;
    EXPECT_TRUE(shared);
  }
};

INSTANTIATE_TEST_SUITE_P(On, Load, ::testing::Values("xfs", "btrfs"),
                         [](const auto& one) { return std::string(one.param); });

// A cluster's worth of what guests do: one disk holds a file system that is written to, two others are copied to and fro.
TEST_P(Load, AFileSystemIsWholeWhileCopiesRunBesideIt) {
  constexpr Range kRaw{0, 32 * kMiB};
  for (const char* name : {"a", "b"}) add(name, kSize);
  for (const char* name : {"c", "d"}) add(name, 2 * kRaw.end);
  start();
  auto session = std::make_unique<KernelSession>("first");
  const std::string a = session->disk(0), b = session->disk(1);
  const std::string c = session->disk(2), d = session->disk(3);
  shell("mkfs.ext4 -q " + a);
  Oracle raw;
  write_stamped(c.substr(5), kRaw, 1, raw);
  const Workplace place("/run", "/run");
  const std::string sums = "find . -type f | sort | xargs cksum";
  {
    const Mounted mounted(a, place_ + "/a");
    std::atomic<bool> loaded{false};
    std::thread load([&] {
      for (int i = 0; i < kTrees; ++i) {
        const std::string tree = mounted.path() + "/" + std::to_string(i);
        const Finished done = run(
            {"/bin/sh", "-c", std::string("cp -r ") + kTree + " " + tree + " && sync -f " + tree});
        EXPECT_TRUE(done.ok()) << done.err;
      }
      loaded = true;
    });
    int rounds = 0;
    do {
      const Told told = place.by_storage({c, d, "0:0:16M"});
      EXPECT_TRUE(told.ok()) << told.everything();
      EXPECT_EQ(told.by("scsi_extended_copy"), kRaw.end / 2);
      shell("sg_xcopy bs=512 skip=32768 seek=32768 count=32768 if=" + generic_node(c.substr(5)) +
            " of=" + generic_node(d.substr(5)) + " 2>&1");
      ++rounds;
    } while (!loaded || rounds < 3);
    load.join();
    expect_disk(d.substr(5), raw, kRaw);
    EXPECT_TRUE(shares("c", "d", kRaw));
    shell(std::string("cd ") + kTree + " && " + sums + " >" + place_ + "/sums");
    for (int i = 0; i < kTrees; ++i) {
      shell("cd " + mounted.path() + "/" + std::to_string(i) + " && " + sums + " | cmp - " +
            place_ + "/sums");
    }
    clone_in_use(mounted.path(), a, b);
    const uint64_t before = allocated("a");
    shell("rm -r " + mounted.path() + "/0 && sync -f " + mounted.path() + " && fstrim " +
          mounted.path());
    EXPECT_LT(allocated("a"), before * 3 / 4);
  }
  check_ext4(a);
  session.reset();
  EXPECT_EQ(target_->ask({"sessions"}).size(), 0U);
  const KernelSession again("first");
  check_ext4(again.disk(0));
  check_ext4(again.disk(1));
  const Mounted clone(again.disk(1), place_ + "/b");
  shell("cd " + clone.path() + "/1 && " + sums + " | cmp - " + place_ + "/sums");
  EXPECT_EQ(target_->ask({"status"}).at("copies_failed"), 0);
}

class Ends : public Disks {
 protected:
  Ends() {
    add("a", kSize);
    start();
    session_ = std::make_unique<KernelSession>("first");
    shell("mkfs.ext4 -q " + session_->disk(0));
  }

  std::unique_ptr<KernelSession> session_;
};

// The target asks for a logout, and open-iscsi comes back by itself.
TEST_F(Ends, ARestartIsAPauseToThoseWhoWrite) {
  const std::string disk = session_->disk(0);
  {
    const Mounted mounted(disk, place_ + "/a");
    Writer writer(mounted.path() + "/lines");
    writer.await(5);
    target_->signal(SIGTERM);
    EXPECT_EQ(target_->wait(), 0);
    start();
    writer.await(5);
    ASSERT_TRUE(writer.stop());
    expect_lines(mounted.path() + "/lines", writer.acknowledged());
  }
  EXPECT_EQ(session_->disk(0), disk);
  check_ext4(disk);
}

TEST_F(Ends, WhatFsyncHasAcknowledgedSurvivesAKill) {
  const std::string disk = session_->disk(0);
  {
    const Mounted mounted(disk, place_ + "/a");
    Writer writing(mounted.path() + "/lines");
    writing.await(20);
    target_->kill();
    const uint64_t acknowledged = writing.acknowledged();
    // As it is at this moment, and served as another disk.
    shell("cp --reflink=always " + image("a") + " " + image("then"));
    add("then", kSize);
    start();
    wait_until("the session is back", [&] {
      return target_->ask({"status"}).at("sessions") == 1 &&
             session_->attribute("state") == "LOGGED_IN";
    });
    session_->scan();
    {
      const Mounted then(session_->disk(1), place_ + "/then");
      expect_lines(then.path() + "/lines", acknowledged);
    }
    check_ext4(session_->disk(1));
    writing.await(5);
    ASSERT_TRUE(writing.stop());
    expect_lines(mounted.path() + "/lines", writing.acknowledged());
  }
  check_ext4(disk);
}

}  // namespace
}  // namespace libcopyfile::test
