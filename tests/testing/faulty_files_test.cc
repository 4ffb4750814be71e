// The wrappers of the interfaces of sys/: faults happen where the script says, and the recorder tells what was asked.
#include "testing/faulty_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "sys/transfer.h"
#include "testing/faulty_system.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

class FaultyTest : public ::testing::Test {
 protected:
  FaultyTest() {
    directory_ = test_directory(FsKind::xfs);
    in_ = make_file(directory_ + "/in", layout_of("data 64K"), 1);
    out_ = make_file(directory_ + "/out", {}, 0);
    system_.fd_names.set(in_.get(), "in");
    system_.fd_names.set(out_.get(), "out");
  }
  Result<size_t> read(size_t n, uint64_t offset = 0) {
    return files_.read(in_.get(), std::span(buffer_).first(n), offset, Cache::keep);
  }
  Result<size_t> write(size_t n, uint64_t offset = 0) {
    return files_.write(out_.get(), std::span(buffer_).first(n), offset, Cache::keep);
  }

  std::string directory_;
  Fd in_;
  Fd out_;
  FaultySystem system_;
  Files& files_ = system_.files;
  Script& script_ = system_.script;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(65536);
};

TEST_F(FaultyTest, HonestItCopies) {
  size_t written = 0;
  ASSERT_EQ(read_full(files_, in_.get(), buffer_, 0), 65536U);
  ASSERT_TRUE(write_all(files_, out_.get(), buffer_, 0, &written));
  EXPECT_TRUE(holds(out_.get(), oracle_of(layout_of("data 64K"), 1)));
  EXPECT_EQ(script_.bytes("read"), 65536U);
  EXPECT_EQ(script_.calls("write"), 1U);
}

TEST_F(FaultyTest, InterruptedAndShortTransfersAddUp) {
  script_.inject("fail any errno=EINTR every=2").inject("short any bytes=1000");
  size_t written = 0;
  ASSERT_EQ(read_full(files_, in_.get(), buffer_, 0), 65536U);
  ASSERT_TRUE(write_all(files_, out_.get(), buffer_, 0, &written));
  EXPECT_TRUE(holds(out_.get(), oracle_of(layout_of("data 64K"), 1)));
  EXPECT_EQ(script_.calls("write"), 132U);  // 66 pieces, each interrupted once
}

TEST_F(FaultyTest, ErrorsCarryErrnoOperationAndRange) {
  script_.inject("fail write errno=ENOSPC after=1");
  EXPECT_TRUE(write(10));
  const Result<size_t> failed = write(10, 100);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ENOSPC);
  EXPECT_EQ(failed.error().op, Op::write);
  EXPECT_EQ(failed.error().range, (Range{100, 110}));
}

TEST_F(FaultyTest, EveryOperationCanFail) {
  const CopyRange range{0, 0, 4096};
  std::array<RawExtent, 4> extents;
  const auto fails = [&](const char* operation, auto call) {
    script_.clear();
    script_.inject(std::string("fail ") + operation + " errno=EDQUOT");
    const auto result = call();
    ASSERT_FALSE(result) << operation;
    EXPECT_EQ(result.error().code, EDQUOT) << operation;
  };
  fails("stat", [&] { return files_.stat(in_.get()); });
  fails("fs_info", [&] { return files_.fs_info(in_.get()); });
  fails("device_size", [&] { return files_.device_size(in_.get()); });
  fails("access", [&] { return files_.access(in_.get()); });
  fails("read", [&] { return read(1); });
  fails("write", [&] { return write(1); });
  fails("copy_range", [&] { return files_.copy_range(in_.get(), out_.get(), range); });
  fails("clone", [&] { return files_.clone(in_.get(), out_.get()); });
  fails("clone_range", [&] { return files_.clone_range(in_.get(), out_.get(), range); });
  fails("seek_data", [&] { return files_.seek(in_.get(), 0, Seek::data); });
  fails("seek_hole", [&] { return files_.seek(in_.get(), 0, Seek::hole); });
  fails("extents", [&] { return files_.extents(in_.get(), {0, 1}, true, extents); });
  fails("reserve", [&] { return files_.allocate(out_.get(), Allocate::reserve, {0, 1}); });
  fails("punch", [&] { return files_.allocate(out_.get(), Allocate::punch, {0, 1}); });
  fails("zero_range", [&] { return files_.allocate(out_.get(), Allocate::zero_range, {0, 1}); });
  fails("truncate", [&] { return files_.truncate(out_.get(), 5); });
  fails("sync", [&] { return files_.sync(out_.get(), Sync::data); });
  fails("start_writeback", [&] { return files_.start_writeback(out_.get(), {0, 1}); });
  fails("wait_writeback", [&] { return files_.wait_writeback(out_.get(), {0, 1}); });
  fails("sync_file_system", [&] { return files_.sync_file_system(out_.get()); });
  fails("flush", [&] { return files_.flush(out_.get()); });
  fails("lock", [&] { return files_.lock(out_.get(), LockMode::exclusive); });
  fails("advise", [&] { return files_.advise(in_.get(), {0, 1}, Advice::dont_need); });
  fails("reopen", [&] { return files_.reopen(in_.get(), Reopen::direct_read); });
  fails("queue", [&] { return files_.queue(1); });
  fails("resident", [&] { return files_.resident(in_.get(), {0, 1}); });
}

TEST_F(FaultyTest, DropPretends) {
  script_.inject("drop write").inject("drop truncate").inject("drop read");
  std::fill(buffer_.begin(), buffer_.end(), std::byte{9});
  EXPECT_EQ(write(10), 10U);
  EXPECT_TRUE(files_.truncate(out_.get(), 500));
  EXPECT_EQ(read(10), 10U);
  EXPECT_EQ(buffer_[9], std::byte{0});
  EXPECT_EQ(buffer_[10], std::byte{9});
  EXPECT_TRUE(holds(out_.get(), Oracle{}));
}

TEST_F(FaultyTest, SourceShrinksBetweenReads) {
  script_.inject("resize read bytes=1000 after=1 times=1");
  EXPECT_EQ(read(4096), 4096U);
  EXPECT_EQ(read(4096), 1000U);
}

TEST_F(FaultyTest, HookRunsJustBeforeItsCall) {
  std::vector<uint64_t> calls;
  script_.before("read", 2, [&] { calls.push_back(script_.calls("read")); });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(read(1));
  EXPECT_EQ(calls, std::vector<uint64_t>{3});
}

TEST_F(FaultyTest, LiesAboutSizeAndHoles) {
  script_.inject("lie size bytes=7 file=in").inject("lie seek as=hole file=in");
  EXPECT_EQ(files_.stat(in_.get())->size, 7U);
  EXPECT_EQ(files_.stat(out_.get())->size, 0U);
  EXPECT_EQ(files_.seek(in_.get(), 0, Seek::data).error().code, ENXIO);
  EXPECT_EQ(files_.seek(in_.get(), 5, Seek::hole), 5U);
}

TEST_F(FaultyTest, QueueIsSubjectToTheScript) {
  script_.inject("fail write errno=ENOSPC after=1").inject("short read bytes=100");
  std::unique_ptr<IoQueue> queue = *files_.queue(4);
  const auto one = [&](IoRequest::Kind kind, int fd) {
    IoCompletion done;
    EXPECT_TRUE(queue->submit({kind, fd, buffer_.data(), 4096, 0, 42}));
    EXPECT_EQ(queue->reap({&done, 1}), 1U);
    EXPECT_EQ(done.tag, 42U);
    return done;
  };
  EXPECT_EQ(one(IoRequest::Kind::write, out_.get()).count, 4096U);
  EXPECT_EQ(one(IoRequest::Kind::write, out_.get()).error, ENOSPC);
  EXPECT_EQ(one(IoRequest::Kind::read, in_.get()).count, 100U);
  script_.inject("fail submit errno=EBUSY").inject("fail reap errno=EIO");
  EXPECT_EQ(queue->submit({IoRequest::Kind::read, in_.get(), buffer_.data(), 1, 0, 1}).error().code,
            EBUSY);
  IoCompletion done;
  EXPECT_EQ(queue->reap({&done, 1}).error().code, EIO);
}

TEST_F(FaultyTest, NamesFailToo) {
  const Fd directory(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Names& names = system_.names;
  const auto fails = [&](const char* operation, auto call) {
    script_.clear();
    script_.inject(std::string("fail ") + operation + " errno=EDQUOT");
    const auto result = call();
    ASSERT_FALSE(result) << operation;
    EXPECT_EQ(result.error().code, EDQUOT) << operation;
  };
  const int dir = directory.get();
  Attributes& attributes = system_.attributes;
  fails("open", [&] { return names.open(dir, "in", Open::read); });
  fails("stat_name", [&] { return names.stat(dir, "in", true); });
  fails("read_link", [&] { return names.read_link(dir, "in"); });
  fails("create_unnamed", [&] { return names.create_unnamed(dir, 0600); });
  fails("create_exclusive", [&] { return names.create_exclusive(dir, "x", 0600); });
  fails("link", [&] { return names.link(in_.get(), dir, "x"); });
  fails("link_name", [&] { return names.link_name(dir, "in", dir, "x"); });
  fails("rename", [&] { return names.rename(dir, "in", "x", Rename::replace); });
  fails("unlink", [&] { return names.unlink(dir, "in"); });
  fails("set_owner", [&] { return attributes.set_owner(in_.get(), 1, 1); });
  fails("set_mode", [&] { return attributes.set_mode(in_.get(), 0600); });
  fails("set_times", [&] { return attributes.set_times(in_.get(), {}, {}); });
  fails("list_xattrs", [&] { return attributes.list_xattrs(in_.get()); });
  fails("get_xattr", [&] { return attributes.get_xattr(in_.get(), "user.a"); });
  fails("set_xattr", [&] { return attributes.set_xattr(in_.get(), "user.a", "1"); });
  fails("remove_xattr", [&] { return attributes.remove_xattr(in_.get(), "user.a"); });
  fails("access_acl", [&] { return attributes.access_acl(in_.get()); });
  fails("default_acl", [&] { return attributes.default_acl(dir); });
  fails("inode_flags", [&] { return attributes.inode_flags(in_.get()); });
  fails("set_inode_flags", [&] { return attributes.set_inode_flags(in_.get(), 0, 0); });
  fails("project", [&] { return attributes.project(in_.get()); });
  fails("set_project", [&] { return attributes.set_project(in_.get(), 1); });
  fails("verity", [&] { return attributes.verity(in_.get()); });
  fails("enable_verity", [&] { return attributes.enable_verity(in_.get(), {}); });
  fails("set_creation_label", [&] { return attributes.set_creation_label("x"); });
  EXPECT_EQ(access((directory_ + "/in").c_str(), F_OK), 0);
  EXPECT_NE(access((directory_ + "/x").c_str(), F_OK), 0);
}

TEST_F(FaultyTest, NonsenseIsRefused) {
  EXPECT_THROW(script_.inject("fail wrote errno=EIO"), ScratchError);
}

TEST_F(FaultyTest, RecorderWritesOneLineForEachRequest) {
  script_.inject("short read bytes=10").inject("fail copy_range errno=EXDEV");
  EXPECT_TRUE(read(4096, 100));
  EXPECT_FALSE(files_.copy_range(in_.get(), out_.get(), {0, 512, 4096}));
  EXPECT_TRUE(files_.clone_range(in_.get(), out_.get(), {0, 4096, 4096}));
  EXPECT_TRUE(files_.allocate(out_.get(), Allocate::punch, {4096, 8192}));
  EXPECT_TRUE(files_.sync(out_.get(), Sync::data));
  EXPECT_EQ(system_.recorder.text(),
            "read in 100+4096 = 10\n"
            "copy_range in 0+4096 to out 512 = EXDEV\n"
            "clone_range in 0+4096 to out 4096 = ok\n"
            "punch out 4096+4096 = ok\n"
            "sync out data = ok\n");
  EXPECT_EQ(system_.recorder.only({"read", "sync"}), "read in 100+4096 = 10\nsync out data = ok\n");
  EXPECT_EQ(system_.recorder.of("out"), "punch out 4096+4096 = ok\nsync out data = ok\n");
}

TEST_F(FaultyTest, RecorderHidesRandomNames) {
  const Fd directory(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Names& names = system_.names;
  const Result<Fd> fd = names.create_exclusive(directory.get(), ".x8F3k2", 0600);
  ASSERT_TRUE(fd);
  EXPECT_TRUE(system_.attributes.set_mode(fd->get(), 0644));
  EXPECT_TRUE(names.rename(directory.get(), ".x8F3k2", "new", Rename::no_replace));
  EXPECT_EQ(
      system_.recorder.text(),
      "create_exclusive = ok\nset_mode private 0644 = ok\nrename private to new no_replace = ok\n");
}

TEST_F(FaultyTest, RecorderShowsQueuedTransfers) {
  std::unique_ptr<IoQueue> queue = *files_.queue(4);
  EXPECT_TRUE(queue->submit({IoRequest::Kind::read, in_.get(), buffer_.data(), 4096, 8192, 0}));
  EXPECT_EQ(system_.recorder.text(), "queue 4 = ok\nread in 8192+4096 queued\n");
}

}  // namespace
}  // namespace libcopyfile::test
