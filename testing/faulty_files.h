// Files with faults: every operation goes to another Files, unless the script (script.h) says otherwise.
//
//   FdNames names;
//   Script script(names);
//   KernelFiles kernel;
//   FaultyFiles files(kernel, script);
//   names.set(in.get(), "source");
//   script.inject("fail any errno=EINTR every=2").inject("short read bytes=1");
//   script.before("read", 3, [&] { ftruncate(in.get(), 1000); });
//
// See also testing/faulty_system.h, which has it all in one object.
#pragma once

#include "sys/files.h"
#include "testing/script.h"

namespace libcopyfile::test {

class FaultyFiles : public Files {
 public:
  // Both must outlive this.
  FaultyFiles(Files& real, Script& script) : real_(real), script_(script) {}

  Result<FileStat> stat(int fd) override;
  Result<FsInfo> fs_info(int fd) override;
  ServerCopies server_copies(int fd) override { return real_.server_copies(fd); }
  Result<uint64_t> device_size(int fd) override;
  Result<Access> access(int fd) override;
  Result<size_t> read(int fd, std::span<std::byte> buffer, uint64_t offset, Cache cache) override;
  Result<size_t> write(int fd, std::span<const std::byte> data, uint64_t offset,
                       Cache cache) override;
  Result<size_t> copy_range(int in, int out, const CopyRange& range) override;
  Done clone(int in, int out) override;
  Done clone_range(int in, int out, const CopyRange& range) override;
  Result<uint64_t> seek(int fd, uint64_t offset, Seek what) override;
  Result<size_t> extents(int fd, Range range, bool sync, std::span<RawExtent> store) override;
  Done allocate(int fd, Allocate how, Range range) override;
  Done truncate(int fd, uint64_t size) override;
  Done sync(int fd, Sync what) override;
  Done sync_file_system(int fd) override;
  Done start_writeback(int fd, Range range) override;
  Done wait_writeback(int fd, Range range) override;
  Done flush(int fd) override;
  Done lock(int fd, LockMode mode) override;
  Done advise(int fd, Range range, Advice advice) override;
  Result<Fd> reopen(int fd, Reopen how) override;
  // Its transfers are subject to the script as well.
  Result<std::unique_ptr<IoQueue>> queue(unsigned depth) override;
  Result<uint64_t> resident(int fd, Range range) override;
  Devices* devices() override { return real_.devices(); }

 private:
  Verdict begin(std::string_view operation, int fd, uint64_t offset = 0, uint64_t length = 0);
  template <class Call>
  Result<size_t> transfer(std::string_view operation, Op op, int fd, Range range, Call call);
  template <class Call>
  auto pass(std::string_view operation, Op op, int fd, Range range, Call call) -> decltype(call());
  template <class Call>
  Done pass_done(std::string_view operation, Op op, int fd, Range range, Call call);

  Files& real_;
  Script& script_;
};

}  // namespace libcopyfile::test
