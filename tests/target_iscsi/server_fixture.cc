#include "server_fixture.h"

#include <sys/socket.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace libcopyfile::test {

using namespace wire::iscsi;

ServerTest::ServerTest() {
  options.target_name = "iqn.2026-01.org.example:bench";
  options.portals = {{"127.0.0.1", 0}};
}

ServerTest::~ServerTest() = default;

TargetBench& ServerTest::bench() {
  if (bench_ == nullptr) bench_ = std::make_unique<TargetBench>(bench_options);
  return *bench_;
}

iscsi::Server& ServerTest::server() {
  if (server_ == nullptr) {
    auto started = iscsi::Server::start(options, bench().device());
    if (!started) throw std::runtime_error(started.error().message());
    server_ = std::move(*started);
  }
  return *server_;
}

IscsiInitiator ServerTest::connect() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    throw std::runtime_error("socketpair");
  server().adopt(Fd(pair[0]), "test");
  return IscsiInitiator(Fd(pair[1]));
}

IscsiInitiator ServerTest::logged_in(const IscsiInitiator::Keys& keys) {
  IscsiInitiator initiator = connect();
  EXPECT_EQ(initiator.login(keys), 0);
  initiator.make_ready();
  return initiator;
}

bool ServerTest::eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::vector<uint8_t> ServerTest::pattern(size_t size, uint8_t seed) {
  std::vector<uint8_t> data(size);
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<uint8_t>(seed + i * 7 + i / 509);
  return data;
}

ScsiCommand ServerTest::write10(IscsiInitiator& initiator, uint32_t lba, uint16_t blocks) {
  ScsiCommand pdu = initiator.command({0x2a});
  wire::Writer cdb(pdu.cdb);
  cdb.be32(2, lba);
  cdb.be16(7, blocks);
  pdu.write = true;
  pdu.expected_length = blocks * 512U;
  return pdu;
}

ScsiCommand ServerTest::read10(IscsiInitiator& initiator, uint32_t lba, uint16_t blocks) {
  ScsiCommand pdu = write10(initiator, lba, blocks);
  pdu.cdb[0] = 0x28;
  pdu.write = false;
  pdu.read = true;
  return pdu;
}

void ServerTest::send_data(IscsiInitiator& initiator, const ReadyToTransfer& asked, wire::View all,
                           uint32_t data_sn) {
  DataOut pdu;
  pdu.final = true;
  pdu.lun = asked.lun;
  pdu.tag = asked.tag;
  pdu.transfer_tag = asked.transfer_tag;
  pdu.data_sn = data_sn;
  pdu.offset = asked.offset;
  initiator.send(encode(pdu), all.part(asked.offset, asked.length));
}

}  // namespace libcopyfile::test
