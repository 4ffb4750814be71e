#include "testing/recording_files.h"

#include <algorithm>

#include "testing/errno_names.h"

namespace libcopyfile::test {
namespace {

std::string text_of(Range range) {
  return std::to_string(range.begin) + "+" + std::to_string(range.length());
}

std::string text_of(uint64_t offset, size_t length, Cache cache) {
  const std::string where = offset == kStream ? "stream" : std::to_string(offset);
  constexpr std::string_view kCache[] = {"", " dontcache", " nowait", " dsync"};
  return where + "+" + std::to_string(length) + std::string(kCache[static_cast<size_t>(cache)]);
}

std::string text_of(const CopyRange& range, const std::string& out) {
  return text_of(range.source()) + " to " + out + " " + std::to_string(range.out);
}

// What a successful operation is shown to have given: counts and offsets; anything else is "ok".
template <class Value>
std::string outcome(const Result<Value>& result) {
  if (!result) return errno_name(result.error().code);
  if constexpr (std::is_integral_v<Value>) {
    return std::to_string(*result);
  } else {
    return "ok";
  }
}

class RecordingQueue final : public IoQueue {
 public:
  RecordingQueue(std::unique_ptr<IoQueue> real, Recorder& recorder)
      : real_(std::move(real)), recorder_(recorder) {}

  Done submit(const IoRequest& request) override {
    Done done = real_->submit(request);
    const char* operation = request.kind == IoRequest::Kind::read ? "read" : "write";
    recorder_.add(operation, recorder_.names().get(request.fd),
                  text_of(request.offset, request.length, Cache::keep) + " queued",
                  done ? "" : outcome(done));
    return done;
  }

  Result<size_t> reap(std::span<IoCompletion> completions) override {
    return real_->reap(completions);
  }

 private:
  std::unique_ptr<IoQueue> real_;
  Recorder& recorder_;
};

}  // namespace

void Recorder::add(std::string_view operation, const std::string& file, const std::string& details,
                   const std::string& result) {
  std::string text(operation);
  for (const std::string* part : {&file, &details}) {
    if (!part->empty()) text += " " + *part;
  }
  if (!result.empty()) text += " = " + result;
  const std::lock_guard lock(mutex_);
  lines_.push_back({std::string(operation), file, std::move(text)});
}

std::string Recorder::select(std::initializer_list<std::string_view> operations,
                             std::string_view file) const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const Line& line : lines_) {
    const bool wanted = operations.size() == 0 || std::find(operations.begin(), operations.end(),
                                                            line.operation) != operations.end();
    if (wanted && (file.empty() || file == line.file)) text += line.text + "\n";
  }
  return text;
}

std::string Recorder::changes() const {
  return only({"write", "copy_range", "clone", "clone_range", "reserve", "punch", "zero_range",
               "truncate"});
}

void Recorder::clear() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

template <class Value>
Result<Value> RecordingFiles::note(std::string_view operation, int fd, const std::string& details,
                                   Result<Value> result) {
  recorder_.add(operation, recorder_.names().get(fd), details, outcome(result));
  return result;
}

Result<FileStat> RecordingFiles::stat(int fd) { return note("stat", fd, "", real_.stat(fd)); }

Result<FsInfo> RecordingFiles::fs_info(int fd) {
  return note("fs_info", fd, "", real_.fs_info(fd));
}

Result<uint64_t> RecordingFiles::device_size(int fd) {
  return note("device_size", fd, "", real_.device_size(fd));
}

Result<Access> RecordingFiles::access(int fd) { return note("access", fd, "", real_.access(fd)); }

Result<size_t> RecordingFiles::read(int fd, std::span<std::byte> buffer, uint64_t offset,
                                    Cache cache) {
  return note("read", fd, text_of(offset, buffer.size(), cache),
              real_.read(fd, buffer, offset, cache));
}

Result<size_t> RecordingFiles::write(int fd, std::span<const std::byte> data, uint64_t offset,
                                     Cache cache) {
  return note("write", fd, text_of(offset, data.size(), cache),
              real_.write(fd, data, offset, cache));
}

Result<size_t> RecordingFiles::copy_range(int in, int out, const CopyRange& range) {
  return note("copy_range", in, text_of(range, recorder_.names().get(out)),
              real_.copy_range(in, out, range));
}

Done RecordingFiles::clone(int in, int out) {
  return note("clone", in, "to " + recorder_.names().get(out), real_.clone(in, out));
}

Done RecordingFiles::clone_range(int in, int out, const CopyRange& range) {
  return note("clone_range", in, text_of(range, recorder_.names().get(out)),
              real_.clone_range(in, out, range));
}

Result<uint64_t> RecordingFiles::seek(int fd, uint64_t offset, Seek what) {
  return note(what == Seek::data ? "seek_data" : "seek_hole", fd, std::to_string(offset),
              real_.seek(fd, offset, what));
}

Result<size_t> RecordingFiles::extents(int fd, Range range, bool sync, std::span<RawExtent> store) {
  return note("extents", fd, text_of(range) + (sync ? " sync" : ""),
              real_.extents(fd, range, sync, store));
}

Done RecordingFiles::allocate(int fd, Allocate how, Range range) {
  constexpr std::string_view kHow[] = {"reserve", "punch", "zero_range"};
  return note(kHow[static_cast<size_t>(how)], fd, text_of(range), real_.allocate(fd, how, range));
}

Done RecordingFiles::truncate(int fd, uint64_t size) {
  return note("truncate", fd, std::to_string(size), real_.truncate(fd, size));
}

Done RecordingFiles::sync(int fd, Sync what) {
  return note("sync", fd, what == Sync::data ? "data" : "all", real_.sync(fd, what));
}

Done RecordingFiles::sync_file_system(int fd) {
  return note("sync_file_system", fd, "", real_.sync_file_system(fd));
}

Done RecordingFiles::start_writeback(int fd, Range range) {
  return note("start_writeback", fd, text_of(range), real_.start_writeback(fd, range));
}

Done RecordingFiles::wait_writeback(int fd, Range range) {
  return note("wait_writeback", fd, text_of(range), real_.wait_writeback(fd, range));
}

Done RecordingFiles::flush(int fd) { return note("flush", fd, "", real_.flush(fd)); }

Done RecordingFiles::lock(int fd, LockMode mode) {
  return note("lock", fd, "", real_.lock(fd, mode));
}

Done RecordingFiles::advise(int fd, Range range, Advice advice) {
  constexpr std::string_view kAdvice[] = {"sequential", "will_need", "dont_need"};
  const std::string details =
      text_of(range) + " " + std::string(kAdvice[static_cast<size_t>(advice)]);
  return note("advise", fd, details, real_.advise(fd, range, advice));
}

Result<Fd> RecordingFiles::reopen(int fd, Reopen how) {
  constexpr std::string_view kHow[] = {"direct_read", "direct_write", "read", "read_write"};
  Result<Fd> again =
      note("reopen", fd, std::string(kHow[static_cast<size_t>(how)]), real_.reopen(fd, how));
  if (again) recorder_.names().set(again->get(), recorder_.names().get(fd));
  return again;
}

Result<std::unique_ptr<IoQueue>> RecordingFiles::queue(unsigned depth) {
  Result<std::unique_ptr<IoQueue>> real = real_.queue(depth);
  recorder_.add("queue", "", std::to_string(depth), outcome(real));
  if (!real) return real;
  return std::unique_ptr<IoQueue>(std::make_unique<RecordingQueue>(*std::move(real), recorder_));
}

Result<uint64_t> RecordingFiles::resident(int fd, Range range) {
  return note("resident", fd, text_of(range), real_.resident(fd, range));
}

}  // namespace libcopyfile::test
