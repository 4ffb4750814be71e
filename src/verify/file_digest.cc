#include "verify/file_digest.h"

#include <atomic>
#include <mutex>

#include "base/buffer.h"
#include "sys/thread.h"
#include "sys/transfer.h"
#include "verify/in_order_hasher.h"

namespace libcopyfile {
namespace {

constexpr uint64_t kChunk = uint64_t{1} << 20;
constexpr uint64_t kSmallestBuffer = uint64_t{64} << 10;

class Pass {
 public:
  Pass(Files& files, int fd, uint64_t size, ReadVia via, uint64_t chunk, Hasher hasher)
      : files_(files), fd_(fd), size_(size), via_(via), chunk_(chunk), hasher_(std::move(hasher)) {}

  // The calling thread's part: it tells what both have done.
  void work_and_tell(AlignedBuffer& buffer, const DigestProgress& progress) {
    work(buffer, [&] { return tell(progress); });
  }
  // Of what the other has done since, when both have ended.
  bool tell(const DigestProgress& progress) {
    if (progress(bytes_.exchange(0))) return true;
    end_with(Error{ECANCELED, Op::progress, {}, {}});
    return false;
  }
  void help(AlignedBuffer& buffer) {
    work(buffer, [this] { return end_ > 0; });
  }

  Result<FileDigest> result() {
    if (error_) return fail(*error_);
    const uint64_t size = hasher_.position();
    const Result<std::optional<Digest>> digest = hasher_.finish(size, [] { return true; });
    if (!digest) return fail(digest.error());
    if (!*digest) return fail(EIO, Op::digest);
    return FileDigest{**digest, size};
  }

 private:
  void work(AlignedBuffer& buffer, const InOrderHasher::GoOn& go_on) {
    hasher_.enter();
    for (uint64_t offset = next_.fetch_add(chunk_); offset < end_;
         offset = next_.fetch_add(chunk_)) {
      const std::span<std::byte> room = buffer.span().first(static_cast<size_t>(chunk_));
      const Result<size_t> n = read_chunk(room, offset);
      if (!n) {
        end_with(n.error());
        break;
      }
      // Whoever has an earlier chunk still brings it.
      if (*n < chunk_) lower_end(offset + *n);
      if (*n > 0 && !hasher_.add(offset, room.first(*n), go_on)) break;
      bytes_ += *n;
      if (!go_on()) break;
    }
    hasher_.leave();
  }

  Result<size_t> read_chunk(std::span<std::byte> room, uint64_t offset) {
    size_t done = 0;
    while (done < room.size()) {
      const Result<size_t> n = retry_interrupted(
          [&] { return files_.read(fd_, room.subspan(done), offset + done, Cache::keep); });
      if (!n) return n;
      if (*n == 0) break;
      done += *n;
      if (via_ == ReadVia::direct && done % AlignedBuffer::kAlignment != 0) {
        if (offset + done >= size_) break;
        return fail(EINVAL, Op::read, Range{offset, offset + done});
      }
    }
    return done;
  }

  void lower_end(uint64_t end) {
    uint64_t now = end_;
    while (end < now && !end_.compare_exchange_weak(now, end)) {
    }
  }

  void end_with(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    lower_end(0);
  }

  Files& files_;
  int fd_;
  uint64_t size_;
  ReadVia via_;
  uint64_t chunk_;
  InOrderHasher hasher_;
  std::atomic<uint64_t> next_{0};
  std::atomic<uint64_t> end_{UINT64_MAX};  // once it is known; 0 after an error
  std::atomic<uint64_t> bytes_{0};         // hashed and not yet told
  std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace

Result<FileDigest> digest_of_file(Files& files, int fd, uint64_t size, Algorithm algorithm,
                                  ReadVia via, const DigestProgress& progress) {
  Result<Hasher> hasher = Hasher::make(algorithm);
  if (!hasher) return fail(hasher.error());
  // One byte more than the file has: the end shows in the first read of a small one.
  const uint64_t chunk =
      std::clamp(align_up(std::min(size, kChunk) + 1, kSmallestBuffer), kSmallestBuffer, kChunk);
  AlignedBuffer mine(static_cast<size_t>(chunk));
  if (!mine.valid()) return fail(ENOMEM, Op::digest);
  Pass pass(files, fd, size, via, chunk, std::move(*hasher));
  AlignedBuffer other(size > chunk ? static_cast<size_t>(chunk) : 0);
  if (other.size() == 0) {
    pass.work_and_tell(mine, progress);
    (void)pass.tell(progress);
    return pass.result();
  }
  {
    // Without a second thread to be had, one does all.
    const Result<Thread> helper = Thread::start([&] { pass.help(other); });
    pass.work_and_tell(mine, progress);
  }
  (void)pass.tell(progress);
  return pass.result();
}

}  // namespace libcopyfile
