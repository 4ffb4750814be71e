#include "iscsi/out_queue.h"

#include <algorithm>
#include <utility>

namespace libcopyfile::iscsi {
namespace {

constexpr size_t kChunk = 4096;

}  // namespace

void OutQueue::copy(wire::View bytes) {
  if (bytes.empty()) return;
  const auto fits = [&](const Piece& p) {
    return p.owner == nullptr && p.own.capacity() - p.own.size() >= bytes.size();
  };
  if (pieces_.empty() || !fits(pieces_.back())) {
    Piece piece;
    piece.own = std::exchange(spare_, {});
    piece.own.clear();
    piece.own.reserve(std::max(kChunk, bytes.size()));
    pieces_.push_back(std::move(piece));
  }
  auto& own = pieces_.back().own;
  own.insert(own.end(), bytes.span().begin(), bytes.span().end());
  bytes_ += bytes.size();
  copied_ += bytes.size();
}

void OutQueue::refer(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner) {
  if (bytes.empty()) return;
  Piece piece;
  piece.other = bytes;
  piece.owner = std::move(owner);
  pieces_.push_back(std::move(piece));
  bytes_ += bytes.size();
}

size_t OutQueue::gather(std::span<std::span<const uint8_t>> into) const {
  const size_t count = std::min(into.size(), pieces_.size());
  for (size_t i = 0; i < count; ++i) into[i] = pieces_[i].rest();
  return count;
}

void OutQueue::sent(size_t bytes) {
  bytes_ -= bytes;
  while (bytes > 0) {
    Piece& piece = pieces_.front();
    const size_t part = std::min(bytes, piece.rest().size());
    piece.at += part;
    bytes -= part;
    if (piece.owner == nullptr) copied_ -= part;
    if (!piece.rest().empty()) return;
    if (piece.owner == nullptr && piece.own.capacity() <= kChunk) spare_ = std::move(piece.own);
    pieces_.pop_front();
  }
}

}  // namespace libcopyfile::iscsi
