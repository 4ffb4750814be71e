// What a peer may make the server hold, and for how long.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

#include "memory_growth.h"
#include "server_fixture.h"

namespace libcopyfile::test {
namespace {

using namespace wire::iscsi;
using wire::Bytes;
using wire::View;

class LimitsTest : public ServerTest {
 protected:
  static DataOut data_out(const ReadyToTransfer& asked, uint32_t data_sn, uint32_t offset,
                          bool final) {
    DataOut pdu;
    pdu.final = final;
    pdu.tag = asked.tag;
    pdu.transfer_tag = asked.transfer_tag;
    pdu.data_sn = data_sn;
    pdu.offset = offset;
    return pdu;
  }
};

TEST_F(LimitsTest, WhoDoesNotLogInIsDropped) {
  options.limits.login_seconds = 1;
  auto silent = connect();
  auto slow = connect();
  slow.send_raw(Bytes(20));
  EXPECT_TRUE(silent.closes_within(10'000));
  EXPECT_TRUE(slow.closes_within(10'000));
}

TEST_F(LimitsTest, OnlySoManyMayBeLoggingIn) {
  options.limits.connections_logging_in = 2;
  auto first = connect();
  auto second = connect();
  auto third = connect();
  EXPECT_TRUE(third.closes_within(5000));
  EXPECT_EQ(first.login(), 0);
  auto fourth = connect();
  EXPECT_FALSE(fourth.receive(50));
  EXPECT_FALSE(fourth.closed()) << "there is room again";
}

TEST_F(LimitsTest, SomethingElseThanALoginEndsTheConnection) {
  auto command = connect();
  command.send_command(command.command({0x00}));
  EXPECT_TRUE(command.closes_within(5000));
  auto garbage = connect();
  garbage.send_raw(Bytes(4096, 0xff));
  EXPECT_TRUE(garbage.closes_within(5000));
  auto web = connect();
  const std::string request =
      "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: something/1.0 (long)\r\n\r\n";
  web.send_raw(View(std::span(reinterpret_cast<const uint8_t*>(request.data()), request.size())));
  EXPECT_TRUE(web.closes_within(5000));
}

TEST_F(LimitsTest, ALoginSegmentIsBounded) {
  auto initiator = connect();
  Header header = encode(LoginRequest{});
  set_data_length(header, 8196);
  initiator.send_raw(View(std::span<const uint8_t>(header)));
  EXPECT_TRUE(initiator.closes_within(5000));
}

TEST_F(LimitsTest, BytesMayComeOneByOne) {
  auto initiator = connect();
  ASSERT_EQ(initiator.login({{"HeaderDigest", "None"}}), 0);
  initiator.make_ready();
  const auto data = pattern(512, 4);
  auto command = write10(initiator, 0, 1);
  Header header = encode(command);
  set_data_length(header, data.size());
  Bytes all(header.begin(), header.end());
  all.insert(all.end(), data.begin(), data.end());
  for (const uint8_t byte : all) initiator.send_raw(Bytes{byte});
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 0);
  EXPECT_EQ(bench().image().peek(0, 512), data);
}

TEST_F(LimitsTest, WhoTakesNothingIsNotListenedToAndThenDropped) {
  options.limits.send_seconds = 1;
  options.limits.session_bytes = 8U << 20;
  options.limits.max_transfer = 1U << 20;
  auto initiator = logged_in();
  for (int i = 0; i < 64; ++i) initiator.send_command(read10(initiator, 0, 2048));
  EXPECT_TRUE(eventually([&] { return server().sessions().empty(); }))
      << "64 MiB that nobody takes";
  EXPECT_EQ(server().totals().connections_lost, 1U);
}

TEST_F(LimitsTest, WhoDoesNotSendWhatItWasAskedForIsDropped) {
  options.limits.send_seconds = 1;
  auto initiator = logged_in({{"ImmediateData", "No"}});
  initiator.send_command(write10(initiator, 0, 8));
  EXPECT_EQ(initiator.receive().value().opcode(), Opcode::ready_to_transfer);
  EXPECT_TRUE(initiator.closes_within(10'000));
}

TEST_F(LimitsTest, DataAreAskedForAsMemoryAllows) {
  options.limits.max_transfer = 65536;
  options.limits.session_bytes = 131072;
  auto initiator = logged_in({{"ImmediateData", "No"}});
  const auto data = pattern(65536, 5);
  for (uint32_t i = 0; i < 4; ++i) initiator.send_command(write10(initiator, i * 128, 128));
  std::vector<ReadyToTransfer> asked;
  for (int i = 0; i < 2; ++i) asked.push_back(initiator.receive().value().as<ReadyToTransfer>());
  EXPECT_FALSE(initiator.receive(50)) << "there is memory for two";
  unsigned answered = 0;
  for (size_t i = 0; i < 4; ++i) {
    initiator.send(encode(data_out(asked.at(i), 0, 0, true)), data);
    while (answered < i + 1 || (asked.size() < 4 && asked.size() < i + 3)) {
      const auto pdu = initiator.receive();
      ASSERT_TRUE(pdu);
      if (pdu->opcode() == Opcode::ready_to_transfer) {
        asked.push_back(pdu->as<ReadyToTransfer>());
      } else {
        EXPECT_EQ(pdu->as<ScsiResponse>().status, 0);
        ++answered;
      }
    }
  }
  EXPECT_EQ(answered, 4U);
  EXPECT_EQ(bench().image().peek(3U * 65536, 65536), data);
}

TEST_F(LimitsTest, ImmediateDataWaitForMemoryOrAreRefused) {
  options.limits.max_transfer = 65536;
  options.limits.session_bytes = 131072;
  auto initiator = logged_in();
  const auto data = pattern(65536, 6);
  // Both halves are taken by commands that wait for their data.
  const auto first = initiator.send_command(write10(initiator, 0, 128), View(data).part(0, 4096));
  const auto second =
      initiator.send_command(write10(initiator, 128, 128), View(data).part(0, 4096));
  std::vector<ReadyToTransfer> asked;
  for (int i = 0; i < 2; ++i) asked.push_back(initiator.receive().value().as<ReadyToTransfer>());
  const auto third = initiator.send_command(write10(initiator, 256, 128), View(data).part(0, 4096));
  EXPECT_EQ(initiator.outcome_of(third).status, 0x28) << "TASK SET FULL";
  for (const auto& r2t : asked) {
    initiator.send(encode(data_out(r2t, 0, 4096, true)), View(data).from(4096));
  }
  EXPECT_EQ(initiator.outcome_of(first).status, 0);
  EXPECT_EQ(initiator.outcome_of(second).status, 0);
  EXPECT_EQ(initiator.outcome_of(initiator.send_command(write10(initiator, 256, 128), data)).status,
            0);
  EXPECT_EQ(bench().image().peek(65536, 65536), data);
}

TEST_F(LimitsTest, MoreThanACommandMayHaveIsNotAskedFor) {
  options.limits.max_transfer = 65536;
  auto initiator = logged_in({{"ImmediateData", "No"}});
  auto command = write10(initiator, 0, 1);
  command.expected_length = 0xffffffff;
  initiator.send_command(command);
  const auto r2t = initiator.receive().value().as<ReadyToTransfer>();
  EXPECT_EQ(r2t.length, 65536U);
  initiator.send(encode(data_out(r2t, 0, 0, true)), pattern(65536, 1));
  const auto outcome = initiator.outcome_of(command.tag);
  EXPECT_EQ(outcome.residual, (Residual{false, true, 0xffffffff - 512}));
}

TEST_F(LimitsTest, ThousandsOfLogins) {
  constexpr int kLogins = 10'000;
  const auto begun = std::chrono::steady_clock::now();
  const MemoryGrowth growth;
  for (int i = 0; i < kLogins; ++i) {
    auto initiator = connect();
    ASSERT_EQ(initiator.login(), 0) << i;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
  EXPECT_TRUE(eventually([&] { return server().totals().connections == 0; }));
  EXPECT_EQ(server().totals().logins, static_cast<uint64_t>(kLogins));
  growth.expect_below(64U << 20);
}

TEST_F(LimitsTest, AThousandIdleSessionsAreCheap) {
  constexpr unsigned kSessions = 1000;
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GE(files.rlim_cur, rlim_t{4096});
  options.limits.sessions_per_initiator = kSessions;
  server();
  const MemoryGrowth growth;
  std::vector<IscsiInitiator> initiators;
  for (unsigned i = 0; i < kSessions; ++i) {
    initiators.push_back(connect());
    initiators.back().isid[4] = static_cast<uint8_t>(i >> 8);
    initiators.back().isid[5] = static_cast<uint8_t>(i);
    ASSERT_EQ(initiators.back().login(), 0);
    initiators.back().make_ready();
  }
  EXPECT_EQ(server().sessions().size(), kSessions);
  growth.expect_below(64U << 20);
}

}  // namespace
}  // namespace libcopyfile::test
