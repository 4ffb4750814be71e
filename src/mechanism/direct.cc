// Around the page cache: O_DIRECT on both sides, several transfers under way in an io_uring. For data that would only push
// other data out of memory. Every chunk is a small state machine (reading, writing, done): linked requests would break with
// ECANCELED on a short read.
#include <deque>
#include <memory>
#include <vector>

#include "mechanism/mechanism.h"
#include "sys/huge_buffer.h"
#include "sys/io_queue.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// docs/performance.md has the measurement: deeper or larger gained nothing on the disks tried.
constexpr size_t kChunk = HugeBuffer::kAlignment;
constexpr unsigned kDepth = 4;
constexpr uint64_t kBlock = 4096;  // no dma or offset alignment is larger

constexpr ErrnoRow kTable[] = {
    {EINVAL, Stop::declined, Scope::file, "direct I/O refused for this alignment or file"},
    {EOPNOTSUPP, Stop::declined, Scope::file, "direct I/O not supported"},
    {ENOTBLK, Stop::declined, Scope::file, "direct I/O gave way to the page cache"},
};
// Setting up: nothing has been moved yet.
constexpr ErrnoRow kSetUpTable[] = {
    {EPERM, Stop::declined, Scope::mounts, "io_uring is not permitted"},
    {ENOSYS, Stop::declined, Scope::mounts, "the kernel has no io_uring"},
    {ENOMEM, Stop::declined, Scope::file, "no memory for a queue"},
    {EMFILE, Stop::declined, Scope::file, "no descriptor left for a queue"},
    {ENFILE, Stop::declined, Scope::file, "no descriptor left for a queue"},
    {EINVAL, Stop::declined, Scope::file, "the file system has no direct I/O"},
    {EOPNOTSUPP, Stop::declined, Scope::file, "the file system has no direct I/O"},
    {ENOENT, Stop::declined, Scope::file, "/proc is needed to open the file again"},
    {EACCES, Stop::declined, Scope::file, "the file may not be opened again"},
    {ENXIO, Stop::declined, Scope::file, "the file cannot be opened again"},
    {ETXTBSY, Stop::declined, Scope::file, "the file cannot be opened again"},
};

struct Slot {
  std::span<std::byte> buffer;
  CopyRange part;
  uint64_t sequence = 0;
  IoRequest::Kind phase = IoRequest::Kind::read;
  size_t done = 0;  // of part.length, in this phase
};

class DirectCopy {
 public:
  DirectCopy(Pair& pair, std::span<const CopyRange> ranges, int in, int out, IoQueue& queue,
             std::span<Slot> slots)
      : pair_(pair), ranges_(ranges), in_(in), out_(out), queue_(queue), slots_(slots) {
    for (size_t i = 0; i < slots.size(); ++i) free_.push_back(i);
  }

  Moved run() {
    std::vector<IoCompletion> completions(kDepth);
    while (true) {
      while (!stopping_ && !free_.empty() && next_ < ranges_.size()) start_next();
      if (free_.size() == slots_.size()) break;
      const Result<size_t> n = queue_.reap(completions);
      if (!n) {
        stop_at(0, stopped({}, n.error(), 0));
        break;  // the queue is broken: its destructor waits for what is under way
      }
      for (const IoCompletion& c : std::span(completions).first(*n)) complete(c);
      report_progress();
    }
    drain();
    outcome_.bytes = prefix_;
    return outcome_;
  }

 private:
  void start_next() {
    const size_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.part = ranges_[next_].part(offset_, slot.buffer.size());
    slot.sequence = first_ + finished_.size();
    slot.phase = IoRequest::Kind::read;
    slot.done = 0;
    finished_.push_back(0);
    offset_ += slot.part.length;
    if (offset_ == ranges_[next_].length) {
      ++next_;
      offset_ = 0;
    }
    submit(index);
  }

  void submit(size_t index) {
    Slot& slot = slots_[index];
    const bool reading = slot.phase == IoRequest::Kind::read;
    IoRequest r;
    r.kind = slot.phase;
    r.fd = reading ? in_ : out_;
    r.buffer = slot.buffer.data() + slot.done;
    r.length = static_cast<size_t>(slot.part.length) - slot.done;
    r.offset = (reading ? slot.part.in : slot.part.out) + slot.done;
    r.tag = index;
    if (Done ok = queue_.submit(r); !ok) {
      stop_at(slot.sequence, stopped(kTable, ok.error(), 0));
      release(index);
    }
  }

  void complete(const IoCompletion& c) {
    const auto index = static_cast<size_t>(c.tag);
    Slot& slot = slots_[index];
    if (c.error == EINTR || c.error == EAGAIN) {
      submit(index);
      return;
    }
    const bool reading = slot.phase == IoRequest::Kind::read;
    if (c.error != 0) {
      const Op op = reading ? Op::read : Op::write;
      const Range where = reading ? slot.part.source() : slot.part.destination();
      stop_at(slot.sequence, stopped(kTable, Error{c.error, op, {}, where}, 0));
      release(index);
      return;
    }
    slot.done += c.count;
    if (slot.done < slot.part.length) {
      // An end that is not aligned is the end of a source that shrank: only the page cache can read the rest.
      if (c.count == 0 || slot.done % kBlock != 0) {
        Moved m;
        m.stop = reading ? Stop::declined : Stop::failed;
        m.error = Error{reading ? ENODATA : EIO, reading ? Op::read : Op::write,
                        reading ? "the source is shorter than it was" : "", slot.part.source()};
        stop_at(slot.sequence, std::move(m));
        release(index);
        return;
      }
      submit(index);
      return;
    }
    if (reading) {
      slot.phase = IoRequest::Kind::write;
      slot.done = 0;
      submit(index);
      return;
    }
    finished_[slot.sequence - first_] = slot.part.length;
    release(index);
  }

  void release(size_t index) { free_.push_back(index); }

  // The earliest reason wins: what counts is the first byte that is not in place.
  void stop_at(uint64_t sequence, Moved why) {
    if (!stopping_ || sequence < stopped_at_) {
      outcome_ = std::move(why);
      stopped_at_ = sequence;
    }
    stopping_ = true;
  }

  void report_progress() {
    uint64_t bytes = 0;
    while (!finished_.empty() && finished_.front() != 0) {
      bytes += finished_.front();
      finished_.pop_front();
      ++first_;
    }
    prefix_ += bytes;
    if (bytes == 0 || pair_.control.moved(bytes) || stopping_) return;
    Moved cancelled;
    cancelled.stop = Stop::cancelled;
    stop_at(0, cancelled);
  }

  // Nothing may be under way when the buffers go.
  void drain() {
    std::vector<IoCompletion> completions(kDepth);
    while (free_.size() < slots_.size()) {
      const Result<size_t> n = queue_.reap(completions);
      if (!n) return;
      for (size_t i = 0; i < *n; ++i) free_.push_back(static_cast<size_t>(completions[i].tag));
    }
  }

  Pair& pair_;
  std::span<const CopyRange> ranges_;
  int in_;
  int out_;
  IoQueue& queue_;
  std::span<Slot> slots_;
  std::vector<size_t> free_;
  size_t next_ = 0;                // the range being started
  uint64_t offset_ = 0;            // within it
  std::deque<uint64_t> finished_;  // by sequence, from first_ on: length once in place, else 0
  uint64_t first_ = 0;
  uint64_t prefix_ = 0;
  bool stopping_ = false;
  uint64_t stopped_at_ = 0;
  Moved outcome_;
};

class Direct final : public Mechanism {
 public:
  MechanismId id() const override { return MechanismId::direct; }

  Verdict can(const Facts& f) const override {
    for (const SideFacts* side : {&f.in, &f.out}) {
      if (side->kind != FileType::regular && side->kind != FileType::block_device) {
        return {Can::no, "only for regular files and block devices"};
      }
      if (!side->ours) return {Can::no, "a caller's descriptor is not opened a second time"};
      if (side->stat.direct_known && side->stat.direct_offset_align == 0) {
        return {Can::no, "the file system has no direct I/O for this file"};
      }
    }
    if (!f.in.size_trusted) return {Can::no, "the source is made up by the kernel"};
    return {Can::unknown, "only trying tells"};
  }

  Moved move(Pair& pair, std::span<const CopyRange> ranges) const override {
    const auto reopen = [&](int fd, Reopen how) {
      return retry_interrupted([&] { return pair.files.reopen(fd, how); });
    };
    const Result<Fd> in = reopen(pair.in, Reopen::direct_read);
    if (!in) return stopped(kSetUpTable, in.error(), 0);
    const Result<Fd> out = reopen(pair.out, Reopen::direct_write);
    if (!out) return stopped(kSetUpTable, out.error(), 0);
    // Before the queue, so that they go after it: its destructor waits for transfers that still use them.
    const size_t size = chunk_size(pair);
    HugeBuffer buffer(kDepth * size);
    if (!buffer.valid()) return stopped({}, Error{ENOMEM, Op::read, {}, {}}, 0);
    std::vector<Slot> slots(kDepth);
    for (size_t i = 0; i < kDepth; ++i) slots[i].buffer = buffer.span().subspan(i * size, size);
    const Result<std::unique_ptr<IoQueue>> queue =
        retry_interrupted([&] { return pair.files.queue(kDepth); });
    if (!queue) return stopped(kSetUpTable, queue.error(), 0);
    return DirectCopy(pair, ranges, in->get(), out->get(), **queue, slots).run();
  }

 private:
  // Smaller where a rate limit wants to be asked more often.
  static size_t chunk_size(const Pair& pair) {
    const uint64_t wanted = std::min<uint64_t>(kChunk, pair.control.chunk());
    return static_cast<size_t>(align_up(std::max<uint64_t>(wanted, 1), kBlock));
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_direct() { return std::make_unique<Direct>(); }

}  // namespace libcopyfile
