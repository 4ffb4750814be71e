#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "sys/thread.h"
#include "testing/inspect.h"
#include "testing/islands.h"
#include "testing/seccomp.h"
#include "testing/stamped.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

Case find_case(const std::string& name, FsKind fs) {
  for (const Subject& s : subjects()) {
    if (s.name == name) return {&s, fs};
  }
  throw std::out_of_range(name);
}

TEST(Buffered, WithoutASecondThreadTheSameInTurns) {
  const std::string directory = test_directory(FsKind::ext4);
  Trial t(find_case("buffered", FsKind::ext4), directory);
  refusing({"no-threads"}, [&] {
    EXPECT_FALSE(Thread::start([] {}));
    t.run();
  });
  t.check();
  EXPECT_EQ(t.moved().stop, Stop::complete);
}

TEST(Buffered, WithoutASecondThreadErrorsAreTheSame) {
  const std::string directory = test_directory(FsKind::ext4);
  for (const char* operation : {"read", "write"}) {
    Trial t(find_case("buffered", FsKind::ext4), directory);
    t.system.script.inject(std::string("fail ") + operation + " errno=EIO after=2");
    refusing({"no-threads"}, [&] { t.run(); });
    t.check();
    EXPECT_EQ(t.moved().stop, Stop::failed);
    t.check_continuation();
  }
}

// read(2) gives what lies before an unreadable block first, and then the error: not the end of the file.
TEST(Buffered, AnErrorBehindAShortReadIsNotTheEnd) {
  const std::string directory = test_directory(FsKind::ext4);
  for (const bool threads : {false, true}) {
    Trial t(find_case("buffered", FsKind::ext4), directory);
    t.system.script.inject("short read bytes=4096").inject("fail read errno=EIO after=2");
    if (threads) {
      t.run();
    } else {
      refusing({"no-threads"}, [&] { t.run(); });
    }
    t.check();
    EXPECT_EQ(t.moved().stop, Stop::failed);
    EXPECT_EQ(t.moved().error.code, EIO);
    EXPECT_TRUE(threads || t.moved().bytes == 8192) << t.moved().bytes;
  }
}

TEST(Buffered, ManySmallRangesShareABuffer) {
  const std::string directory = test_directory(FsKind::ext4);
  const Fd in = make_file(directory + "/in", layout_of("data 1M"), 1);
  const Fd out = make_file(directory + "/out", {}, 0);
  std::vector<CopyRange> ranges;
  for (uint64_t i = 0; i < 128; ++i) ranges.push_back({i * 8192, i * 4096, 4096});
  FaultySystem system;
  system.fd_names.set(in.get(), "source");
  TestControl control;
  control.set_chunk(UINT64_MAX);
  Facts facts;
  Pair pair{system.files, in.get(), out.get(), facts, control, {}};
  EXPECT_EQ(Catalogue().at(MechanismId::buffered).move(pair, ranges).stop, Stop::complete);
  EXPECT_EQ(control.calls(), 1U);
  EXPECT_EQ(system.script.calls("read"), 128U);
}

TEST(Buffered, ZerosBecomeHoles) {
  const std::string directory = test_directory(FsKind::ext4);
  for (const char* name : {"buffered_sparse", "buffered_sparse_new"}) {
    Trial t(find_case(name, FsKind::ext4), directory);
    t.run();
    t.check();
    EXPECT_GT(t.moved().holes, 0U);
    // What was found as zeros takes no room any more; both sides share edges of blocks.
    const uint64_t old = name == std::string("buffered_sparse") ? 450'000 : 0;
    EXPECT_LE(allocated_bytes(t.out()), old + t.asked() - t.moved().holes + 10 * 4096) << name;
  }
}

TEST(Buffered, DropsPagesBehindWhereTheKernelCannot) {
  const std::string directory = test_directory(FsKind::tmpfs);
  const Fd in = make_file(directory + "/in", layout_of("hole 200M"), 1);
  const Fd out = make_file(directory + "/out", {}, 0);
  FaultySystem system;
  system.fd_names.set(out.get(), "out");
  TestControl control;
  control.set_chunk(UINT64_MAX);
  Facts facts;
  facts.kernel = {6, 1};
  Manner manner;
  manner.cache = Cache::drop;
  Pair pair{system.files, in.get(), out.get(), facts, control, manner};
  const CopyRange all{0, 0, 200 << 20};
  ASSERT_EQ(Catalogue().at(MechanismId::buffered).move(pair, {&all, 1}).stop, Stop::complete);
  // Write-back reaches the end; pages go at a distance that gives it time.
  const std::string requests = system.recorder.of("out");
  EXPECT_NE(requests.find("start_writeback out 0+"), std::string::npos);
  EXPECT_NE(requests.find("advise out 0+"), std::string::npos);
  EXPECT_EQ(requests.find("dontcache"), std::string::npos) << "unsafe before 6.16";
}

// --- streams ---

class Stream : public ::testing::Test {
 protected:
  Stream() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_end_ = Fd(ends[0]);
    write_end_ = Fd(ends[1]);
    out_ = make_file(test_directory(FsKind::ext4) + "/out", {}, 0);
    facts_.in.kind = FileType::stream;
    facts_.out.kind = FileType::regular;
  }
  Moved move(uint64_t length = kMaxOffset) {
    Pair pair{system_.files, read_end_.get(), out_.get(), facts_, control_, {}};
    const CopyRange all{0, 0, length};
    return Catalogue().at(MechanismId::buffered).move(pair, {&all, 1});
  }
  void feed(uint64_t length, size_t piece) {
    std::vector<std::byte> bytes(length);
    fill_stamped(bytes, 1, 0);
    for (size_t at = 0; at < length;) {
      const ssize_t n = write(write_end_.get(), bytes.data() + at, std::min(piece, length - at));
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
    write_end_ = Fd();
  }

  FaultySystem system_;
  TestControl control_;
  Facts facts_;
  Fd read_end_, write_end_, out_;
};

TEST_F(Stream, IsReadToItsEnd) {
  control_.set_chunk(1 << 20);
  std::thread feeder([&] { feed(300'001, 4097); });
  const Moved moved = move();
  feeder.join();
  EXPECT_EQ(moved.stop, Stop::end_of_source);
  EXPECT_EQ(moved.bytes, 300'001U);
  Oracle oracle;
  oracle.write_stamped({0, 300'001}, 1);
  EXPECT_TRUE(holds(out_.get(), oracle));
}

TEST_F(Stream, EndsWhereTheRequestEnds) {
  std::thread feeder([&] { feed(20'000, 20'000); });
  const Moved moved = move(7'777);
  feeder.join();
  EXPECT_EQ(moved.stop, Stop::complete);
  EXPECT_EQ(moved.bytes, 7'777U);
}

TEST_F(Stream, EmptyOneIsAnEmptyFile) {
  write_end_ = Fd();
  const Moved moved = move();
  EXPECT_EQ(moved.stop, Stop::end_of_source);
  EXPECT_EQ(moved.bytes, 0U);
}

TEST_F(Stream, WhatHasComeGoesOnAtOnce) {
  std::thread feeder([&] {
    const char byte = 'x';
    ASSERT_EQ(write(write_end_.get(), &byte, 1), 1);
    // Nothing more is sent before the first byte has arrived.
    while (lseek(out_.get(), 0, SEEK_END) < 1) usleep(1000);
    write_end_ = Fd();
  });
  EXPECT_EQ(move().bytes, 1U);
  feeder.join();
}

TEST_F(Stream, SignalIsAMomentToCancel) {
  control_.stop_at(0);
  system_.script.inject("fail read errno=EINTR times=1");
  const Moved moved = move();
  EXPECT_EQ(moved.stop, Stop::cancelled);
  EXPECT_EQ(moved.bytes, 0U);
}

TEST_F(Stream, InterruptedAndNotCancelledGoesOn) {
  system_.script.inject("fail any errno=EINTR every=2");
  std::thread feeder([&] { feed(10'000, 1000); });
  EXPECT_EQ(move().bytes, 10'000U);
  feeder.join();
}

TEST_F(Stream, ReadErrorKeepsWhatCame) {
  system_.script.inject("fail read errno=EIO after=1");
  std::thread feeder([&] { feed(1000, 1000); });
  const Moved moved = move();
  feeder.join();
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, EIO);
  EXPECT_EQ(moved.bytes, 1000U);
}

TEST_F(Stream, WriteErrorDoesNotWaitForASilentPipe) {
  system_.script.inject("fail write errno=ENOSPC");
  const char byte = 'x';
  ASSERT_EQ(write(write_end_.get(), &byte, 1), 1);
  const Moved moved = move();  // the writer never closes
  EXPECT_EQ(moved.stop, Stop::failed);
  EXPECT_EQ(moved.error.code, ENOSPC);
}

TEST_F(Stream, DestinationIsWrittenInOrder) {
  const Fd in = make_file(test_directory(FsKind::ext4) + "/in", layout_of("data 200K"), 1);
  facts_.in.kind = FileType::regular;
  facts_.out.kind = FileType::stream;
  std::vector<std::byte> got(200 << 10);
  std::thread drain([&] {
    for (size_t at = 0; at < got.size();) {
      const ssize_t n = read(read_end_.get(), got.data() + at, got.size() - at);
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
  });
  Pair pair{system_.files, in.get(), write_end_.get(), facts_, control_, {}};
  const CopyRange all{0, 0, 200 << 10};
  EXPECT_EQ(Catalogue().at(MechanismId::buffered).move(pair, {&all, 1}).stop, Stop::complete);
  drain.join();
  std::vector<std::byte> want(got.size());
  fill_stamped(want, 1, 0);
  EXPECT_TRUE(got == want);
}

}  // namespace
}  // namespace libcopyfile::test
