#include "units/block_io.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "mechanism/scsi_sense.h"
#include "wire/cdb.h"

namespace libcopyfile {
namespace {

// Larger ones gain nothing: targets ask for data in bursts of 256 KiB and less. Eight of them are what two threads move at once.
constexpr size_t kPiece = size_t{512} << 10;
constexpr unsigned kUnderWay = 8;
constexpr unsigned kTimeoutMs = 30'000;
constexpr unsigned kFlushTimeoutMs = 120'000;
constexpr unsigned kSliceMs = 1000;
constexpr uint8_t kNoSuchCommand = 0x20;  // additional sense code

// A command that is repeated as the device asks for it.
struct Piece {
  wire::Cdb cdb;
  std::span<const uint8_t> out;
  std::span<uint8_t> in;
  Range range;  // of the unit's bytes
  unsigned timeout_ms = kTimeoutMs;
  uint64_t due = 0;
  bool under_way = false;
  bool done = false;
  Attempts attempts;
};

ScsiReply reply_of(const ScsiCompletion& completion) {
  ScsiReply reply;
  reply.error = completion.error;
  reply.status = completion.status;
  reply.sense = wire::decode_sense(wire::View(completion.sense_data()));
  return reply;
}

// Carries pieces out, as many at once as there may be.
class Run {
 public:
  Run(ScsiQueue& queue, Unit which, std::span<Piece> pieces)
      : queue_(queue), which_(which), pieces_(pieces) {}

  Done run() {
    for (;;) {
      begin();
      if (under_way_ == 0 && (error_ || next_due() == UINT64_MAX)) break;
      if (Done ok = wait(); !ok) return ok;
    }
    if (error_) return fail(*error_);
    return {};
  }

 private:
  void begin() {
    const unsigned most = std::min(kUnderWay, queue_.depth());
    const uint64_t now = queue_.now_ms();
    for (size_t i = 0; i < pieces_.size() && under_way_ < most && !error_; ++i) {
      Piece& piece = pieces_[i];
      if (piece.done || piece.under_way || piece.due > now) continue;
      ScsiRequest request;
      request.unit = which_;
      request.cdb = piece.cdb.view().span();
      request.out = piece.out;
      request.in = piece.in;
      request.timeout_ms = piece.timeout_ms;
      request.tag = i;
      if (const Done ok = queue_.submit(request); !ok) {
        error_ = ok.error();
        return;
      }
      piece.under_way = true;
      ++under_way_;
    }
  }

  // When the next piece that waits may be sent; UINT64_MAX if none does.
  uint64_t next_due() const {
    uint64_t due = UINT64_MAX;
    for (const Piece& piece : pieces_) {
      if (!piece.done && !piece.under_way) due = std::min(due, piece.due);
    }
    return due;
  }

  Done wait() {
    const uint64_t now = queue_.now_ms();
    const uint64_t due = next_due();
    // What is due and has no place waits for a completion.
    const uint64_t until = due > now && !error_ ? std::min(due, now + kSliceMs) : now + kSliceMs;
    std::array<ScsiCompletion, kUnderWay> completions;
    const Result<size_t> count = queue_.reap(completions, static_cast<unsigned>(until - now));
    if (!count) return fail(count.error());
    for (size_t i = 0; i < *count; ++i) take(completions[i]);
    return {};
  }

  void take(const ScsiCompletion& completion) {
    Piece& piece = pieces_[completion.tag];
    piece.under_way = false;
    --under_way_;
    const ScsiReply reply = reply_of(completion);
    const bool good = succeeded(reply);
    if (good && completion.received == piece.in.size()) {
      piece.done = true;
      return;
    }
    const Judgement judgement =
        good ? Judgement{SenseAction::once_more, EIO, Scope::file, "the device read too little"}
             : judge(reply);
    const bool passes =
        judgement.action == SenseAction::again || judgement.action == SenseAction::once_more;
    if (passes) {
      if (const std::optional<unsigned> delay = piece.attempts.again(judgement)) {
        piece.due = queue_.now_ms() + *delay;
        return;
      }
    }
    const bool absent = reply.sense && reply.sense->code.key == wire::SenseKey::illegal_request &&
                        reply.sense->code.asc == kNoSuchCommand;
    // The earliest byte that failed is what counts.
    if (!error_ || piece.range.begin < error_->range.begin) {
      error_ = Error{absent ? EOPNOTSUPP : judgement.code, piece.in.empty() ? Op::write : Op::read,
                     judgement.reason, piece.range};
    }
  }

  ScsiQueue& queue_;
  Unit which_;
  std::span<Piece> pieces_;
  unsigned under_way_ = 0;
  std::optional<Error> error_;
};

Piece piece_of(wire::Opcode opcode, uint64_t offset, size_t length, uint64_t block) {
  Piece piece;
  piece.cdb =
      wire::encode(wire::BlocksCdb{opcode, offset / block, static_cast<uint32_t>(length / block)});
  piece.range = {offset, offset + length};
  return piece;
}

void add_reads(std::vector<Piece>& pieces, std::span<uint8_t> buffer, uint64_t offset, size_t most,
               uint64_t block) {
  for (size_t at = 0; at < buffer.size(); at += most) {
    const size_t length = std::min(most, buffer.size() - at);
    pieces.push_back(piece_of(wire::Opcode::read_16, offset + at, length, block));
    pieces.back().in = buffer.subspan(at, length);
  }
}

void add_writes(std::vector<Piece>& pieces, std::span<const uint8_t> data, uint64_t offset,
                size_t most, uint64_t block) {
  for (size_t at = 0; at < data.size(); at += most) {
    const size_t length = std::min(most, data.size() - at);
    pieces.push_back(piece_of(wire::Opcode::write_16, offset + at, length, block));
    pieces.back().out = data.subspan(at, length);
  }
}

// How much is in place without a gap; an error only if it is nothing.
Result<size_t> counted(const Done& ran, std::span<const Piece> pieces, uint64_t offset,
                       size_t length) {
  if (ran) return length;
  uint64_t reach = UINT64_MAX;
  for (const Piece& piece : pieces) {
    if (!piece.done) reach = std::min(reach, piece.range.begin);
  }
  if (reach <= offset) return fail(ran.error());
  return static_cast<size_t>(std::min<uint64_t>(reach - offset, length));
}

// A block of which only a part is wanted.
struct Edge {
  std::vector<uint8_t> block;
  uint64_t offset = 0;  // of the block
  size_t skip = 0;      // of its bytes, to the part
  size_t at = 0;        // of the part in the caller's buffer
  size_t length = 0;
};

// The request in blocks: up to two edges, and whole blocks between them.
struct Layout {
  std::vector<Edge> edges;
  size_t body_at = 0;
  size_t body = 0;
};

Layout lay_out(uint64_t offset, size_t length, uint64_t block) {
  Layout layout;
  const auto add_edge = [&](size_t at, size_t part) {
    Edge edge;
    edge.block.resize(block);
    edge.offset = align_down(offset + at, block);
    edge.skip = static_cast<size_t>(offset + at - edge.offset);
    edge.at = at;
    edge.length = part;
    layout.edges.push_back(std::move(edge));
  };
  size_t at = 0;
  if (const uint64_t into = offset % block; into != 0) {
    at = static_cast<size_t>(std::min<uint64_t>(block - into, length));
    add_edge(0, at);
  }
  layout.body_at = at;
  layout.body = static_cast<size_t>(align_down(length - at, block));
  at += layout.body;
  if (at < length) add_edge(at, length - at);
  return layout;
}

std::span<uint8_t> bytes_of(std::span<std::byte> span) {
  return {reinterpret_cast<uint8_t*>(span.data()), span.size()};
}
std::span<const uint8_t> bytes_of(std::span<const std::byte> span) {
  return {reinterpret_cast<const uint8_t*>(span.data()), span.size()};
}

}  // namespace

BlockIo::BlockIo(ScsiQueue& queue, Unit which, const ScsiUnit& unit, size_t most)
    : queue_(queue),
      which_(which),
      block_(unit.capacity.block_length),
      size_(unit.size()),
      piece_(std::min(kPiece, most)) {
  if (unit.block_limits && unit.block_limits->max_transfer > 0) {
    piece_ =
        static_cast<size_t>(std::min<uint64_t>(piece_, unit.block_limits->max_transfer * block_));
  }
  piece_ = static_cast<size_t>(std::max(align_down(piece_, block_), block_));
}

Result<size_t> BlockIo::read(std::span<std::byte> buffer, uint64_t offset) {
  if (offset >= size_ || buffer.empty()) return size_t{0};
  buffer = buffer.first(static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_ - offset)));
  Layout layout = lay_out(offset, buffer.size(), block_);
  std::vector<Piece> pieces;
  for (Edge& edge : layout.edges) add_reads(pieces, edge.block, edge.offset, piece_, block_);
  add_reads(pieces, bytes_of(buffer.subspan(layout.body_at, layout.body)), offset + layout.body_at,
            piece_, block_);
  const Done ran = Run(queue_, which_, pieces).run();
  for (const Edge& edge : layout.edges) {
    std::memcpy(buffer.data() + edge.at, edge.block.data() + edge.skip, edge.length);
  }
  return counted(ran, pieces, offset, buffer.size());
}

Result<size_t> BlockIo::write(std::span<const std::byte> data, uint64_t offset) {
  if (data.empty()) return size_t{0};
  if (offset >= size_) return fail(ENOSPC, Op::write, Range{offset, offset});
  data = data.first(static_cast<size_t>(std::min<uint64_t>(data.size(), size_ - offset)));
  Layout layout = lay_out(offset, data.size(), block_);
  std::vector<Piece> reads;
  for (Edge& edge : layout.edges) add_reads(reads, edge.block, edge.offset, piece_, block_);
  if (Done ok = Run(queue_, which_, reads).run(); !ok) return fail(ok.error());
  std::vector<Piece> pieces;
  for (Edge& edge : layout.edges) {
    std::memcpy(edge.block.data() + edge.skip, data.data() + edge.at, edge.length);
    add_writes(pieces, edge.block, edge.offset, piece_, block_);
  }
  add_writes(pieces, bytes_of(data.subspan(layout.body_at, layout.body)), offset + layout.body_at,
             piece_, block_);
  const Done ran = Run(queue_, which_, pieces).run();
  return counted(ran, pieces, offset, data.size());
}

Done BlockIo::flush() {
  std::array<Piece, 1> one{piece_of(wire::Opcode::synchronize_cache_16, 0, 0, block_)};
  one[0].timeout_ms = kFlushTimeoutMs;
  Done ok = Run(queue_, which_, one).run();
  if (ok || ok.error().code == EOPNOTSUPP) return {};
  return fail(Error{ok.error().code, Op::sync, ok.error().where, {}});
}

}  // namespace libcopyfile
