#include "testing/faulty_files.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sys/io_queue.h"
#include "testing/faulty_queue.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

// The source may be open for reading only; its name in /proc is good for truncate(2).
void resize(int fd, uint64_t size) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0)
    throw ScratchError::of_errno("resize " + path);
}

const char* name_of(Allocate how) {
  switch (how) {
    case Allocate::reserve: return "reserve";
    case Allocate::punch: return "punch";
    case Allocate::zero_range: break;
  }
  return "zero_range";
}

Range range_at(uint64_t offset, uint64_t length) {
  return Range::at(offset, length).value_or(Range{});
}

}  // namespace

Verdict FaultyFiles::begin(std::string_view operation, int fd, uint64_t offset, uint64_t length) {
  const Verdict verdict = script_.begin(operation, script_.names().get(fd), offset, length);
  if (verdict.resize) resize(fd, *verdict.resize);
  return verdict;
}

// `call` moves at most as many bytes as it is told to, and is told whether to flip a bit of the first.
template <class Call>
Result<size_t> FaultyFiles::transfer(std::string_view operation, Op op, int fd, Range range,
                                     Call call) {
  const Verdict verdict = begin(operation, fd, range.begin, range.length());
  if (verdict.error != 0) return fail(verdict.error, op, range);
  if (verdict.limit == 0) return 0;
  if (verdict.drop) return range.length();
  const Result<size_t> moved =
      call(std::min(range.length(), verdict.limit.value_or(range.length())), verdict.flip);
  if (moved) script_.moved(operation, *moved);
  return moved;
}

template <class Call>
auto FaultyFiles::pass(std::string_view operation, Op op, int fd, Range range, Call call)
    -> decltype(call()) {
  const Verdict verdict = begin(operation, fd, range.begin, range.length());
  if (verdict.error != 0) return fail(verdict.error, op, range);
  return call();
}

template <class Call>
Done FaultyFiles::pass_done(std::string_view operation, Op op, int fd, Range range, Call call) {
  const Verdict verdict = begin(operation, fd, range.begin, range.length());
  if (verdict.error != 0) return fail(verdict.error, op, range);
  if (verdict.drop) return {};
  return call();
}

Result<FileStat> FaultyFiles::stat(int fd) {
  Result<FileStat> result = pass("stat", Op::stat, fd, {}, [&] { return real_.stat(fd); });
  if (result) result->size = script_.told_size(fd, result->size);
  return result;
}

Result<FsInfo> FaultyFiles::fs_info(int fd) {
  return pass("fs_info", Op::stat, fd, {}, [&] { return real_.fs_info(fd); });
}

Result<uint64_t> FaultyFiles::device_size(int fd) {
  return pass("device_size", Op::stat, fd, {}, [&] { return real_.device_size(fd); });
}

Result<Access> FaultyFiles::access(int fd) {
  return pass("access", Op::stat, fd, {}, [&] { return real_.access(fd); });
}

Result<size_t> FaultyFiles::read(int fd, std::span<std::byte> buffer, uint64_t offset,
                                 Cache cache) {
  const Range range = range_at(offset == kStream ? 0 : offset, buffer.size());
  bool reached = false;
  const Result<size_t> n = transfer("read", Op::read, fd, range, [&](size_t allowed, bool flip) {
    reached = true;
    const Result<size_t> got = real_.read(fd, buffer.first(allowed), offset, cache);
    if (got && *got > 0 && flip) buffer.front() ^= std::byte{1};
    return got;
  });
  // A dropped read gives zeros for data.
  if (!reached && n) std::fill_n(buffer.begin(), *n, std::byte{0});
  return n;
}

Result<size_t> FaultyFiles::write(int fd, std::span<const std::byte> data, uint64_t offset,
                                  Cache cache) {
  const Range range = range_at(offset == kStream ? 0 : offset, data.size());
  return transfer("write", Op::write, fd, range, [&](size_t n, bool flip) {
    if (!flip || n == 0) return real_.write(fd, data.first(n), offset, cache);
    std::vector<std::byte> other(data.begin(), data.begin() + static_cast<ptrdiff_t>(n));
    other.front() ^= std::byte{1};
    return real_.write(fd, other, offset, cache);
  });
}

Result<size_t> FaultyFiles::copy_range(int in, int out, const CopyRange& range) {
  return transfer("copy_range", Op::copy_range, in, range.source(),
                  [&](size_t n, bool) { return real_.copy_range(in, out, range.part(0, n)); });
}

Done FaultyFiles::clone(int in, int out) {
  return pass_done("clone", Op::clone, in, {}, [&] { return real_.clone(in, out); });
}

Done FaultyFiles::clone_range(int in, int out, const CopyRange& range) {
  return pass_done("clone_range", Op::clone, in, range.source(),
                   [&] { return real_.clone_range(in, out, range); });
}

Result<uint64_t> FaultyFiles::seek(int fd, uint64_t offset, Seek what) {
  const std::string_view operation = what == Seek::data ? "seek_data" : "seek_hole";
  const std::optional<bool> as_data = script_.told_data(fd);
  return pass(operation, Op::seek, fd, {offset, offset}, [&]() -> Result<uint64_t> {
    if (!as_data) return real_.seek(fd, offset, what);
    const Result<FileStat> now = real_.stat(fd);
    if (!now) return fail(now.error());
    if (offset >= now->size || (what == Seek::data && !*as_data)) return fail(ENXIO, Op::seek);
    return what == Seek::hole && *as_data ? now->size : offset;
  });
}

Result<size_t> FaultyFiles::extents(int fd, Range range, bool sync, std::span<RawExtent> store) {
  return pass("extents", Op::map_extents, fd, range,
              [&] { return real_.extents(fd, range, sync, store); });
}

Done FaultyFiles::allocate(int fd, Allocate how, Range range) {
  const Op op = how == Allocate::punch ? Op::punch : Op::allocate;
  return pass_done(name_of(how), op, fd, range, [&] { return real_.allocate(fd, how, range); });
}

Done FaultyFiles::truncate(int fd, uint64_t size) {
  return pass_done("truncate", Op::truncate, fd, {}, [&] { return real_.truncate(fd, size); });
}

Done FaultyFiles::sync(int fd, Sync what) {
  return pass_done("sync", Op::sync, fd, {}, [&] { return real_.sync(fd, what); });
}

Done FaultyFiles::sync_file_system(int fd) {
  return pass_done("sync_file_system", Op::sync, fd, {},
                   [&] { return real_.sync_file_system(fd); });
}

Done FaultyFiles::start_writeback(int fd, Range range) {
  return pass_done("start_writeback", Op::sync, fd, range,
                   [&] { return real_.start_writeback(fd, range); });
}

Done FaultyFiles::wait_writeback(int fd, Range range) {
  return pass_done("wait_writeback", Op::sync, fd, range,
                   [&] { return real_.wait_writeback(fd, range); });
}

Done FaultyFiles::flush(int fd) {
  return pass_done("flush", Op::write, fd, {}, [&] { return real_.flush(fd); });
}

Done FaultyFiles::lock(int fd, LockMode mode) {
  return pass_done("lock", Op::open, fd, {}, [&] { return real_.lock(fd, mode); });
}

Done FaultyFiles::advise(int fd, Range range, Advice advice) {
  return pass_done("advise", Op::read, fd, range, [&] { return real_.advise(fd, range, advice); });
}

Result<Fd> FaultyFiles::reopen(int fd, Reopen how) {
  Result<Fd> again = pass("reopen", Op::open, fd, {}, [&] { return real_.reopen(fd, how); });
  if (again) script_.names().set(again->get(), script_.names().get(fd));
  return again;
}

Result<std::unique_ptr<IoQueue>> FaultyFiles::queue(unsigned depth) {
  const Verdict verdict = script_.begin("queue", "");
  if (verdict.error != 0) return fail(verdict.error, Op::queue);
  Result<std::unique_ptr<IoQueue>> real = real_.queue(depth);
  if (!real) return real;
  return make_faulty_queue(*std::move(real), script_);
}

Result<uint64_t> FaultyFiles::resident(int fd, Range range) {
  return pass("resident", Op::stat, fd, range, [&] { return real_.resident(fd, range); });
}

}  // namespace libcopyfile::test
