// Records every request as one line of text, for golden request logs: what was asked of which file, in what order, and
// what came of it.
//
//   read source 0+1048576 = 1048576        clone_range source 0+4096 to out 8192 = ok
//   write out 0+1048576 dontcache = ENOSPC rename a to b no_replace = ok
//
// Two threads that read and write at once have no order between them: compare of("source") and of("out") then.
#pragma once

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sys/files.h"
#include "sys/io_queue.h"
#include "sys/names.h"
#include "testing/fd_names.h"

namespace libcopyfile::test {

class Recorder {
 public:
  explicit Recorder(FdNames& names) : names_(names) {}

  // Text of lines, each ended by a newline.
  std::string text() const { return select({}, {}); }
  // Only these operations.
  std::string only(std::initializer_list<std::string_view> operations) const {
    return select(operations, {});
  }
  // Only what changes a file: write, copy_range, clone, clone_range, reserve, punch, zero_range, truncate.
  std::string changes() const;
  // Only requests about this file, as the one that is read or the only one.
  std::string of(std::string_view file) const { return select({}, file); }
  void clear();

  // For the wrappers.
  void add(std::string_view operation, const std::string& file, const std::string& details,
           const std::string& result);
  FdNames& names() const { return names_; }

 private:
  struct Line {
    std::string operation;
    std::string file;
    std::string text;
  };

  std::string select(std::initializer_list<std::string_view> operations,
                     std::string_view file) const;

  FdNames& names_;
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
};

class RecordingFiles final : public Files {
 public:
  // Both must outlive this.
  RecordingFiles(Files& real, Recorder& recorder) : real_(real), recorder_(recorder) {}

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
  // Its transfers are recorded when they are submitted, without a result: completions have no order of their own.
  Result<std::unique_ptr<IoQueue>> queue(unsigned depth) override;
  Result<uint64_t> resident(int fd, Range range) override;
  // What they do is not recorded.
  Devices* devices() override { return real_.devices(); }

 private:
  template <class Value>
  Result<Value> note(std::string_view operation, int fd, const std::string& details,
                     Result<Value> result);

  Files& real_;
  Recorder& recorder_;
};

class RecordingNames final : public Names {
 public:
  RecordingNames(Names& real, Recorder& recorder) : real_(real), recorder_(recorder) {}

  Result<Fd> open(int dir, const std::string& name, Open how) override;
  Result<FileStat> stat(int dir, const std::string& name, bool follow) override;
  Result<std::string> read_link(int dir, const std::string& name) override;
  Result<Fd> create_unnamed(int dir, uint32_t mode) override;
  // Random names of private files are recorded as "private".
  Result<Fd> create_exclusive(int dir, const std::string& name, uint32_t mode) override;
  Done link(int fd, int dir, const std::string& name) override;
  Done link_name(int dir, const std::string& from, int to_dir, const std::string& to) override;
  Done rename(int dir, const std::string& from, const std::string& to, Rename how) override;
  Done unlink(int dir, const std::string& name) override;
  Done make_directory(int dir, const std::string& name, uint32_t mode) override;
  Done remove_directory(int dir, const std::string& name) override;
  Done make_link(int dir, const std::string& name, const std::string& target) override;
  Done make_node(int dir, const std::string& name, uint32_t type, uint64_t device) override;
  Result<std::vector<Entry>> list(int dir) override;
  Result<std::vector<Entry>> list_more(int dir) override;

 private:
  template <class Value>
  Result<Value> note(std::string_view operation, const std::string& name,
                     const std::string& details, Result<Value> result);
  std::string shown(const std::string& name) const;

  Names& real_;
  Recorder& recorder_;
  mutable std::mutex mutex_;
  std::vector<std::string> private_names_;
};

}  // namespace libcopyfile::test
