#include "wire/iscsi_pdu.h"

#include <type_traits>

namespace libcopyfile::wire::iscsi {
namespace {

// Each header is described once, by fields() below; these two walk through the description.
class Reading {
 public:
  explicit Reading(const Header& header) : header_(header) {}

  void always(size_t, uint8_t) {}
  void flag(size_t at, unsigned bit, bool& value) { value = view().bit(at, bit); }
  void bits(size_t at, unsigned shift, unsigned width, uint8_t& value) {
    value = static_cast<uint8_t>(view().u8(at) >> shift & ((1U << width) - 1));
  }
  void u8(size_t at, uint8_t& value) { value = view().u8(at); }
  void be16(size_t at, uint16_t& value) { value = view().be16(at); }
  void be32(size_t at, uint32_t& value) { value = view().be32(at); }
  void be64(size_t at, uint64_t& value) { value = view().be64(at); }
  template <size_t n>
  void bytes(size_t at, std::array<uint8_t, n>& value) {
    const auto part = view().part(at, n).span();
    std::copy(part.begin(), part.end(), value.begin());
  }

 private:
  View view() const { return View(std::span<const uint8_t>(header_)); }
  const Header& header_;
};

class Writing {
 public:
  explicit Writing(Header& header) : header_(header) {}

  void always(size_t at, uint8_t bits) { header_[at] |= bits; }
  void flag(size_t at, unsigned bit, bool value) {
    if (value) header_[at] |= static_cast<uint8_t>(1U << bit);
  }
  void bits(size_t at, unsigned shift, unsigned width, uint8_t value) {
    header_[at] |= static_cast<uint8_t>((value & ((1U << width) - 1)) << shift);
  }
  void u8(size_t at, uint8_t value) { Writer(header_).u8(at, value); }
  void be16(size_t at, uint16_t value) { Writer(header_).be16(at, value); }
  void be32(size_t at, uint32_t value) { Writer(header_).be32(at, value); }
  void be64(size_t at, uint64_t value) { Writer(header_).be64(at, value); }
  template <size_t n>
  void bytes(size_t at, const std::array<uint8_t, n>& value) {
    Writer(header_).bytes(at, View{std::span<const uint8_t>(value)});
  }

 private:
  Header& header_;
};

template <class Pdu, class Same>
concept Is = std::is_same_v<std::remove_const_t<Pdu>, Same>;

constexpr uint8_t kFinal = 0x80;
constexpr unsigned kFinalBit = 7, kMoreBit = 6, kImmediateBit = 6;

template <class Io, class Numbers>
void target_numbers(Io& io, Numbers& numbers) {
  io.be32(24, numbers.stat_sn);
  io.be32(28, numbers.exp_cmd_sn);
  io.be32(32, numbers.max_cmd_sn);
}

template <class Io, class Numbers>
void initiator_numbers(Io& io, Numbers& numbers) {
  io.be32(24, numbers.cmd_sn);
  io.be32(28, numbers.exp_stat_sn);
}

template <class Io, class Value>
void residual(Io& io, Value& value) {
  io.flag(1, 2, value.overflow);
  io.flag(1, 1, value.underflow);
  io.be32(44, value.count);
}

// 11.18
template <class Io, Is<NopOut> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(0, kImmediateBit, pdu.immediate);
  io.always(1, kFinal);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  initiator_numbers(io, pdu.numbers);
}

// 11.3
template <class Io, Is<ScsiCommand> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(0, kImmediateBit, pdu.immediate);
  io.flag(1, kFinalBit, pdu.final);
  io.flag(1, 6, pdu.read);
  io.flag(1, 5, pdu.write);
  io.bits(1, 0, 3, pdu.attribute);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.expected_length);
  initiator_numbers(io, pdu.numbers);
  io.bytes(32, pdu.cdb);
}

// 11.5
template <class Io, Is<TaskManagementRequest> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(0, kImmediateBit, pdu.immediate);
  io.always(1, kFinal);
  io.bits(1, 0, 7, pdu.function);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.referenced_tag);
  initiator_numbers(io, pdu.numbers);
  io.be32(32, pdu.referenced_cmd_sn);
  io.be32(36, pdu.exp_data_sn);
}

// 11.12
template <class Io, Is<LoginRequest> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(0, 1U << kImmediateBit);
  io.flag(1, kFinalBit, pdu.transit);
  io.flag(1, kMoreBit, pdu.more);
  io.bits(1, 2, 2, pdu.stage);
  io.bits(1, 0, 2, pdu.next_stage);
  io.u8(2, pdu.version_max);
  io.u8(3, pdu.version_min);
  io.bytes(8, pdu.isid);
  io.be16(14, pdu.tsih);
  io.be32(16, pdu.tag);
  io.be16(20, pdu.connection);
  initiator_numbers(io, pdu.numbers);
}

// 11.10
template <class Io, Is<TextRequest> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(0, kImmediateBit, pdu.immediate);
  io.flag(1, kFinalBit, pdu.final);
  io.flag(1, kMoreBit, pdu.more);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  initiator_numbers(io, pdu.numbers);
}

// 11.7
template <class Io, Is<DataOut> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(1, kFinalBit, pdu.final);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  io.be32(28, pdu.exp_stat_sn);
  io.be32(36, pdu.data_sn);
  io.be32(40, pdu.offset);
}

// 11.14
template <class Io, Is<LogoutRequest> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(0, kImmediateBit, pdu.immediate);
  io.always(1, kFinal);
  io.bits(1, 0, 7, pdu.reason);
  io.be32(16, pdu.tag);
  io.be16(20, pdu.connection);
  initiator_numbers(io, pdu.numbers);
}

// 11.16
template <class Io, Is<SnackRequest> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.bits(1, 0, 4, pdu.type);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  io.be32(28, pdu.exp_stat_sn);
  io.be32(40, pdu.begin);
  io.be32(44, pdu.length);
}

// 11.19
template <class Io, Is<NopIn> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  target_numbers(io, pdu.numbers);
}

// 11.4
template <class Io, Is<ScsiResponse> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.u8(2, pdu.response);
  io.u8(3, pdu.status);
  io.be32(16, pdu.tag);
  target_numbers(io, pdu.numbers);
  io.be32(36, pdu.exp_data_sn);
  residual(io, pdu.residual);
}

// 11.6
template <class Io, Is<TaskManagementResponse> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.u8(2, pdu.response);
  io.be32(16, pdu.tag);
  target_numbers(io, pdu.numbers);
}

// 11.13
template <class Io, Is<LoginResponse> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(1, kFinalBit, pdu.transit);
  io.flag(1, kMoreBit, pdu.more);
  io.bits(1, 2, 2, pdu.stage);
  io.bits(1, 0, 2, pdu.next_stage);
  io.u8(2, pdu.version_max);
  io.u8(3, pdu.version_active);
  io.bytes(8, pdu.isid);
  io.be16(14, pdu.tsih);
  io.be32(16, pdu.tag);
  target_numbers(io, pdu.numbers);
  io.be16(36, pdu.status);
}

// 11.11
template <class Io, Is<TextResponse> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(1, kFinalBit, pdu.final);
  io.flag(1, kMoreBit, pdu.more);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  target_numbers(io, pdu.numbers);
}

// 11.7
template <class Io, Is<DataIn> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.flag(1, kFinalBit, pdu.final);
  io.flag(1, 6, pdu.acknowledge);
  io.flag(1, 0, pdu.has_status);
  io.u8(3, pdu.status);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  target_numbers(io, pdu.numbers);
  io.be32(36, pdu.data_sn);
  io.be32(40, pdu.offset);
  residual(io, pdu.residual);
}

// 11.15
template <class Io, Is<LogoutResponse> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.u8(2, pdu.response);
  io.be32(16, pdu.tag);
  target_numbers(io, pdu.numbers);
  io.be16(40, pdu.time_to_wait);
  io.be16(42, pdu.time_to_retain);
}

// 11.8
template <class Io, Is<ReadyToTransfer> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.be64(8, pdu.lun);
  io.be32(16, pdu.tag);
  io.be32(20, pdu.transfer_tag);
  target_numbers(io, pdu.numbers);
  io.be32(36, pdu.r2t_sn);
  io.be32(40, pdu.offset);
  io.be32(44, pdu.length);
}

// An initiator task tag that is none.
template <class Io>
void no_tag(Io& io) {
  for (size_t at = 16; at < 20; ++at) io.always(at, 0xff);
}

// 11.9
template <class Io, Is<AsynchronousMessage> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.be64(8, pdu.lun);
  no_tag(io);
  target_numbers(io, pdu.numbers);
  io.u8(36, pdu.event);
  io.u8(37, pdu.code);
  io.be16(38, pdu.parameter1);
  io.be16(40, pdu.parameter2);
  io.be16(42, pdu.parameter3);
}

// 11.17
template <class Io, Is<Reject> Pdu>
void fields(Io& io, Pdu& pdu) {
  io.always(1, kFinal);
  io.u8(2, pdu.reason);
  no_tag(io);
  target_numbers(io, pdu.numbers);
  io.be32(36, pdu.data_sn);
}

}  // namespace

Framing decode_framing(const Header& header) {
  const View view{std::span<const uint8_t>(header)};
  Framing framing;
  framing.opcode = static_cast<Opcode>(view.u8(0) & 0x3f);
  framing.immediate = view.bit(0, kImmediateBit);
  framing.additional = size_t{view.u8(4)} * 4;
  framing.data = view.be24(5);
  return framing;
}

void set_data_length(Header& header, size_t length) {
  Writer(header).be24(5, static_cast<uint32_t>(length));
}

std::optional<std::vector<Additional>> parse_additional(View segments) {
  constexpr size_t kPrefix = 3;  // length and type; the length counts what follows these
  std::vector<Additional> found;
  for (size_t at = 0; at < segments.size();) {
    const size_t length = segments.be16(at);
    if (length == 0 || !segments.has(at, kPrefix + length)) return std::nullopt;
    found.push_back({segments.u8(at + 2), segments.part(at + kPrefix, length)});
    at += (kPrefix + length + 3) / 4 * 4;
  }
  return found;
}

template <class Pdu>
Pdu decode(const Header& header) {
  Pdu pdu;
  Reading io(header);
  fields(io, pdu);
  return pdu;
}

template <class Pdu>
Header encode(const Pdu& pdu) {
  Header header{};
  header[0] = static_cast<uint8_t>(Pdu::kOpcode);
  Writing io(header);
  fields(io, pdu);
  return header;
}

template NopOut decode(const Header& header);
template ScsiCommand decode(const Header& header);
template TaskManagementRequest decode(const Header& header);
template LoginRequest decode(const Header& header);
template TextRequest decode(const Header& header);
template DataOut decode(const Header& header);
template LogoutRequest decode(const Header& header);
template SnackRequest decode(const Header& header);
template NopIn decode(const Header& header);
template ScsiResponse decode(const Header& header);
template TaskManagementResponse decode(const Header& header);
template LoginResponse decode(const Header& header);
template TextResponse decode(const Header& header);
template DataIn decode(const Header& header);
template LogoutResponse decode(const Header& header);
template ReadyToTransfer decode(const Header& header);
template AsynchronousMessage decode(const Header& header);
template Reject decode(const Header& header);

template Header encode(const NopOut& pdu);
template Header encode(const ScsiCommand& pdu);
template Header encode(const TaskManagementRequest& pdu);
template Header encode(const LoginRequest& pdu);
template Header encode(const TextRequest& pdu);
template Header encode(const DataOut& pdu);
template Header encode(const LogoutRequest& pdu);
template Header encode(const SnackRequest& pdu);
template Header encode(const NopIn& pdu);
template Header encode(const ScsiResponse& pdu);
template Header encode(const TaskManagementResponse& pdu);
template Header encode(const LoginResponse& pdu);
template Header encode(const TextResponse& pdu);
template Header encode(const DataIn& pdu);
template Header encode(const LogoutResponse& pdu);
template Header encode(const ReadyToTransfer& pdu);
template Header encode(const AsynchronousMessage& pdu);
template Header encode(const Reject& pdu);

}  // namespace libcopyfile::wire::iscsi
