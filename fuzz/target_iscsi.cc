// A connection to the iSCSI server, with a disk in memory behind it. The first byte says whether a login goes before what the
// fuzzer sends; all of it is sent at once, and the server must end it without harm.
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>

#include "iscsi/server.h"
#include "testing/target_bench.h"
#include "wire/iscsi_pdu.h"
#include "wire/iscsi_text.h"

using namespace libcopyfile;
using libcopyfile::test::TargetBench;

namespace {

struct Target {
  Target() {
    TargetBench::Options bench_options;
    bench_options.size = 1U << 20;
    bench = std::make_unique<TargetBench>(bench_options);
    iscsi::ServerOptions options;
    options.target_name = bench->device().options().name;
    auto started = iscsi::Server::start(options, bench->device());
    if (!started) std::abort();
    server = std::move(*started);
  }

  std::unique_ptr<TargetBench> bench;
  std::unique_ptr<iscsi::Server> server;
};

wire::Bytes login() {
  wire::iscsi::LoginRequest request;
  request.transit = true;
  request.stage = 1;
  request.next_stage = 3;
  wire::Bytes text;
  wire::iscsi::append_key(text, "InitiatorName", "iqn.2026-01.invalid.test:fuzzer");
  wire::iscsi::append_key(text, "TargetName", "iqn.2026-01.org.example:bench");
  wire::iscsi::append_key(text, "InitialR2T", "No");
  wire::iscsi::Header header = encode(request);
  wire::iscsi::set_data_length(header, text.size());
  text.resize((text.size() + 3) / 4 * 4);
  wire::Bytes all(header.begin(), header.end());
  all.insert(all.end(), text.begin(), text.end());
  return all;
}

void send_all(int fd, wire::View bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.span().data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes = bytes.from(static_cast<size_t>(sent));
  }
}

// Until the server has nothing more to say.
void drain(int fd, int ms) {
  pollfd wait{fd, POLLIN, 0};
  char buffer[65536];
  while (poll(&wait, 1, ms) > 0 && recv(fd, buffer, sizeof buffer, 0) > 0) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Target target;
  if (size == 0) return 0;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
  const Fd ours(pair[0]);
  target.server->adopt(Fd(pair[1]), "fuzzer");
  if ((data[0] & 1) != 0) {
    send_all(ours.get(), login());
    pollfd wait{ours.get(), POLLIN, 0};
    poll(&wait, 1, 10'000);
  }
  send_all(ours.get(), wire::View({data + 1, size - 1}));
  shutdown(ours.get(), SHUT_WR);
  // The server closes when it has read all.
  drain(ours.get(), 10'000);
  return 0;
}
