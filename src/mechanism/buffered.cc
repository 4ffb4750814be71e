// Reading and writing through the page cache. Works between any two files, and is what every other mechanism falls back
// to.
//
// Above one chunk two threads take turns, each reading a chunk and writing it: while one holds the inode for writing, the
// other reads. Compared with a thread that reads ahead of one that writes, a chunk stays in the cache of one core, and both
// cores have the same to do (docs/performance.md has the numbers for scheme, chunk size and preallocation).
//
// Who wants to see the bytes (Tap) sees each chunk when it has been written, in the thread that moved it, while it is in that
// core's cache: while one thread hashes, the other reads and writes.
#include <atomic>
#include <mutex>
#include <new>
#include <vector>

#include "base/buffer.h"
#include "mechanism/mechanism.h"
#include "mechanism/work_queue.h"
#include "mechanism/zeros.h"
#include "sys/thread.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// The two threads meet at each chunk, and XFS makes folios as large as the write allows: 4 MiB took half the time of 512 KiB on
// XFS and 0.8 of it on ext4. But buffers are paid for page by page, which small files would notice.
constexpr uint64_t kChunk = uint64_t{4} << 20;
constexpr uint64_t kSmallChunk = uint64_t{512} << 10;
constexpr uint64_t kChunksAtLeast = 32;  // in a file that has large ones
constexpr uint64_t kSmallestBuffer = uint64_t{64} << 10;
// Without RWF_DONTCACHE, pages are dropped this far behind the write: by then write-back has mostly got to them.
constexpr uint64_t kDropBehind = uint64_t{32} << 20;

bool is_stream(const Pair& pair) {
  return pair.facts.in.kind == FileType::stream || pair.facts.out.kind == FileType::stream;
}

// What the workers of one move() share.
struct Shared {
  Pair& pair;
  WorkQueue queue;
  std::atomic<Cache> in_cache;
  std::atomic<Cache> out_cache;
  std::mutex writing;
};

// Moves chunks through a buffer of its own.
class Worker {
 public:
  Worker(Shared& shared, AlignedBuffer buffer) : s_(shared), buffer_(std::move(buffer)) {}

  void run() {
    const TapUser user(s_.pair.tap);
    Chunk chunk;
    while (s_.queue.take(chunk)) {
      result_ = {};
      read_chunk(chunk);
      if (!pieces_.empty()) {
        // The inode is locked for each write anyhow: waiting here is cheaper than fighting for it 128 times a chunk, which
        // took 15% of the time with scattered 4 KiB ranges.
        const std::lock_guard writing(s_.writing);
        write_pieces();
      }
      show_pieces();
      s_.queue.finish(chunk, result_);
      if (result_.bytes > 0) drop_behind(chunk.parts.back());
    }
  }

  // Without a queue of chunks: as much as comes, in order, until the source ends. Chunks of a stream can't be dealt out.
  Moved run_stream(std::span<const CopyRange> ranges) {
    const TapUser user(s_.pair.tap);
    for (const CopyRange& range : ranges) {
      for (uint64_t done = 0; done < range.length;) {
        const CopyRange part = range.part(done, buffer_.size());
        const uint64_t before = result_.bytes;
        if (!move_part(part)) return std::move(result_);
        const uint64_t moved = result_.bytes - before;
        done += moved;
        if (!s_.pair.control.moved(moved)) {
          result_.stop = Stop::cancelled;
          return std::move(result_);
        }
      }
    }
    return std::move(result_);
  }

 private:
  struct Piece {
    std::span<const std::byte> data;
    uint64_t in = 0;
    uint64_t out = 0;
  };

  void read_chunk(const Chunk& chunk) {
    pieces_.clear();
    size_t used = 0;
    for (const CopyRange& part : chunk.parts) {
      const auto length = static_cast<size_t>(part.length);
      size_t got = 0;
      const Done ok = read(buffer_.span().subspan(used, length), part.in, got);
      if (got > 0) pieces_.push_back({buffer_.span().subspan(used, got), part.in, part.out});
      used += got;
      if (!ok) {
        stop(Stop::failed, ok.error());
        return;
      }
      if (got < length) {
        result_.stop = Stop::end_of_source;
        return;
      }
    }
  }

  // What has been read comes before the reason why no more was.
  void write_pieces() {
    for (const Piece& piece : pieces_) {
      if (const Done ok = put(piece.data, piece.out); !ok) {
        stop(Stop::failed, ok.error());
        return;
      }
    }
  }

  void show_pieces() {
    if (s_.pair.tap == nullptr || result_.stop == Stop::failed) return;
    for (const Piece& piece : pieces_) show(piece.data, piece.in);
  }
  void show(std::span<const std::byte> data, uint64_t offset) {
    s_.pair.tap->pass(offset, data, [this] { return s_.queue.go_on(); });
  }

  // False when nothing behind `part` is to be moved; result_ says why. A stream may give less than was asked for.
  bool move_part(const CopyRange& part) {
    const auto length = static_cast<size_t>(part.length);
    size_t got = 0;
    const Done read_ok = read(buffer_.span().first(length), part.in, got);
    if (const Done ok = put(buffer_.span().first(got), part.out); !ok) {
      stop(Stop::failed, ok.error());
      return false;
    }
    if (!read_ok) {
      const Error& e = read_ok.error();
      stop(e.op == Op::progress ? Stop::cancelled : Stop::failed, e);
      return false;
    }
    if (s_.pair.tap != nullptr) show(buffer_.span().first(got), part.in);
    const bool ended = source_is_stream() ? got == 0 : got < length;
    if (ended) result_.stop = Stop::end_of_source;
    return !ended;
  }

  Done put(std::span<const std::byte> data, uint64_t offset) {
    return s_.pair.manner.detect_zeros > 0 ? write_sparse(data, offset) : write(data, offset);
  }

  void stop(Stop why, const Error& error) {
    result_.stop = why;
    result_.error = error;
  }

  bool source_is_stream() const { return s_.pair.facts.in.kind == FileType::stream; }

  // `got` is what was read, also where an error is behind it.
  Done read(std::span<std::byte> buffer, uint64_t offset, size_t& got) {
    Files& files = s_.pair.files;
    Result<size_t> n;
    if (!source_is_stream()) {
      const Cache cache = s_.in_cache;  // the other worker may change it
      n = read_full(files, s_.pair.in, buffer, offset, cache, &got);
      if (!n && got == 0 && cache == Cache::drop && is_not_supported(n.error().code)) {
        s_.in_cache = Cache::keep;  // probed by doing: Btrfs and tmpfs have no RWF_DONTCACHE
        n = read_full(files, s_.pair.in, buffer, offset, Cache::keep, &got);
      }
    } else {
      n = read_stream(buffer);
      got = n.value_or(0);
    }
    if (!n) return fail(n.error());
    return {};
  }

  // A pipe may stay silent for ever: what has come goes on, and a signal is a moment to ask whether to stop.
  Result<size_t> read_stream(std::span<std::byte> buffer) {
    for (;;) {
      Result<size_t> n = s_.pair.files.read(s_.pair.in, buffer, kStream, Cache::keep);
      if (n || n.error().code != EINTR) return n;
      if (!s_.pair.control.moved(0)) return fail(ECANCELED, Op::progress);
    }
  }

  Done write(std::span<const std::byte> data, uint64_t offset) {
    Files& files = s_.pair.files;
    if (s_.pair.facts.out.kind == FileType::stream) offset = kStream;
    size_t written = 0;
    const Cache cache = s_.out_cache;  // the other worker may change it
    Done ok = write_all(files, s_.pair.out, data, offset, &written, cache);
    if (!ok && cache == Cache::drop && written == 0 && is_not_supported(ok.error().code)) {
      s_.out_cache = Cache::keep;
      ok = write_all(files, s_.pair.out, data, offset, &written, Cache::keep);
    }
    result_.bytes += written;
    return ok;
  }

  // Runs of zeros that fill whole blocks of the destination become holes; what is between them is written in one go.
  Done write_sparse(std::span<const std::byte> data, uint64_t offset) {
    const uint64_t block = s_.pair.manner.detect_zeros;
    size_t at = 0;
    while (at < data.size()) {
      size_t end = at;
      const bool zero = is_zero_block(data, offset, at, block);
      while (end < data.size() && is_zero_block(data, offset, end, block) == zero) {
        end += block_length(data, offset, end, block);
      }
      if (zero) {
        const Range hole{offset + at, offset + end};
        if (Done ok = make_hole(s_.pair, hole); !ok) return ok;
        result_.bytes += hole.length();
        result_.holes += hole.length();
      } else if (Done ok = write(data.subspan(at, end - at), offset + at); !ok) {
        return ok;
      }
      at = end;
    }
    return {};
  }

  static size_t block_length(std::span<const std::byte> data, uint64_t offset, size_t at,
                             uint64_t block) {
    const uint64_t to_edge = block - (offset + at) % block;
    return static_cast<size_t>(std::min<uint64_t>(to_edge, data.size() - at));
  }
  static bool is_zero_block(std::span<const std::byte> data, uint64_t offset, size_t at,
                            uint64_t block) {
    const size_t length = block_length(data, offset, at, block);
    return length == block && all_zero(data.subspan(at, length));
  }

  // For kernels and file systems without RWF_DONTCACHE. Only clean pages go, so write-back is started at once and the
  // dropping follows at a distance; posix_fadvise(2) reports nothing worth reporting here.
  void drop_behind(const CopyRange& last) {
    if (s_.pair.manner.cache != Cache::drop || s_.out_cache == Cache::drop) return;
    if (s_.pair.facts.out.kind == FileType::stream) return;
    (void)s_.pair.files.start_writeback(s_.pair.out, last.destination());
    const uint64_t end = last.out + last.length;
    if (end > dropped_ + 2 * kDropBehind) {
      const uint64_t until = end - kDropBehind;
      (void)s_.pair.files.advise(s_.pair.out, {dropped_, until}, Advice::dont_need);
      dropped_ = until;
    }
  }

  Shared& s_;
  AlignedBuffer buffer_;
  std::vector<Piece> pieces_;
  uint64_t dropped_ = 0;
  Moved result_;
};

// RWF_DONTCACHE lost dirty pages before 6.16 (478ad02d6844 turned it off, 6.16 has it back).
Cache transfer_cache(const Pair& pair) {
  const bool safe = pair.facts.kernel.at_least(6, 16);
  return pair.manner.cache == Cache::drop && safe && !is_stream(pair) ? Cache::drop : Cache::keep;
}

class Buffered final : public Mechanism {
 public:
  MechanismId id() const override { return MechanismId::buffered; }

  Verdict can(const Facts&) const override { return {Can::yes, ""}; }

  Moved move(Pair& pair, std::span<const CopyRange> ranges) const override {
    const uint64_t total = total_length(ranges);
    const uint64_t best = std::clamp(total / kChunksAtLeast, std::min(total, kSmallChunk), kChunk);
    const uint64_t size =
        align_up(std::max(std::min(best, pair.control.chunk()), kSmallestBuffer), 4096);
    if (pair.manner.preallocate) {
      if (Done ok = preallocate(pair, ranges); !ok) return stopped({}, ok.error(), 0);
    }
    Shared shared{pair,
                  WorkQueue(pair.control, ranges, size),
                  transfer_cache(pair),
                  transfer_cache(pair),
                  {}};
    AlignedBuffer mine(static_cast<size_t>(size));
    if (!mine.valid()) return stopped({}, Error{ENOMEM, Op::read, {}, {}}, 0);
    Worker worker(shared, std::move(mine));
    // A stream is read by the calling thread only: a reader blocked in a silent pipe could not be called back when
    // writing fails.
    if (is_stream(pair)) return worker.run_stream(ranges);
    if (total > size) {
      with_helper(shared, size, worker);
    } else {
      worker.run();
    }
    return std::move(shared.queue).result();
  }

 private:
  // Without a second buffer or thread to be had, one does all.
  static void with_helper(Shared& shared, uint64_t size, Worker& worker) {
    AlignedBuffer buffer(static_cast<size_t>(size));
    if (!buffer.valid()) return worker.run();
    Worker helper(shared, std::move(buffer));
    const Result<Thread> thread = Thread::start([&helper] {
      try {
        helper.run();
      } catch (const std::bad_alloc&) {
        // What it had taken is not finished, so it is not counted, and the engine says so.
      }
    });
    worker.run();
  }

  // The destination's blocks in one go, before the data. No space shows here, before the first byte.
  static Done preallocate(Pair& pair, std::span<const CopyRange> ranges) {
    constexpr uint64_t kWorthIt = uint64_t{1} << 20;
    for (const CopyRange& r : ranges) {
      if (r.length < kWorthIt) continue;
      const Done ok = retry_interrupted(
          [&] { return pair.files.allocate(pair.out, Allocate::reserve, r.destination()); });
      if (!ok && !is_not_supported(ok.error().code) && ok.error().code != EINVAL) return ok;
      if (!ok) break;
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_buffered() { return std::make_unique<Buffered>(); }

}  // namespace libcopyfile
