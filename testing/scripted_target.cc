#include "testing/scripted_target.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "testing/scratch_error.h"
#include "wire/bytes.h"

namespace libcopyfile::test {
namespace {

using wire::Bytes;
using wire::View;
using wire::Writer;

constexpr size_t kHead = 48;
constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kUnderflow = 0x02;
constexpr uint32_t kWindow = 64;

// Opcodes (RFC 7143, 11.2.1.2), without the bit for immediate delivery.
constexpr uint8_t kNopOut = 0x00;
constexpr uint8_t kCommand = 0x01;
constexpr uint8_t kTaskManagement = 0x02;
constexpr uint8_t kLogin = 0x03;
constexpr uint8_t kDataOut = 0x05;
constexpr uint8_t kLogout = 0x06;
// Of the answer to one of them.
constexpr uint8_t kAnswer = 0x20;
constexpr uint8_t kDataIn = 0x25;

bool receive_all(int fd, std::span<uint8_t> into) {
  for (size_t done = 0; done < into.size();) {
    const ssize_t n = recv(fd, into.data() + done, into.size() - done, 0);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

Fd listen_on_loopback(unsigned& port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!fd.valid() || bind(fd.get(), generic, length) != 0 || listen(fd.get(), 8) != 0 ||
      getsockname(fd.get(), generic, &length) != 0) {
    throw ScratchError::of_errno("listen");
  }
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

struct ScriptedTarget::Pdu {
  Bytes head;
  Bytes data;

  uint8_t opcode() const { return head[0] & 0x3f; }
  uint32_t tag() const { return View(head).be32(16); }
};

ScriptedTarget::ScriptedTarget(const std::shared_ptr<FakeDisk>& disk)
    : scsi_(disk, disk), listening_(listen_on_loopback(port_)), thread_([this] { serve(); }) {}

ScriptedTarget::~ScriptedTarget() {
  stopping_ = true;
  shutdown(listening_.get(), SHUT_RDWR);
  shutdown(connection_, SHUT_RDWR);
  thread_.join();
}

std::string ScriptedTarget::url() const {
  return "iscsi://127.0.0.1:" + std::to_string(port_) + "/iqn.2026-01.invalid.test:scripted/0";
}

void ScriptedTarget::set_twist(Twist twist) {
  const std::lock_guard lock(mutex_);
  twist_ = std::move(twist);
}

void ScriptedTarget::serve() {
  while (!stopping_) {
    const Fd connection(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) return;
    // An answer is two sends, of which the second is not to wait for the other side.
    const int on = 1;
    (void)setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection_ = connection.get();
    // The one who stops us may have looked before.
    if (!stopping_) talk(connection.get());
    connection_ = -1;
  }
}

void ScriptedTarget::talk(int connection) {
  next_status_ = 1;
  next_command_ = 0;
  writing_.clear();
  for (Pdu pdu; read_pdu(connection, pdu);) {
    bool go_on = true;
    switch (pdu.opcode()) {
      case kLogin: go_on = answer_login(connection, pdu); break;
      case kCommand:
      case kDataOut: go_on = take_command(connection, std::move(pdu)); break;
      case kTaskManagement:
        ++aborts_;
        if (aborts_answered_) go_on = send(connection, reply_to(pdu, kAnswer | 2, kFinal), {});
        break;
      case kNopOut:
      case kLogout: {
        const auto answer = static_cast<uint8_t>(kAnswer | pdu.opcode());
        go_on = send(connection, reply_to(pdu, answer, kFinal), {});
        break;
      }
      default: go_on = false;
    }
    if (!go_on) return;
  }
}

bool ScriptedTarget::read_pdu(int connection, Pdu& pdu) const {
  pdu.head.assign(kHead, 0);
  if (!receive_all(connection, pdu.head)) return false;
  const size_t more = View(pdu.head).u8(4) * size_t{4};
  const size_t length = View(pdu.head).be24(5);
  pdu.data.assign(more + (length + 3) / 4 * 4, 0);
  if (!receive_all(connection, pdu.data)) return false;
  pdu.data.erase(pdu.data.begin(), pdu.data.begin() + static_cast<ptrdiff_t>(more));
  pdu.data.resize(length);
  return true;
}

Bytes ScriptedTarget::reply_to(const Pdu& pdu, uint8_t opcode, uint8_t flags) {
  // Of what is delivered at once the number is the next one, not used up.
  const bool immediate = (pdu.head[0] & 0x40) != 0;
  const uint32_t number = View(pdu.head).be32(24);
  if (pdu.opcode() != kDataOut) next_command_ = immediate ? number : number + 1;
  Bytes head(kHead);
  Writer out(head);
  out.u8(0, opcode);
  out.u8(1, flags);
  out.be32(16, pdu.tag());
  out.be32(24, next_status_++);
  out.be32(28, next_command_);
  out.be32(32, next_command_ + kWindow);
  return head;
}

bool ScriptedTarget::send(int connection, Bytes head, const Bytes& data) {
  Writer(head).be24(5, static_cast<uint32_t>(data.size()));
  head.insert(head.end(), data.begin(), data.end());
  head.resize((head.size() + 3) / 4 * 4);
  for (size_t done = 0; done < head.size();) {
    const ssize_t n = ::send(connection, head.data() + done, head.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

bool ScriptedTarget::answer_login(int connection, const Pdu& pdu) {
  const uint8_t stages = pdu.head[1];
  Bytes head = reply_to(pdu, kAnswer | kLogin, stages);
  std::copy_n(pdu.head.begin() + 8, 6, head.begin() + 8);
  switch (login_) {
    case Login::accept: break;
    case Login::silence: return true;
    case Login::hang_up: return false;
    case Login::garbage: return send(connection, Bytes(kHead, 0xff), Bytes(100, 0x5a));
    case Login::refuse:
      Writer(head).u8(36, 0x02);
      Writer(head).u8(37, 0x02);
      return send(connection, std::move(head), {});
  }
  Writer(head).be16(14, 1);
  if ((stages & 3) == 3) ++logins_;
  using namespace std::string_view_literals;
  constexpr std::string_view kKeys =
      "HeaderDigest=None\0ImmediateData=Yes\0InitialR2T=No\0MaxBurstLength="
      "262144\0FirstBurstLength=262144\0"
      "MaxRecvDataSegmentLength=262144\0"sv;
  const bool negotiates = (stages >> 2 & 3) == 1;
  return send(connection, std::move(head),
              negotiates ? Bytes(kKeys.begin(), kKeys.end()) : Bytes());
}

bool ScriptedTarget::take_command(int connection, Pdu command) {
  if (command.opcode() == kDataOut) {
    const auto found = std::find_if(writing_.begin(), writing_.end(),
                                    [&](const Pdu& one) { return one.tag() == command.tag(); });
    if (found == writing_.end()) return true;
    found->data.insert(found->data.end(), command.data.begin(), command.data.end());
    command = std::move(*found);
    writing_.erase(found);
  }
  const bool writes = (command.head[1] & 0x20) != 0;
  if (writes && command.data.size() < View(command.head).be32(20)) {
    writing_.push_back(std::move(command));
    return true;
  }
  return answer_command(connection, command);
}

bool ScriptedTarget::answer_command(int connection, const Pdu& command) {
  const Bytes cdb(command.head.begin() + 32, command.head.end());
  Bytes in(View(command.head).be32(20));
  ScsiRequest request;
  request.cdb = cdb;
  request.out = command.data;
  if (command.data.empty()) request.in = in;
  ScsiCompletion completion;
  if (!scsi_.submit(request) || !scsi_.reap({&completion, 1}, 1000)) return false;
  TargetAnswer answer;
  answer.status = completion.status;
  answer.data.assign(in.begin(), in.begin() + static_cast<ptrdiff_t>(completion.received));
  answer.sense.assign(completion.sense.begin(), completion.sense.begin() + completion.sense_length);
  if (command.data.empty()) {
    answer.underflow = static_cast<uint32_t>(in.size() - completion.received);
  }
  {
    const std::lock_guard lock(mutex_);
    if (twist_) twist_(View(cdb), answer);
  }
  if (answer.manner == TargetAnswer::Manner::silence) return true;
  if (answer.manner == TargetAnswer::Manner::hang_up) return false;
  if (!answer.data.empty()) {
    Bytes head = reply_to(command, kDataIn, kFinal);
    Writer(head).be32(20, UINT32_MAX);
    Writer(head).be32(40, answer.offset);
    if (!send(connection, std::move(head), answer.data)) return false;
  }
  Bytes sense;
  if (!answer.sense.empty()) {
    sense.resize(2);
    Writer(sense).be16(0, static_cast<uint16_t>(answer.sense.size()));
    sense.insert(sense.end(), answer.sense.begin(), answer.sense.end());
  }
  const uint8_t residual = answer.underflow > 0 ? kUnderflow : 0;
  Bytes head = reply_to(command, kAnswer | kCommand, kFinal | residual);
  Writer(head).u8(3, answer.status);
  Writer(head).be32(44, answer.underflow);
  return send(connection, std::move(head), sense);
}

}  // namespace libcopyfile::test
