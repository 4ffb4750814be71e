// Data in and out, their sequences, residuals, digests.
#include "server_fixture.h"
#include "wire/sense.h"

namespace libcopyfile::test {
namespace {

using namespace wire::iscsi;
using wire::Bytes;
using wire::View;

class DataTest : public ServerTest {
 protected:
  static wire::SenseCode sense_of(const IscsiInitiator::Outcome& outcome) {
    const auto sense = wire::decode_sense(outcome.sense);
    return sense ? sense->code : wire::SenseCode{};
  }
  // The next PDU, which must be an R2T.
  static ReadyToTransfer asked(IscsiInitiator& initiator) {
    const auto pdu = initiator.receive();
    EXPECT_TRUE(pdu && pdu->opcode() == Opcode::ready_to_transfer);
    return pdu ? pdu->as<ReadyToTransfer>() : ReadyToTransfer{};
  }
  static DataOut unasked(const ScsiCommand& command, uint32_t data_sn, uint32_t offset,
                         bool final) {
    DataOut pdu;
    pdu.final = final;
    pdu.lun = command.lun;
    pdu.tag = command.tag;
    pdu.transfer_tag = kNoTag;
    pdu.data_sn = data_sn;
    pdu.offset = offset;
    return pdu;
  }
};

constexpr wire::SenseCode kUnexpectedData{wire::SenseKey::aborted_command, 0x0c, 0x0c};
constexpr wire::SenseCode kWrongAmount{wire::SenseKey::aborted_command, 0x0c, 0x0d};
constexpr wire::SenseCode kCrcError{wire::SenseKey::aborted_command, 0x47, 0x05};

TEST_F(DataTest, ImmediateDataAreWrittenAndRead) {
  auto initiator = logged_in();
  const auto data = pattern(4096, 1);
  EXPECT_EQ(initiator.outcome_of(initiator.send_command(write10(initiator, 8, 8), data)).status, 0);
  EXPECT_EQ(bench().image().peek(4096, 4096), data);
  const auto read = initiator.outcome_of(initiator.send_command(read10(initiator, 8, 8)));
  EXPECT_EQ(read.status, 0);
  EXPECT_EQ(read.data, data);
  EXPECT_TRUE(read.with_data) << "status in the last Data-In";
  EXPECT_EQ(read.residual, Residual{});
}

TEST_F(DataTest, DataAreAskedForInBursts) {
  auto initiator =
      logged_in({{"MaxBurstLength", "8192"}, {"MaxOutstandingR2T", "1"}, {"ImmediateData", "No"}});
  const auto data = pattern(20480, 2);
  const auto command = write10(initiator, 0, 40);
  initiator.send_command(command);
  for (uint32_t i = 0; i < 3; ++i) {
    const auto r2t = asked(initiator);
    EXPECT_EQ(r2t.tag, command.tag);
    EXPECT_EQ(r2t.r2t_sn, i);
    EXPECT_EQ(r2t.offset, i * 8192);
    EXPECT_EQ(r2t.length, i < 2 ? 8192U : 4096U);
    send_data(initiator, r2t, data);
  }
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 0);
  EXPECT_EQ(bench().image().peek(0, data.size()), data);
}

TEST_F(DataTest, NoMoreIsAskedForAtOnceThanWasAgreedOn) {
  auto initiator =
      logged_in({{"MaxBurstLength", "4096"}, {"MaxOutstandingR2T", "3"}, {"ImmediateData", "No"}});
  const auto data = pattern(20480, 3);
  const auto command = write10(initiator, 0, 40);
  initiator.send_command(command);
  std::vector<ReadyToTransfer> bursts = {asked(initiator), asked(initiator), asked(initiator)};
  EXPECT_FALSE(initiator.receive(50)) << "a fourth";
  for (size_t i = 0; i < 5; ++i) {
    send_data(initiator, bursts.at(i), data);
    if (bursts.size() < 5) bursts.push_back(asked(initiator));
  }
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 0);
  EXPECT_EQ(bench().image().peek(0, data.size()), data);
}

TEST_F(DataTest, UnaskedDataBehindTheCommand) {
  auto initiator = logged_in({{"InitialR2T", "No"}, {"FirstBurstLength", "8192"}});
  const auto data = pattern(12288, 4);
  auto command = write10(initiator, 0, 24);
  command.final = false;
  initiator.send_command(command, View(data).part(0, 1024));
  initiator.send(encode(unasked(command, 0, 1024, false)), View(data).part(1024, 3072));
  initiator.send(encode(unasked(command, 1, 4096, true)), View(data).part(4096, 4096));
  const auto r2t = asked(initiator);
  EXPECT_EQ(r2t.offset, 8192U);
  EXPECT_EQ(r2t.length, 4096U);
  send_data(initiator, r2t, data);
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 0);
  EXPECT_EQ(bench().image().peek(0, data.size()), data);
}

TEST_F(DataTest, ABurstInManyPieces) {
  auto initiator = logged_in({{"ImmediateData", "No"}});
  const auto data = pattern(65536, 5);
  const auto command = write10(initiator, 0, 128);
  initiator.send_command(command);
  auto r2t = asked(initiator);
  for (uint32_t sn = 0; sn < 64; ++sn) {
    DataOut pdu = unasked(command, sn, sn * 1024, sn == 63);
    pdu.transfer_tag = r2t.transfer_tag;
    initiator.send(encode(pdu), View(data).part(sn * 1024, 1024));
  }
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 0);
  EXPECT_EQ(bench().image().peek(0, data.size()), data);
}

TEST_F(DataTest, AWrongDataSnFailsTheCommand) {
  for (const bool wrong_offset : {false, true}) {
    auto initiator = logged_in({{"InitialR2T", "No"}});
    auto command = write10(initiator, 0, 2);
    command.final = false;
    initiator.send_command(command);
    const auto data = pattern(1024, 6);
    initiator.send(encode(unasked(command, 0, 0, false)), View(data).part(0, 512));
    initiator.send(encode(unasked(command, wrong_offset ? 1 : 2, wrong_offset ? 0 : 512, true)),
                   View(data).part(512, 512));
    const auto outcome = initiator.outcome_of(command.tag);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(sense_of(outcome), kCrcError);
    EXPECT_EQ(bench().image().allocated(), 0U) << "nothing is written";
    EXPECT_EQ(initiator.execute({0x00}).status, 0) << "the session goes on";
  }
}

TEST_F(DataTest, AFailedCommandIsAnsweredWhenItsDataAreThrough) {
  auto initiator = logged_in({{"InitialR2T", "No"}});
  auto command = write10(initiator, 0, 3);
  command.final = false;
  initiator.send_command(command);
  const auto data = pattern(1536, 6);
  initiator.send(encode(unasked(command, 7, 0, false)), View(data).part(0, 512));
  EXPECT_FALSE(initiator.receive(50));
  initiator.send(encode(unasked(command, 8, 512, true)), View(data).part(512, 1024));
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 2);
}

TEST_F(DataTest, TooMuchAndTooLittle) {
  auto initiator = logged_in({{"ImmediateData", "No"}});
  const auto data = pattern(8192, 7);
  const auto command = write10(initiator, 0, 8);
  initiator.send_command(command);
  auto r2t = asked(initiator);
  r2t.length = 2048;
  send_data(initiator, r2t, data);
  auto outcome = initiator.outcome_of(command.tag);
  EXPECT_EQ(sense_of(outcome), kWrongAmount) << "the F bit before all came";

  const auto second = write10(initiator, 0, 8);
  initiator.send_command(second);
  r2t = asked(initiator);
  r2t.length = 8192;
  send_data(initiator, r2t, data);
  EXPECT_EQ(sense_of(initiator.outcome_of(second.tag)), kWrongAmount);
  EXPECT_EQ(bench().image().allocated(), 0U);
}

TEST_F(DataTest, UnaskedDataThatWereNotAgreedOn) {
  auto initiator = logged_in({{"ImmediateData", "No"}});
  const auto data = pattern(4096, 8);
  EXPECT_EQ(sense_of(initiator.outcome_of(initiator.send_command(write10(initiator, 0, 8), data))),
            kUnexpectedData);
  auto command = write10(initiator, 0, 8);
  command.final = false;
  initiator.send_command(command);
  initiator.send(encode(unasked(command, 0, 0, true)), data);
  EXPECT_EQ(sense_of(initiator.outcome_of(command.tag)), kUnexpectedData);
  auto other = logged_in({{"FirstBurstLength", "1024"}});
  EXPECT_EQ(sense_of(other.outcome_of(other.send_command(write10(other, 0, 8), data))),
            kWrongAmount);
  EXPECT_EQ(bench().image().allocated(), 0U);
}

TEST_F(DataTest, DataInFitTheInitiator) {
  auto initiator = logged_in({{"MaxRecvDataSegmentLength", "1024"}, {"MaxBurstLength", "2048"}});
  const auto data = pattern(5120, 9);
  bench().image().poke(0, data);
  const auto command = read10(initiator, 0, 10);
  initiator.send_command(command);
  for (uint32_t i = 0; i < 5; ++i) {
    const auto pdu = initiator.receive();
    ASSERT_TRUE(pdu && pdu->opcode() == Opcode::data_in);
    const auto in = pdu->as<DataIn>();
    EXPECT_EQ(in.data_sn, i);
    EXPECT_EQ(in.offset, i * 1024);
    EXPECT_EQ(pdu->data.size(), 1024U);
    EXPECT_EQ(in.final, i == 1 || i == 3 || i == 4) << "the end of each burst";
    EXPECT_EQ(in.has_status, i == 4);
  }
}

TEST_F(DataTest, ResidualsOfReads) {
  auto initiator = logged_in();
  auto command = read10(initiator, 0, 2);
  command.expected_length = 2048;
  auto outcome = initiator.outcome_of(initiator.send_command(command));
  EXPECT_EQ(outcome.data.size(), 1024U);
  EXPECT_EQ(outcome.residual, (Residual{false, true, 1024}));
  command = read10(initiator, 0, 2);
  command.expected_length = 300;
  outcome = initiator.outcome_of(initiator.send_command(command));
  EXPECT_EQ(outcome.data.size(), 300U);
  EXPECT_EQ(outcome.residual, (Residual{true, false, 724}));
  command = read10(initiator, 0, 2);
  command.expected_length = 0;
  outcome = initiator.outcome_of(initiator.send_command(command));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.residual, (Residual{true, false, 1024}));
  EXPECT_EQ(initiator.execute({0xff}, 512).residual, (Residual{false, true, 512}))
      << "a command that is refused";
}

TEST_F(DataTest, ResidualsOfWrites) {
  auto initiator = logged_in();
  auto command = write10(initiator, 0, 2);
  command.expected_length = 2048;
  auto outcome = initiator.outcome_of(initiator.send_command(command, pattern(2048, 1)));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.residual, (Residual{false, true, 1024}));
  command = write10(initiator, 0, 2);
  command.expected_length = 512;
  outcome = initiator.outcome_of(initiator.send_command(command, pattern(512, 1)));
  EXPECT_EQ(outcome.residual, (Residual{true, false, 512}));
}

TEST_F(DataTest, DigestsBothWays) {
  auto initiator = logged_in({{"HeaderDigest", "CRC32C"}, {"DataDigest", "CRC32C"}});
  ASSERT_TRUE(initiator.header_digest);
  ASSERT_TRUE(initiator.data_digest);
  for (const unsigned blocks : {1U, 8U, 128U}) {
    const auto data = pattern(blocks * 512, static_cast<uint8_t>(blocks));
    const auto count = static_cast<uint16_t>(blocks);
    const auto command = write10(initiator, 0, count);
    EXPECT_EQ(initiator.outcome_of(initiator.send_command(command, data)).status, 0);
    EXPECT_EQ(initiator.outcome_of(initiator.send_command(read10(initiator, 0, count))).data, data);
  }
  auto inquiry = initiator.command({0x12, 0, 0, 0, 5});
  inquiry.read = true;
  inquiry.expected_length = 5;
  initiator.send_command(inquiry);
  const auto pdu = initiator.receive();
  ASSERT_TRUE(pdu);
  EXPECT_TRUE(pdu->good_digests);
}

TEST_F(DataTest, AWrongHeaderDigestEndsTheConnection) {
  auto initiator = logged_in({{"HeaderDigest", "CRC32C"}});
  initiator.spoil_header_digest = true;
  initiator.send_command(initiator.command({0x00}));
  EXPECT_TRUE(initiator.closes_within(5000));
  EXPECT_EQ(server().totals().digest_errors, 1U);
}

TEST_F(DataTest, AWrongDataDigestFailsTheCommand) {
  auto initiator = logged_in({{"DataDigest", "CRC32C"}, {"ImmediateData", "No"}});
  const auto command = write10(initiator, 0, 1);
  initiator.send_command(command);
  const auto r2t = asked(initiator);
  initiator.spoil_data_digest = true;
  send_data(initiator, r2t, pattern(512, 1));
  const auto pdu = initiator.receive();
  ASSERT_TRUE(pdu);
  EXPECT_EQ(pdu->opcode(), Opcode::reject);
  EXPECT_EQ(pdu->as<wire::iscsi::Reject>().reason, 0x02);
  EXPECT_EQ(sense_of(initiator.outcome_of(command.tag)), kCrcError);
  EXPECT_EQ(bench().image().allocated(), 0U);
}

TEST_F(DataTest, AWrongDigestOfImmediateDataEndsTheConnection) {
  auto initiator = logged_in({{"DataDigest", "CRC32C"}});
  initiator.spoil_data_digest = true;
  initiator.send_command(write10(initiator, 0, 1), pattern(512, 1));
  const auto pdu = initiator.receive();
  ASSERT_TRUE(pdu);
  EXPECT_EQ(pdu->opcode(), Opcode::reject);
  EXPECT_TRUE(initiator.closes_within(5000));
  EXPECT_EQ(bench().image().allocated(), 0U);
}

TEST_F(DataTest, LargeTransfersByteByByte) {
  bench_options.size = uint64_t{32} << 20;
  auto initiator = logged_in({{"MaxBurstLength", "1048576"},
                              {"ImmediateData", "No"},
                              {"MaxRecvDataSegmentLength", "262144"}});
  const auto data = pattern(4U << 20, 11);
  auto command = write10(initiator, 0, 8192);
  initiator.send_command(command);
  for (int i = 0; i < 4; ++i) {
    const auto r2t = asked(initiator);
    for (uint32_t at = 0, sn = 0; at < r2t.length; at += 131072, ++sn) {
      DataOut pdu = unasked(command, sn, r2t.offset + at, at + 131072 == r2t.length);
      pdu.transfer_tag = r2t.transfer_tag;
      initiator.send(encode(pdu), View(data).part(pdu.offset, 131072));
    }
  }
  EXPECT_EQ(initiator.outcome_of(command.tag).status, 0);
  const auto read = initiator.outcome_of(initiator.send_command(read10(initiator, 0, 8192)));
  EXPECT_EQ(read.data_pdus, 16U);
  EXPECT_EQ(read.data == data, true);
}

}  // namespace
}  // namespace libcopyfile::test
