// Sessions: numbers and windows, pings, texts, rejections, task management, their beginning and end.
#include "server_fixture.h"
#include "sys/thread.h"

namespace libcopyfile::test {
namespace {

using namespace wire::iscsi;
using wire::Bytes;
using wire::View;

class SessionTest : public ServerTest {
 protected:
  template <class Type>
  static Type expect(IscsiInitiator& initiator) {
    const auto pdu = initiator.receive();
    EXPECT_TRUE(pdu && pdu->opcode() == Type::kOpcode);
    return pdu ? pdu->as<Type>() : Type{};
  }
  static uint8_t manage(IscsiInitiator& initiator, TaskFunction function,
                        uint32_t referenced = kNoTag, uint32_t referenced_cmd_sn = 0,
                        uint16_t lun = 0) {
    TaskManagementRequest request;
    request.immediate = true;
    request.function = static_cast<uint8_t>(function);
    request.lun = uint64_t{lun} << 48;
    request.tag = initiator.next_tag++;
    request.referenced_tag = referenced;
    request.referenced_cmd_sn = referenced_cmd_sn;
    request.numbers = initiator.numbers;
    initiator.send(encode(request));
    while (const auto pdu = initiator.receive()) {
      if (pdu->opcode() == Opcode::task_management_response)
        return pdu->as<TaskManagementResponse>().response;
    }
    return 0xfe;
  }
  static Bytes text_of(const IscsiInitiator::Keys& keys) {
    Bytes text;
    for (const auto& [key, value] : keys) append_key(text, key, value);
    return text;
  }
  static IscsiInitiator::Keys keys_of(const Bytes& text) {
    IscsiInitiator::Keys keys;
    const auto parsed = parse_text(text);
    EXPECT_TRUE(parsed);
    for (const auto& k : *parsed) keys.emplace_back(k.key, k.value);
    return keys;
  }
  static TextRequest text_request(IscsiInitiator& initiator) {
    TextRequest request;
    request.immediate = request.final = true;
    request.tag = initiator.next_tag++;
    request.numbers = initiator.numbers;
    return request;
  }
};

TEST_F(SessionTest, CommandsOutsideTheWindowAreNotSeen) {
  auto initiator = logged_in();
  auto low = initiator.command({0x00});
  low.numbers.cmd_sn -= 1;
  initiator.send(encode(low));
  auto high = initiator.command({0x00});
  high.numbers.cmd_sn += options.limits.commands;
  initiator.send(encode(high));
  EXPECT_FALSE(initiator.receive(100));
  EXPECT_EQ(initiator.execute({0x00}).status, 0) << "the session goes on";
}

TEST_F(SessionTest, TheLastNumberOfTheWindowIsInIt) {
  options.limits.commands = 4;
  auto initiator = logged_in();
  initiator.send_command(initiator.command({0x00}));
  const auto response = expect<ScsiResponse>(initiator);
  EXPECT_EQ(response.numbers.exp_cmd_sn, initiator.numbers.cmd_sn);
  EXPECT_EQ(response.numbers.max_cmd_sn, initiator.numbers.cmd_sn + 3);
  auto last = initiator.command({0x00});
  last.numbers.cmd_sn += 3;
  initiator.send(encode(last));
  EXPECT_FALSE(initiator.receive(50)) << "it waits for those before it";
  std::vector<uint32_t> tags;
  for (int i = 0; i < 3; ++i) tags.push_back(initiator.send_command(initiator.command({0x00})));
  for (const uint32_t tag : tags) EXPECT_EQ(expect<ScsiResponse>(initiator).tag, tag);
  EXPECT_EQ(expect<ScsiResponse>(initiator).tag, last.tag) << "in the order of the numbers";
}

TEST_F(SessionTest, TheWindowClosesAndOpens) {
  options.limits.commands = 2;
  auto initiator = logged_in({{"ImmediateData", "No"}});
  initiator.send_command(write10(initiator, 0, 1));
  const auto first = expect<ReadyToTransfer>(initiator);
  EXPECT_EQ(first.numbers.max_cmd_sn, first.numbers.exp_cmd_sn) << "room for one";
  initiator.send_command(write10(initiator, 1, 1));
  const auto second = expect<ReadyToTransfer>(initiator);
  EXPECT_EQ(second.numbers.max_cmd_sn, second.numbers.exp_cmd_sn - 1) << "room for none";
  auto third = initiator.command({0x00});
  initiator.send(encode(third));
  EXPECT_FALSE(initiator.receive(50));
  third.immediate = true;
  third.tag = initiator.next_tag++;
  initiator.send(encode(third));
  EXPECT_EQ(expect<ScsiResponse>(initiator).tag, third.tag) << "an immediate command needs no room";
  send_data(initiator, first, pattern(512, 1));
  const auto response = expect<ScsiResponse>(initiator);
  EXPECT_EQ(response.numbers.max_cmd_sn, response.numbers.exp_cmd_sn);
}

TEST_F(SessionTest, StatusNumbersCount) {
  auto initiator = logged_in();
  initiator.send_command(initiator.command({0x00}));
  const uint32_t first = expect<ScsiResponse>(initiator).numbers.stat_sn;
  initiator.send_command(initiator.command({0x00}));
  EXPECT_EQ(expect<ScsiResponse>(initiator).numbers.stat_sn, first + 1);
}

TEST_F(SessionTest, ATagThatIsInUseIsRejected) {
  auto initiator = logged_in({{"ImmediateData", "No"}});
  const auto command = write10(initiator, 0, 1);
  initiator.send_command(command);
  const auto r2t = expect<ReadyToTransfer>(initiator);
  auto again = initiator.command({0x00});
  again.tag = command.tag;
  initiator.send_command(again);
  EXPECT_EQ(expect<wire::iscsi::Reject>(initiator).reason, 0x07);
  send_data(initiator, r2t, pattern(512, 1));
  EXPECT_EQ(expect<ScsiResponse>(initiator).tag, command.tag);
  EXPECT_EQ(initiator.execute({0x00}).status, 0) << "the rejected one has had its number";
}

TEST_F(SessionTest, ARejectionShowsTheHeader) {
  auto initiator = logged_in();
  SnackRequest snack;
  snack.tag = 77;
  initiator.send(encode(snack));
  const auto pdu = initiator.receive();
  ASSERT_TRUE(pdu);
  EXPECT_EQ(pdu->as<wire::iscsi::Reject>().reason, 0x03);
  const Header header = encode(snack);
  EXPECT_EQ(pdu->data, Bytes(header.begin(), header.end()));
}

TEST_F(SessionTest, WhatNobodySendsIsRejected) {
  auto initiator = logged_in();
  for (const uint8_t opcode : std::initializer_list<uint8_t>{0x07, 0x1c, 0x20, 0x21, 0x3f}) {
    Header header{};
    header[0] = opcode;
    initiator.send(header);
    EXPECT_EQ(expect<wire::iscsi::Reject>(initiator).reason, 0x05) << unsigned{opcode};
  }
  auto both = read10(initiator, 0, 1);
  both.write = true;
  initiator.send_command(both);
  EXPECT_EQ(expect<wire::iscsi::Reject>(initiator).reason, 0x05) << "both directions";
  auto data = initiator.command({0x00});
  initiator.send_command(data, pattern(4, 0));
  EXPECT_EQ(expect<wire::iscsi::Reject>(initiator).reason, 0x04) << "data without a direction";
  EXPECT_EQ(initiator.execute({0x00}).status, 0);
}

TEST_F(SessionTest, ASegmentThatIsTooLongEndsTheConnection) {
  auto initiator = logged_in();
  Header header = encode(initiator.command({0x00}));
  set_data_length(header, options.limits.max_data_segment + 4);
  initiator.send_raw(View(std::span<const uint8_t>(header)));
  EXPECT_TRUE(initiator.closes_within(5000));
  EXPECT_EQ(server().totals().protocol_errors, 1U);
}

TEST_F(SessionTest, PingsAreAnswered) {
  auto initiator = logged_in();
  NopOut ping;
  ping.immediate = true;
  ping.tag = 99;
  ping.numbers = initiator.numbers;
  const auto data = pattern(1000, 3);
  initiator.send(encode(ping), data);
  const auto answer = initiator.receive();
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->opcode(), Opcode::nop_in);
  EXPECT_EQ(answer->as<NopIn>().tag, 99U);
  EXPECT_EQ(answer->as<NopIn>().transfer_tag, kNoTag);
  EXPECT_EQ(answer->data, data);
  ping.tag = kNoTag;
  initiator.send(encode(ping));
  EXPECT_FALSE(initiator.receive(50)) << "no answer is wanted";
}

TEST_F(SessionTest, WhoSaysNothingIsPingedAndThenDropped) {
  options.limits.ping_seconds = 1;
  options.limits.ping_timeout_seconds = 1;
  auto initiator = logged_in();
  const auto ping = expect<NopIn>(initiator);
  EXPECT_EQ(ping.tag, kNoTag);
  ASSERT_NE(ping.transfer_tag, kNoTag);
  NopOut answer;
  answer.immediate = true;
  answer.transfer_tag = ping.transfer_tag;
  answer.numbers = initiator.numbers;
  initiator.send(encode(answer));
  EXPECT_EQ(expect<NopIn>(initiator).transfer_tag, ping.transfer_tag) << "and again";
  EXPECT_TRUE(initiator.closes_within(10'000));
  EXPECT_TRUE(eventually([&] { return server().sessions().empty(); }));
}

TEST_F(SessionTest, DiscoveryTellsTheTargetAndItsPortals) {
  auto initiator = connect();
  initiator.discovery = true;
  ASSERT_EQ(initiator.login(), 0);
  initiator.send(encode(text_request(initiator)), text_of({{"SendTargets", "All"}}));
  const auto response = initiator.receive();
  ASSERT_TRUE(response && response->opcode() == Opcode::text_response);
  EXPECT_TRUE(response->as<TextResponse>().final);
  const IscsiInitiator::Keys expected = {
      {"TargetName", options.target_name},
      {"TargetAddress", "127.0.0.1:" + std::to_string(server().portals().at(0).port) + ",1"}};
  EXPECT_EQ(keys_of(response->data), expected);
  initiator.send_command(initiator.command({0x00}));
  EXPECT_EQ(expect<wire::iscsi::Reject>(initiator).reason, 0x04)
      << "no commands in a discovery session";
}

TEST_F(SessionTest, TextsInANormalSession) {
  auto initiator = logged_in();
  initiator.send(encode(text_request(initiator)), text_of({{"SendTargets", ""}}));
  EXPECT_EQ(keys_of(initiator.receive().value().data).at(0).second, options.target_name);
  initiator.send(encode(text_request(initiator)),
                 text_of({{"SendTargets", "All"}, {"Thing", "1"}}));
  const IscsiInitiator::Keys refused = {{"SendTargets", "Reject"}, {"Thing", "NotUnderstood"}};
  EXPECT_EQ(keys_of(initiator.receive().value().data), refused);
  initiator.send(encode(text_request(initiator)), Bytes{'x', 0});
  EXPECT_EQ(expect<wire::iscsi::Reject>(initiator).reason, 0x04);
}

TEST_F(SessionTest, ALongTextComesInParts) {
  auto initiator = logged_in({{"MaxRecvDataSegmentLength", "512"}});
  IscsiInitiator::Keys many;
  for (int i = 0; i < 60; ++i) many.emplace_back("Key" + std::to_string(i), "");
  auto request = text_request(initiator);
  initiator.send(encode(request), text_of(many));
  Bytes all;
  for (int parts = 0; parts < 10; ++parts) {
    const auto response = initiator.receive();
    ASSERT_TRUE(response && response->opcode() == Opcode::text_response);
    EXPECT_LE(response->data.size(), 512U);
    all.insert(all.end(), response->data.begin(), response->data.end());
    const auto header = response->as<TextResponse>();
    EXPECT_EQ(header.more, !header.final);
    if (header.final) break;
    request = text_request(initiator);
    request.transfer_tag = header.transfer_tag;
    initiator.send(encode(request));
  }
  EXPECT_EQ(keys_of(all).size(), 60U);
}

TEST_F(SessionTest, LogoutEndsTheSession) {
  auto initiator = logged_in();
  LogoutRequest request;
  request.immediate = true;
  request.tag = 5;
  request.numbers = initiator.numbers;
  initiator.send(encode(request));
  EXPECT_EQ(expect<LogoutResponse>(initiator).response, 0);
  EXPECT_TRUE(initiator.closes_within(5000));
  EXPECT_TRUE(eventually([&] { return server().sessions().empty(); }));
  EXPECT_EQ(server().totals().logouts, 1U);
  EXPECT_EQ(server().totals().connections_lost, 0U);
}

TEST_F(SessionTest, LogoutOfAnotherConnection) {
  auto initiator = logged_in();
  LogoutRequest request;
  request.immediate = true;
  request.reason = 1;
  request.connection = 9;
  initiator.send(encode(request));
  EXPECT_EQ(expect<LogoutResponse>(initiator).response, 1);
  request.reason = 2;
  initiator.send(encode(request));
  EXPECT_EQ(expect<LogoutResponse>(initiator).response, 2) << "no recovery";
  EXPECT_EQ(initiator.execute({0x00}).status, 0);
}

TEST_F(SessionTest, TaskManagement) {
  auto initiator = logged_in({{"ImmediateData", "No"}});
  EXPECT_EQ(manage(initiator, TaskFunction::abort_task, 0x1234, initiator.numbers.cmd_sn - 1), 1)
      << "no such task";
  EXPECT_EQ(manage(initiator, TaskFunction::abort_task_set), 0);
  EXPECT_EQ(manage(initiator, TaskFunction::abort_task_set, kNoTag, 0, 7), 2) << "no such unit";
  EXPECT_EQ(manage(initiator, TaskFunction::clear_aca), 5);
  EXPECT_EQ(manage(initiator, TaskFunction::task_reassign), 4);
  EXPECT_EQ(manage(initiator, static_cast<TaskFunction>(99)), 5);
}

TEST_F(SessionTest, AnAbortedCommandEndsWhenItsDataHaveCome) {
  for (const TaskFunction function :
       {TaskFunction::abort_task, TaskFunction::abort_task_set, TaskFunction::logical_unit_reset}) {
    auto initiator = logged_in({{"ImmediateData", "No"}});
    const auto command = write10(initiator, 0, 1);
    initiator.send_command(command);
    const auto r2t = expect<ReadyToTransfer>(initiator);
    TaskManagementRequest request;
    request.immediate = true;
    request.function = static_cast<uint8_t>(function);
    request.tag = 500;
    request.referenced_tag = command.tag;
    request.numbers = initiator.numbers;
    initiator.send(encode(request));
    EXPECT_FALSE(initiator.receive(50)) << "data are still to come";
    send_data(initiator, r2t, pattern(512, 1));
    const auto response = expect<TaskManagementResponse>(initiator);
    EXPECT_EQ(response.response, 0);
    EXPECT_EQ(response.tag, 500U);
    EXPECT_FALSE(initiator.receive(50)) << "no response for the command";
    EXPECT_EQ(bench().image().allocated(), 0U);
    initiator.make_ready();
    EXPECT_EQ(initiator.execute({0x00}).status, 0);
  }
}

TEST_F(SessionTest, AResetEndsWhatOthersCollectDataFor) {
  auto initiator = logged_in({{"ImmediateData", "No"}});
  auto other = connect();
  other.isid[5] = 2;
  ASSERT_EQ(other.login({{"ImmediateData", "No"}}), 0);
  other.make_ready();
  const auto command = write10(other, 0, 1);
  other.send_command(command);
  const auto r2t = expect<ReadyToTransfer>(other);
  EXPECT_EQ(manage(initiator, TaskFunction::logical_unit_reset), 0);
  send_data(other, r2t, pattern(512, 1));
  EXPECT_FALSE(other.receive(50));
  EXPECT_EQ(bench().image().allocated(), 0U);
  EXPECT_EQ(other.execute({0x00}).status, 2) << "it is told by a unit attention";
}

TEST_F(SessionTest, AnOrderedCommandWaitsForTheDataOfThoseBefore) {
  for (const bool aborted : {false, true}) {
    auto initiator = logged_in({{"ImmediateData", "No"}});
    const auto first = write10(initiator, 0, 1);
    initiator.send_command(first);
    const auto r2t = expect<ReadyToTransfer>(initiator);
    auto ordered = read10(initiator, 0, 1);
    ordered.attribute = 2;
    initiator.send_command(ordered);
    auto simple = initiator.command({0x00});
    initiator.send_command(simple);
    EXPECT_FALSE(initiator.receive(50)) << "neither it nor those behind it";
    auto head = initiator.command({0x00});
    head.attribute = 3;
    initiator.send_command(head);
    EXPECT_EQ(expect<ScsiResponse>(initiator).tag, head.tag)
        << "the head of the queue waits for nobody";
    const auto data = pattern(512, 3);
    if (aborted) {
      TaskManagementRequest request;
      request.immediate = true;
      request.function = 1;
      request.tag = 500;
      request.referenced_tag = first.tag;
      request.numbers = initiator.numbers;
      initiator.send(encode(request));
      send_data(initiator, r2t, data);
      EXPECT_EQ(expect<TaskManagementResponse>(initiator).response, 0);
    } else {
      send_data(initiator, r2t, data);
      EXPECT_EQ(expect<ScsiResponse>(initiator).tag, first.tag);
    }
    const auto read = initiator.receive();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->as<DataIn>().tag, ordered.tag);
    if (!aborted) {
      EXPECT_EQ(read->data, data);
    }
    EXPECT_EQ(expect<ScsiResponse>(initiator).tag, simple.tag);
  }
}

TEST_F(SessionTest, ACommandThatNeverCameCanBeAborted) {
  auto initiator = logged_in();
  const uint32_t missing = initiator.numbers.cmd_sn++;
  const uint32_t tag = initiator.send_command(initiator.command({0x00}));
  EXPECT_FALSE(initiator.receive(50)) << "it waits for the missing one";
  TaskManagementRequest request;
  request.immediate = true;
  request.function = 1;
  request.tag = 500;
  request.referenced_tag = 0x4321;
  request.referenced_cmd_sn = missing;
  request.numbers = initiator.numbers;
  initiator.send(encode(request));
  bool answered = false, managed = false;
  for (int i = 0; i < 2; ++i) {
    const auto pdu = initiator.receive();
    ASSERT_TRUE(pdu);
    answered =
        answered || (pdu->opcode() == Opcode::scsi_response && pdu->as<ScsiResponse>().tag == tag);
    managed = managed || (pdu->opcode() == Opcode::task_management_response &&
                          pdu->as<TaskManagementResponse>().response == 0);
  }
  EXPECT_TRUE(answered);
  EXPECT_TRUE(managed);
}

TEST_F(SessionTest, TheSameInitiatorPortTakesItsSessionOver) {
  auto first = logged_in();
  auto second = connect();
  EXPECT_EQ(second.login(), 0);
  EXPECT_TRUE(first.closes_within(5000));
  EXPECT_EQ(server().sessions().size(), 1U);
  EXPECT_EQ(server().sessions().at(0).tsih, second.tsih);
  auto third = connect();
  third.isid[5] = 2;
  EXPECT_EQ(third.login(), 0);
  EXPECT_EQ(server().sessions().size(), 2U) << "another port of the same initiator";
}

TEST_F(SessionTest, SessionsAreCounted) {
  options.limits.sessions = 3;
  options.limits.sessions_per_initiator = 2;
  std::vector<IscsiInitiator> initiators;
  const auto log_in = [&](const std::string& name, uint8_t port) {
    initiators.push_back(connect());
    initiators.back().name = "iqn.2026-01.invalid.test:" + name;
    initiators.back().isid[5] = port;
    return initiators.back().login();
  };
  EXPECT_EQ(log_in("a", 1), 0);
  EXPECT_EQ(log_in("a", 2), 0);
  EXPECT_EQ(log_in("a", 3), 0x0302) << "too many of this one";
  EXPECT_EQ(log_in("b", 1), 0);
  EXPECT_EQ(log_in("c", 1), 0x0302) << "too many of all";
  EXPECT_EQ(log_in("a", 2), 0) << "in place of its own";
  EXPECT_EQ(server().drop("iqn.2026-01.invalid.test:a"), 2U);
  EXPECT_TRUE(eventually([&] { return server().sessions().size() == 1; }));
  EXPECT_EQ(log_in("c", 1), 0);
}

TEST_F(SessionTest, ASecondConnectionOfASessionIsRefused) {
  auto first = logged_in();
  auto second = connect();
  LoginRequest request;
  request.transit = true;
  request.stage = 1;
  request.next_stage = 3;
  request.isid = second.isid;
  request.tsih = first.tsih;
  second.send(encode(request));
  EXPECT_EQ(expect<LoginResponse>(second).status, 0x0206);
  auto third = connect();
  request.tsih = 0x7777;
  third.send(encode(request));
  EXPECT_EQ(expect<LoginResponse>(third).status, 0x020a);
  EXPECT_TRUE(third.closes_within(5000));
}

TEST_F(SessionTest, StopAsksForLogoutAndThenDrops) {
  auto polite = logged_in();
  auto deaf = connect();
  deaf.isid[5] = 2;
  ASSERT_EQ(deaf.login(), 0);
  Thread stopping = *Thread::start([&] { server().stop(1); });
  const auto message = expect<AsynchronousMessage>(polite);
  EXPECT_EQ(message.event, 1);
  EXPECT_EQ(message.parameter3, 1);
  LogoutRequest request;
  request.immediate = true;
  request.numbers = polite.numbers;
  polite.send(encode(request));
  EXPECT_EQ(expect<LogoutResponse>(polite).response, 0);
  EXPECT_TRUE(deaf.closes_within(10'000));
  stopping.join();
}

TEST_F(SessionTest, WhatTheStatusSays) {
  auto initiator = logged_in({{"HeaderDigest", "CRC32C"}});
  const auto all = server().sessions();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].initiator, initiator.name);
  EXPECT_EQ(all[0].isid, "800000000001");
  EXPECT_EQ(all[0].tsih, initiator.tsih);
  EXPECT_TRUE(all[0].header_digest);
  EXPECT_FALSE(all[0].data_digest);
  EXPECT_GE(all[0].commands, 1U);
  EXPECT_GT(all[0].received, 48U);
  EXPECT_GT(all[0].sent, 48U);
}

}  // namespace
}  // namespace libcopyfile::test
