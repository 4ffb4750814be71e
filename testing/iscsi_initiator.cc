#include "testing/iscsi_initiator.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <stdexcept>

#include "wire/crc32c.h"

namespace libcopyfile::test {

using namespace wire::iscsi;
using wire::Bytes;
using wire::View;

namespace {

View view_of(const Header& header) { return View(std::span<const uint8_t>(header)); }

void append_digest(Bytes& to, uint32_t crc, bool spoil) {
  Bytes digest(4);
  wire::Writer(digest).le32(0, spoil ? ~crc : crc);
  to.insert(to.end(), digest.begin(), digest.end());
}

}  // namespace

IscsiInitiator IscsiInitiator::connect(uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!fd.valid() ||
      ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return IscsiInitiator(std::move(fd));
}

bool IscsiInitiator::send_raw(View bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.span().data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.from(static_cast<size_t>(sent));
  }
  return true;
}

void IscsiInitiator::send(Header header, View data) {
  set_data_length(header, data.size());
  Bytes all = view_of(header).copy();
  if (header_digest) append_digest(all, wire::crc32c(view_of(header)), spoil_header_digest);
  Bytes segment = data.copy();
  segment.resize((segment.size() + 3) / 4 * 4);
  all.insert(all.end(), segment.begin(), segment.end());
  if (data_digest && !data.empty()) append_digest(all, wire::crc32c(segment), spoil_data_digest);
  send_raw(all);
}

bool IscsiInitiator::read_all(std::span<uint8_t> bytes, int ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (!bytes.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait{socket_.get(), POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(std::max<int64_t>(0, left.count()))) <= 0) return false;
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return true;
}

std::optional<IscsiInitiator::Pdu> IscsiInitiator::receive(int ms) {
  Pdu pdu;
  if (!read_all(pdu.header, ms)) return std::nullopt;
  std::array<uint8_t, 4> digest{};
  const View digest_view{std::span<const uint8_t>(digest)};
  if (header_digest) {
    if (!read_all(digest, ms)) return std::nullopt;
    pdu.good_digests = digest_view.le32(0) == wire::crc32c(view_of(pdu.header));
  }
  const Framing framing = decode_framing(pdu.header);
  pdu.data.resize(framing.data + framing.padding());
  if (!read_all(pdu.data, ms)) return std::nullopt;
  if (data_digest && framing.data > 0) {
    if (!read_all(digest, ms)) return std::nullopt;
    pdu.good_digests = pdu.good_digests && digest_view.le32(0) == wire::crc32c(pdu.data);
  }
  pdu.data.resize(framing.data);
  return pdu;
}

bool IscsiInitiator::closes_within(int ms) {
  while (receive(ms)) {
  }
  return closed_;
}

uint16_t IscsiInitiator::login(const Keys& keys) {
  LoginRequest request;
  request.transit = true;
  request.stage = 1;
  request.next_stage = 3;
  request.isid = isid;
  request.tag = next_tag++;
  request.numbers = numbers;
  Bytes text;
  append_key(text, "InitiatorName", name);
  append_key(text, "SessionType", discovery ? "Discovery" : "Normal");
  if (!discovery) append_key(text, "TargetName", target);
  for (const auto& [key, value] : keys) append_key(text, key, value);
  send(encode(request), text);
  const auto response = receive(20'000);
  if (!response || response->opcode() != Opcode::login_response) return UINT16_MAX;
  agreed.clear();
  const auto answers = parse_text(response->data);
  if (!answers) return UINT16_MAX;
  for (const KeyValue& k : *answers) {
    agreed.emplace_back(k.key, k.value);
    if (k.key == "HeaderDigest") header_digest = k.value == "CRC32C";
    if (k.key == "DataDigest") data_digest = k.value == "CRC32C";
  }
  tsih = response->as<LoginResponse>().tsih;
  return response->as<LoginResponse>().status;
}

ScsiCommand IscsiInitiator::command(std::initializer_list<uint8_t> cdb, uint16_t lun) {
  ScsiCommand pdu;
  pdu.final = true;
  pdu.attribute = 1;
  pdu.lun = uint64_t{lun} << 48;
  pdu.tag = next_tag++;
  pdu.numbers = numbers;
  std::copy(cdb.begin(), cdb.end(), pdu.cdb.begin());
  return pdu;
}

uint32_t IscsiInitiator::send_command(ScsiCommand command, View data) {
  if (!command.immediate) numbers.cmd_sn = command.numbers.cmd_sn + 1;
  send(encode(command), data);
  return command.tag;
}

IscsiInitiator::Outcome IscsiInitiator::outcome_of(uint32_t tag, int ms) {
  Outcome outcome;
  while (const auto pdu = receive(ms)) {
    if (pdu->opcode() == Opcode::data_in && pdu->as<DataIn>().tag == tag) {
      const auto in = pdu->as<DataIn>();
      if (in.data_sn != outcome.data_pdus++ || in.offset != outcome.data.size()) return {};
      outcome.data.insert(outcome.data.end(), pdu->data.begin(), pdu->data.end());
      if (!in.has_status) continue;
      outcome.status = in.status;
      outcome.residual = in.residual;
      outcome.with_data = true;
      return outcome;
    }
    if (pdu->opcode() == Opcode::scsi_response && pdu->as<ScsiResponse>().tag == tag) {
      const auto response = pdu->as<ScsiResponse>();
      outcome.status = response.status;
      outcome.residual = response.residual;
      const View data(pdu->data);
      outcome.sense = data.part(2, data.be16(0)).copy();
      return outcome;
    }
  }
  return outcome;
}

IscsiInitiator::Outcome IscsiInitiator::execute(std::initializer_list<uint8_t> cdb,
                                                uint32_t expected_in, uint16_t lun) {
  ScsiCommand pdu = command(cdb, lun);
  pdu.read = expected_in > 0;
  pdu.expected_length = expected_in;
  return outcome_of(send_command(pdu));
}

void IscsiInitiator::make_ready(uint16_t lun) {
  for (int i = 0; i < 8 && execute({0x00}, 0, lun).status != 0; ++i) {
  }
}

}  // namespace libcopyfile::test
