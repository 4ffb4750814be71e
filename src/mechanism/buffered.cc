// Reading and writing through the page cache. Works between any two files, and is what every other mechanism falls back
// to. Above one buffer's worth a second thread reads ahead (docs/performance.md has the numbers for size and count).
#include <new>

#include "mechanism/mechanism.h"
#include "mechanism/pipeline.h"
#include "mechanism/zeros.h"
#include "sys/thread.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

constexpr size_t kBufferSize = size_t{1} << 20;
constexpr size_t kSmallBuffer = size_t{64} << 10;
constexpr size_t kBuffers = 4;
// Without RWF_DONTCACHE, pages are dropped this far behind the write: by then write-back has mostly got to them.
constexpr uint64_t kDropBehind = uint64_t{32} << 20;

bool is_stream(const Pair& pair) {
  return pair.facts.in.kind == FileType::stream || pair.facts.out.kind == FileType::stream;
}

// Fills batches from the ranges, in order.
class Reader {
 public:
  Reader(Pair& pair, std::span<const CopyRange> ranges, Cache cache)
      : pair_(pair), ranges_(ranges), cache_(cache) {}

  void fill(Batch& batch) {
    batch.clear();
    while (batch.used < batch.buffer.size() && next_ < ranges_.size()) {
      const CopyRange part = ranges_[next_].part(done_, batch.buffer.size() - batch.used);
      const auto length = static_cast<size_t>(part.length);
      const Result<size_t> n = read(batch.buffer.span().subspan(batch.used, length), part.in);
      if (!n) {
        batch.stop = n.error().op == Op::progress ? Stop::cancelled : Stop::failed;
        batch.error = n.error();
        break;
      }
      if (*n > 0) batch.pieces.push_back({part.out, batch.used, *n});
      batch.used += *n;
      if (*n < length && !(stream() && *n > 0)) {
        batch.stop = Stop::end_of_source;
        break;
      }
      advance(*n);
      if (stream()) break;
    }
    batch.last = batch.stop != Stop::complete || next_ == ranges_.size();
  }

 private:
  bool stream() const { return pair_.facts.in.kind == FileType::stream; }

  void advance(uint64_t n) {
    done_ += n;
    if (done_ == ranges_[next_].length) {
      ++next_;
      done_ = 0;
    }
  }

  Result<size_t> read(std::span<std::byte> buffer, uint64_t offset) {
    if (!stream()) {
      Result<size_t> n = read_full(pair_.files, pair_.in, buffer, offset, cache_);
      if (!n && cache_ == Cache::drop && is_not_supported(n.error().code)) {
        cache_ = Cache::keep;  // probed by doing: Btrfs and tmpfs have no RWF_DONTCACHE
        n = read_full(pair_.files, pair_.in, buffer, offset, cache_);
      }
      return n;
    }
    // A pipe may stay silent for ever: what has come goes on, and a signal is a moment to ask whether to stop.
    for (;;) {
      Result<size_t> n = pair_.files.read(pair_.in, buffer, kStream, Cache::keep);
      if (n || n.error().code != EINTR) return n;
      if (!pair_.control.moved(0)) return fail(ECANCELED, Op::progress);
    }
  }

  Pair& pair_;
  std::span<const CopyRange> ranges_;
  Cache cache_;
  size_t next_ = 0;
  uint64_t done_ = 0;
};

// Empties batches into the destination and counts.
class Writer {
 public:
  Writer(Pair& pair, Cache cache) : pair_(pair), cache_(cache) {}

  // False when nothing more is to be written; result() says why.
  bool empty(const Batch& batch) {
    const uint64_t before = result_.bytes;
    for (const Piece& piece : batch.pieces) {
      const auto data = batch.buffer.span().subspan(piece.offset, piece.length);
      const Done ok =
          pair_.manner.detect_zeros > 0 ? write_sparse(data, piece.out) : write(data, piece.out);
      if (!ok) {
        result_.stop = Stop::failed;
        result_.error = ok.error();
        return false;
      }
    }
    if (!batch.pieces.empty()) drop_behind(batch.pieces.back());
    if (!pair_.control.moved(result_.bytes - before)) {
      result_.stop = Stop::cancelled;
      return false;
    }
    result_.stop = batch.stop;
    result_.error = batch.error;
    return !batch.last;
  }

  Moved take_result() { return std::move(result_); }

 private:
  Done write(std::span<const std::byte> data, uint64_t offset) {
    if (pair_.facts.out.kind == FileType::stream) offset = kStream;
    size_t written = 0;
    Done ok = write_all(pair_.files, pair_.out, data, offset, &written, cache_);
    if (!ok && cache_ == Cache::drop && written == 0 && is_not_supported(ok.error().code)) {
      cache_ = Cache::keep;
      dropping_ = true;
      ok = write_all(pair_.files, pair_.out, data, offset, &written, cache_);
    }
    result_.bytes += written;
    return ok;
  }

  // Runs of zeros that fill whole blocks of the destination become holes; what is between them is written in one go.
  Done write_sparse(std::span<const std::byte> data, uint64_t offset) {
    const uint64_t block = pair_.manner.detect_zeros;
    size_t at = 0;
    while (at < data.size()) {
      size_t end = at;
      const bool zero = is_zero_block(data, offset, at, block);
      while (end < data.size() && is_zero_block(data, offset, end, block) == zero) {
        end += block_length(data, offset, end, block);
      }
      if (zero) {
        const Range hole{offset + at, offset + end};
        if (Done ok = make_hole(pair_, hole); !ok) return ok;
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
  void drop_behind(const Piece& last) {
    if (pair_.manner.cache != Cache::drop || (!dropping_ && cache_ == Cache::drop)) return;
    const uint64_t end = last.out + last.length;
    if (end <= started_) return;
    (void)pair_.files.start_writeback(pair_.out, {started_, end});
    started_ = end;
    if (end > dropped_ + 2 * kDropBehind) {
      const uint64_t until = end - kDropBehind;
      (void)pair_.files.advise(pair_.out, {dropped_, until}, Advice::dont_need);
      dropped_ = until;
    }
  }

  Pair& pair_;
  Cache cache_;
  bool dropping_ = false;
  uint64_t started_ = 0;
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
    const Cache cache = transfer_cache(pair);
    Reader reader(pair, ranges, cache);
    Writer writer(pair, cache);
    const uint64_t wanted = std::max<uint64_t>(kSmallBuffer, std::min(total, pair.control.chunk()));
    const auto size = static_cast<size_t>(std::min<uint64_t>(kBufferSize, align_up(wanted, 4096)));
    // A stream is read by the calling thread only: a reader blocked in a silent pipe could not be called back when
    // writing fails.
    const bool read_ahead = total > size && !is_stream(pair);
    std::vector<Batch> batches(read_ahead ? kBuffers : 1);
    for (Batch& b : batches) {
      b.buffer = AlignedBuffer(size);
      if (!b.buffer.valid()) return stopped({}, Error{ENOMEM, Op::read, {}, {}}, 0);
    }
    if (read_ahead) {
      BatchRing ring(std::move(batches));
      return pipelined(reader, writer, ring);
    }
    do reader.fill(batches.front());
    while (writer.empty(batches.front()));
    return writer.take_result();
  }

 private:
  static Moved pipelined(Reader& reader, Writer& writer, BatchRing& ring) {
    const auto read_all = [&] {
      for (bool more = true; more;) {
        Batch* batch = ring.wait_empty();
        if (batch == nullptr) return;
        try {
          reader.fill(*batch);
        } catch (const std::bad_alloc&) {  // must not leave the thread
          batch->last = true;
          batch->stop = Stop::failed;
          batch->error = Error{ENOMEM, Op::read, {}, {}};
        }
        more = !batch->last;
        ring.put_full();
      }
    };
    Result<Thread> thread = Thread::start(read_all);
    if (!thread) {
      // No thread to be had: the same batches in turn.
      for (bool more = true; more;) {
        reader.fill(*ring.wait_empty());
        ring.put_full();
        more = writer.empty(ring.wait_full());
        ring.put_empty();
      }
      return writer.take_result();
    }
    while (writer.empty(ring.wait_full())) ring.put_empty();
    ring.give_up();
    thread->join();
    return writer.take_result();
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_buffered() { return std::make_unique<Buffered>(); }

}  // namespace libcopyfile
