#include "iscsi/receiver.h"

#include <algorithm>
#include <cstring>

#include "wire/crc32c.h"

namespace libcopyfile::iscsi {

using wire::View;
using wire::iscsi::kDigestSize;
using wire::iscsi::kHeaderSize;

namespace {

// Below, a copy is cheaper than a longer list for the kernel.
constexpr size_t kWorthwhile = 8192;

View view_of(std::span<const uint8_t> bytes) { return View(bytes); }

}  // namespace

size_t Receiver::size_of(Part part) const {
  switch (part) {
    case Part::header: return kHeaderSize;
    case Part::additional: return pdu_.framing.additional;
    case Part::header_digest: return header_digest_ ? kDigestSize : 0;
    case Part::data: return pdu_.framing.data;
    case Part::padding: return pdu_.framing.padding();
    case Part::data_digest: return data_digest_ && pdu_.framing.data > 0 ? kDigestSize : 0;
  }
  return 0;
}

// Where the rest of this part goes; empty with data that are thrown away.
std::span<uint8_t> Receiver::room() {
  switch (part_) {
    case Part::header: return std::span(pdu_.header).subspan(filled_);
    case Part::additional: return std::span(pdu_.additional).subspan(filled_);
    case Part::data: return place_.empty() ? std::span<uint8_t>() : place_.subspan(filled_);
    case Part::header_digest:
    case Part::padding:
    case Part::data_digest: return std::span(small_).first(size_of(part_)).subspan(filled_);
  }
  return {};
}

Receiver::State Receiver::take(std::span<const uint8_t> bytes) {
  while (!bytes.empty() && state_ == State::good) {
    const size_t count = std::min(bytes.size(), size_of(part_) - filled_);
    const auto piece = bytes.first(count);
    if (const auto to = room(); !to.empty()) std::memcpy(to.data(), piece.data(), count);
    if (data_digest_ && (part_ == Part::data || part_ == Part::padding)) {
      crc_ = wire::crc32c(view_of(piece), crc_);
    }
    bytes = bytes.subspan(count);
    filled_ += count;
    if (filled_ == size_of(part_)) part_filled();
  }
  return state_;
}

std::span<uint8_t> Receiver::direct() {
  if (state_ != State::good || part_ != Part::data || place_.empty()) return {};
  const auto to = room().first(size_of(part_) - filled_);
  return to.size() >= kWorthwhile ? to : std::span<uint8_t>();
}

void Receiver::taken_directly(size_t bytes) {
  if (data_digest_) crc_ = wire::crc32c(view_of(place_.subspan(filled_, bytes)), crc_);
  filled_ += bytes;
  if (filled_ == size_of(part_)) part_filled();
}

void Receiver::begin(Part part) {
  part_ = part;
  filled_ = 0;
}

// Goes on to the next part that is not empty.
void Receiver::part_filled() {
  while (state_ == State::good) {
    switch (part_) {
      case Part::header:
        pdu_.framing = wire::iscsi::decode_framing(pdu_.header);
        if (pdu_.framing.data > most_data_) {
          state_ = State::too_long;
          return;
        }
        pdu_.additional.resize(pdu_.framing.additional);
        begin(Part::additional);
        break;
      case Part::additional: begin(Part::header_digest); break;
      case Part::header_digest:
        if (header_digest_) {
          const uint32_t crc = wire::crc32c(pdu_.additional, wire::crc32c(view_of(pdu_.header)));
          if (crc != view_of(small_).le32(0)) {
            state_ = State::header_digest_error;
            return;
          }
        }
        crc_ = 0;
        begin(Part::data);
        place_ = sink_.header_came(pdu_);
        break;
      case Part::data: begin(Part::padding); break;
      case Part::padding: begin(Part::data_digest); break;
      case Part::data_digest: {
        const bool checked = size_of(Part::data_digest) > 0;
        const bool good = !checked || crc_ == view_of(small_).le32(0);
        begin(Part::header);
        place_ = {};
        sink_.data_came(pdu_, good);
        return;
      }
    }
    if (size_of(part_) > 0) return;
  }
}

}  // namespace libcopyfile::iscsi
