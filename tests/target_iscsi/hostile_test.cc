// Peers that mean harm: each gets an answer or is dropped, takes a bounded share, and nobody else notices.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>

#include "memory_growth.h"
#include "server_fixture.h"
#include "sys/thread.h"

namespace libcopyfile::test {
namespace {

using namespace wire::iscsi;
using namespace std::chrono_literals;
using wire::Bytes;
using wire::View;

class HostileTest : public ServerTest {
 protected:
  // Somebody else, who is to be served all the time.
  IscsiInitiator bystander() {
    auto other = connect();
    other.isid[5] = 99;
    EXPECT_EQ(other.login(), 0);
    other.make_ready();
    return other;
  }
  static void expect_served(IscsiInitiator& other) {
    EXPECT_EQ(other.execute({0x00}).status, 0);
    EXPECT_EQ(other.execute({0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0}, 4096).data.size(), 4096U);
  }
  static Header with_length(Header header, size_t length) {
    set_data_length(header, length);
    return header;
  }
  static View view_of(const Header& header) { return View(std::span<const uint8_t>(header)); }
  // The reason for which the next PDU rejects something; 0: it is another one, or none.
  static uint8_t rejection(IscsiInitiator& initiator) {
    const auto pdu = initiator.receive();
    const bool rejected = pdu && pdu->opcode() == Opcode::reject;
    return rejected ? pdu->as<wire::iscsi::Reject>().reason : uint8_t{0};
  }
};

TEST_F(HostileTest, ALoginThatDripsIsDroppedInTime) {
  options.limits.login_seconds = 1;
  auto initiator = connect();
  const Header header = with_length(encode(LoginRequest{}), 200);
  const auto begun = std::chrono::steady_clock::now();
  for (const uint8_t byte : header) {
    initiator.send_raw(Bytes{byte});
    if (!initiator.receive(100) && initiator.closed()) break;
  }
  EXPECT_TRUE(initiator.closed()) << "48 bytes take 5 s";
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
}

TEST_F(HostileTest, ALoginThatNeverComesToAnEndIsDroppedInTime) {
  options.limits.login_seconds = 1;
  auto initiator = connect();
  LoginRequest request;
  request.stage = 1;
  request.isid = initiator.isid;
  Bytes text;
  append_key(text, "InitiatorName", initiator.name);
  append_key(text, "TargetName", initiator.target);
  const auto begun = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begun < 10s) {
    initiator.send(encode(request), text);
    text.clear();
    const auto answer = initiator.receive();
    if (!answer) break;
    ASSERT_EQ(answer->as<LoginResponse>().status, 0) << "nothing is wrong with it";
    EXPECT_FALSE(answer->as<LoginResponse>().transit);
  }
  EXPECT_TRUE(initiator.closed());
}

TEST_F(HostileTest, ATextWithoutAnEndIsRefused) {
  auto initiator = logged_in();
  TextRequest request;
  request.immediate = request.more = true;
  request.tag = 7;
  request.numbers = initiator.numbers;
  const Bytes piece(8192, 'k');
  for (int i = 0; i < 2; ++i) {
    initiator.send(encode(request), piece);
    const auto answer = initiator.receive();
    ASSERT_TRUE(answer && answer->opcode() == Opcode::text_response);
    request.transfer_tag = answer->as<TextResponse>().transfer_tag;
  }
  for (int i = 0; i < 100; ++i) {
    initiator.send(encode(request), piece);
    EXPECT_EQ(rejection(initiator), static_cast<uint8_t>(RejectReason::protocol_error));
  }
  expect_served(initiator);
}

TEST_F(HostileTest, ManyKeysAreNotAnsweredAtAnyLength) {
  auto initiator = logged_in();
  TextRequest request;
  request.immediate = request.final = true;
  request.tag = 7;
  request.numbers = initiator.numbers;
  Bytes text;
  while (text.size() < 16000) append_key(text, "SendTargets", "");
  initiator.send(encode(request), text);
  size_t answered = 0;
  for (bool more = true; more;) {
    const auto answer = initiator.receive();
    ASSERT_TRUE(answer && answer->opcode() == Opcode::text_response);
    answered += answer->data.size();
    more = answer->as<TextResponse>().more;
    request.transfer_tag = answer->as<TextResponse>().transfer_tag;
    if (more) initiator.send(encode(request));
  }
  EXPECT_LT(answered, 2 * options.limits.login_text);
}

TEST_F(HostileTest, AdditionalHeadersOfAnyContentsEndNothing) {
  auto initiator = logged_in();
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    auto command = initiator.command({0x00});
    Header header = encode(command);
    const auto words = static_cast<uint8_t>(1 + random() % 255);
    header[4] = words;  // TotalAHSLength
    Bytes all = view_of(header).copy();
    all.resize(all.size() + size_t{words} * 4);
    for (size_t at = kHeaderSize; at < all.size(); ++at) all[at] = static_cast<uint8_t>(random());
    ASSERT_TRUE(initiator.send_raw(all));
    ++initiator.numbers.cmd_sn;
    const auto answer = initiator.receive();
    ASSERT_TRUE(answer) << i;
    if (answer->opcode() == Opcode::scsi_response) continue;
    ASSERT_EQ(answer->opcode(), Opcode::reject);
    EXPECT_EQ(answer->as<wire::iscsi::Reject>().reason,
              static_cast<uint8_t>(RejectReason::invalid_field));
  }
  expect_served(initiator);
}

TEST_F(HostileTest, ImmediateCommandsAreCounted) {
  auto initiator = logged_in({{"ImmediateData", "No"}, {"InitialR2T", "Yes"}});
  unsigned accepted = 0;
  for (; accepted < 1000; ++accepted) {
    auto command = write10(initiator, 0, 1);
    command.immediate = true;
    initiator.send(encode(command));
    const auto answer = initiator.receive();
    ASSERT_TRUE(answer);
    if (answer->opcode() == Opcode::ready_to_transfer) continue;
    ASSERT_EQ(answer->opcode(), Opcode::reject);
    EXPECT_EQ(answer->as<wire::iscsi::Reject>().reason,
              static_cast<uint8_t>(RejectReason::too_many_immediate));
    break;
  }
  EXPECT_GE(accepted, 2U);
  EXPECT_LE(accepted, 256U);
}

TEST_F(HostileTest, AWindowBehindAGapHoldsNoMoreThanItsSession) {
  options.limits.session_bytes = 1U << 20;
  options.limits.max_transfer = 65536;
  auto other = bystander();
  auto initiator = logged_in();
  const MemoryGrowth growth;
  auto first = initiator.command({0x00});
  const auto data = pattern(65536, 1);
  std::vector<uint32_t> tags{first.tag};
  ++initiator.numbers.cmd_sn;
  for (unsigned i = 1; i < options.limits.commands; ++i) {
    const auto command = write10(initiator, 0, 128);
    initiator.send_command(command, data);
    tags.push_back(command.tag);
  }
  expect_served(other);
  growth.expect_below(64U << 20);
  initiator.send(encode(first));
  unsigned written = 0, refused = 0;
  for (size_t i = 0; i < tags.size(); ++i) {
    auto answer = initiator.receive();
    ASSERT_TRUE(answer) << i;
    ASSERT_EQ(answer->opcode(), Opcode::scsi_response);
    const uint8_t status = answer->as<ScsiResponse>().status;
    EXPECT_TRUE(status == 0 || status == 0x28) << unsigned{status};
    ++(status == 0 ? written : refused);
  }
  EXPECT_GE(written, 15U);
  EXPECT_GE(refused, 64U) << "8 MiB do not fit";
  expect_served(initiator);
}

TEST_F(HostileTest, CommandNumbersFromEverywhereAreNotKept) {
  auto initiator = logged_in();
  auto random = [engine = std::mt19937(2)]() mutable { return static_cast<uint32_t>(engine()); };
  const uint32_t next = initiator.numbers.cmd_sn;
  const MemoryGrowth growth;
  for (int i = 0; i < 20'000; ++i) {
    auto command = initiator.command({0x00});
    // Far from the window, on either side.
    command.numbers.cmd_sn = next + 4096 + random() % (UINT32_MAX - 8192);
    ASSERT_TRUE(initiator.send_raw(view_of(encode(command))));
  }
  growth.expect_below(32U << 20);
  initiator.numbers.cmd_sn = next;
  expect_served(initiator);
}

TEST_F(HostileTest, DataThatNobodyAskedForAreThrownAway) {
  auto initiator = logged_in();
  auto random = [engine = std::mt19937(3)]() mutable { return static_cast<uint32_t>(engine()); };
  const auto data = pattern(4096, 1);
  for (int i = 0; i < 2000; ++i) {
    DataOut pdu;
    pdu.final = random() % 2 == 0;
    pdu.tag = random();
    pdu.transfer_tag = i % 2 == 0 ? kNoTag : random();
    pdu.data_sn = random();
    pdu.offset = random();
    initiator.send(encode(pdu), data);
  }
  expect_served(initiator);
  EXPECT_EQ(bench().image().allocated(), 0U);
}

TEST_F(HostileTest, WhoPingsAndReadsNothingIsHeldBackAndDropped) {
  options.limits.send_seconds = 2;
  auto other = bystander();
  auto deaf = logged_in();
  NopOut ping;
  ping.immediate = true;
  ping.tag = 1;
  ping.numbers = deaf.numbers;
  const auto data = pattern(65536, 1);
  const MemoryGrowth growth;
  std::atomic<uint64_t> taken{0};
  std::atomic<bool> dropped{false};
  Bytes all = view_of(with_length(encode(ping), data.size())).copy();
  all.insert(all.end(), data.begin(), data.end());
  Thread flood = *Thread::start([&] {
    while (deaf.send_raw(all)) taken += all.size();
    dropped = true;
  });
  while (!dropped) expect_served(other);
  flood.join();
  EXPECT_LT(taken, 32U << 20) << "the rest was not read from the socket";
  growth.expect_below(64U << 20);
  EXPECT_TRUE(eventually([&] { return server().sessions().size() == 1; }));
  expect_served(other);
}

TEST_F(HostileTest, WhoReadsNothingHoldsUpNobody) {
  options.limits.send_seconds = 1;
  auto other = bystander();
  auto deaf = logged_in();
  for (int i = 0; i < 100; ++i) deaf.send_command(read10(deaf, 0, 2048));
  while (server().sessions().size() == 2) expect_served(other);
  EXPECT_EQ(server().totals().connections_lost, 1U);
  expect_served(other);
}

TEST_F(HostileTest, NoiseEndsItsOwnConnectionOnly) {
  auto other = bystander();
  std::mt19937 random(4);
  for (int i = 0; i < 200; ++i) {
    auto noisy = connect();
    // Half of it after a login, behind a plausible opcode.
    if (i % 2 == 0) {
      noisy.isid[4] = static_cast<uint8_t>(i);
      ASSERT_EQ(noisy.login(), 0);
    }
    Bytes noise(1 + random() % 20'000);
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
    noise[0] = static_cast<uint8_t>(random() % 8 | (random() % 2 == 0 ? 0x40 : 0));
    noisy.send_raw(noise);
  }
  expect_served(other);
  EXPECT_TRUE(eventually([&] { return server().totals().connections == 1; }));
  EXPECT_EQ(server().sessions().size(), 1U);
}

}  // namespace
}  // namespace libcopyfile::test
