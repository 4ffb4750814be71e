#include "lab/support/relay.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

sockaddr_in local(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Fd make_socket() { return Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool receive(const Fd& from, std::span<uint8_t> record) {
  return record.empty() || recv(from.get(), record.data(), record.size(), MSG_WAITALL) ==
                               static_cast<ssize_t>(record.size());
}

bool transmit(const Fd& to, std::span<const uint8_t> record) {
  while (!record.empty()) {
    const ssize_t n = send(to.get(), record.data(), record.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    record = record.subspan(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

Relay::Relay(uint16_t port, uint16_t server, Edit edit)
    : server_(server), edit_(std::move(edit)), listening_(make_socket()) {
  const sockaddr_in address = local(port);
  const int yes = 1;
  setsockopt(listening_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening_.get(), SOMAXCONN) != 0) {
    throw ScratchError::of_errno("listen");
  }
  accepting_ = std::thread([this] { accept_all(); });
}

Relay::~Relay() {
  shutdown(listening_.get(), SHUT_RDWR);
  accepting_.join();
  for (Connection& connection : connections_) {
    shutdown(connection.client.get(), SHUT_RDWR);
    shutdown(connection.server.get(), SHUT_RDWR);
    connection.there.join();
    connection.back.join();
  }
}

void Relay::accept_all() {
  const sockaddr_in address = local(server_);
  for (;;) {
    Fd client(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) return;
    Fd server = make_socket();
    if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      continue;
    }
    Connection& made = connections_.emplace_back();
    made.client = std::move(client);
    made.server = std::move(server);
    made.there = std::thread([this, &made] { pass(made.client, made.server, To::server); });
    made.back = std::thread([this, &made] { pass(made.server, made.client, To::client); });
  }
}

void Relay::pass(const Fd& from, const Fd& to, To direction) {
  constexpr size_t kHead = 4;
  // Of NFS the uppermost bit says that a record is complete, and it always is.
  constexpr uint32_t kLength = 0x7fffffff;
  constexpr uint32_t kLongest = 16 << 20;
  std::vector<uint8_t> record(kHead);
  while (receive(from, std::span(record).first(kHead))) {
    uint32_t length = 0;
    for (size_t i = 0; i < kHead; ++i) length = length << 8 | record[i];
    length &= kLength;
    if (length > kLongest) break;
    record.resize(kHead + length);
    const std::span<uint8_t> body = std::span(record).subspan(kHead);
    if (!receive(from, body)) break;
    {
      const std::lock_guard lock(editing_);
      edit_(direction, body);
    }
    if (!transmit(to, record)) break;
  }
  shutdown(to.get(), SHUT_RDWR);
  shutdown(from.get(), SHUT_RDWR);
}

}  // namespace libcopyfile::test
