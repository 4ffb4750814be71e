// PDUs out of a stream of bytes (RFC 7143, 11.2): headers are collected, data segments go where they belong as they come.
#pragma once

#include <cstdint>
#include <span>

#include "wire/iscsi_pdu.h"

namespace libcopyfile::iscsi {

struct ReceivedPdu {
  wire::iscsi::Header header{};
  wire::iscsi::Framing framing;
  wire::Bytes additional;
};

// What is done with them.
class PduSink {
 public:
  virtual ~PduSink() = default;
  // A header came. Where its data segment goes: framing.data bytes that stay until data_came(), or nothing: it is thrown away.
  virtual std::span<uint8_t> header_came(const ReceivedPdu& pdu) = 0;
  virtual void data_came(const ReceivedPdu& pdu, bool digest_is_good) = 0;
};

class Receiver {
 public:
  enum class State : uint8_t { good, header_digest_error, too_long, stopped };

  explicit Receiver(PduSink& sink) : sink_(sink) {}
  // From the next PDU on.
  void set_digests(bool header, bool data) {
    header_digest_ = header;
    data_digest_ = data;
  }
  void set_most_data(size_t bytes) { most_data_ = bytes; }
  // Nothing more goes to the sink.
  void stop() { state_ = State::stopped; }

  // Takes all; not good: what comes behind is not understood any more.
  State take(std::span<const uint8_t> bytes);
  // Where the next bytes of the stream may be put at once, with taken_directly() afterwards; empty where it is not worth it.
  std::span<uint8_t> direct();
  void taken_directly(size_t bytes);
  // In the middle of a PDU.
  bool under_way() const { return part_ != Part::header || filled_ > 0; }

 private:
  enum class Part : uint8_t { header, additional, header_digest, data, padding, data_digest };

  std::span<uint8_t> room();
  void part_filled();
  void begin(Part part);
  size_t size_of(Part part) const;

  PduSink& sink_;
  ReceivedPdu pdu_;
  Part part_ = Part::header;
  size_t filled_ = 0;
  std::span<uint8_t> place_;
  std::array<uint8_t, 4> small_{};  // padding, digests
  uint32_t crc_ = 0;                // of what came of the data and padding
  bool header_digest_ = false, data_digest_ = false;
  size_t most_data_ = 8192;
  State state_ = State::good;
};

}  // namespace libcopyfile::iscsi
