// iSCSI sessions with a real target on loopback, through libiscsi.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "sys/iscsi_transport.h"
#include "sys/kernel_files.h"
#include "testing/iscsi_target.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"
#include "units/unit_files.h"
#include "wire/cdb.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kSize = 32 * kMiB;

IscsiSettings settings() {
  IscsiSettings s;
  s.initiator = "iqn.2026-01.invalid.test:initiator";
  return s;
}

class IscsiTest : public ::testing::Test {
 protected:
  IscsiTest() : file_(test_directory(FsKind::ext4) + "/unit") {
    write_text(file_, std::string(kSize, 'a'));
    target_.add_target("disks");
    target_.add_unit("disks", file_);
  }

  std::string url(int unit = 1) const { return target_.url("disks", unit); }

  std::unique_ptr<UnitLink> open(UnitTransport& transport) {
    Result<std::unique_ptr<UnitLink>> link = transport.open(url());
    EXPECT_TRUE(link) << (link ? "" : link.error().where);
    return link ? std::move(*link) : nullptr;
  }

  const std::string file_;
  IscsiTarget target_;
};

std::vector<std::byte> bytes(size_t size, unsigned seed) {
  std::vector<std::byte> data(size);
  uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (std::byte& b : data) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    b = static_cast<std::byte>(state >> 56);
  }
  return data;
}

TEST_F(IscsiTest, WhatIsWrittenIsInTheTargetAndIsRead) {
  const auto transport = make_iscsi_transport(settings());
  KernelFiles kernel;
  UnitFiles files(kernel);
  const Result<Fd> fd = files.open(*transport, url(), true);
  ASSERT_TRUE(fd) << fd.error().where;
  EXPECT_EQ(files.device_size(fd->get()), kSize);
  const auto data = bytes(5 * kMiB + 77, 1);
  EXPECT_EQ(files.write(fd->get(), data, kMiB + 13, Cache::keep), data.size());
  EXPECT_TRUE(files.sync(fd->get(), Sync::data));
  const std::string there = read_text(file_);
  EXPECT_TRUE(std::memcmp(there.data() + kMiB + 13, data.data(), data.size()) == 0);
  EXPECT_EQ(there[kMiB + 12], 'a');
  EXPECT_EQ(there[kMiB + 13 + data.size()], 'a');
  std::vector<std::byte> back(data.size());
  EXPECT_EQ(files.read(fd->get(), back, kMiB + 13, Cache::keep), back.size());
  EXPECT_TRUE(back == data);
}

TEST_F(IscsiTest, ManyCommandsAreUnderWayAndEachIsAnsweredOnce) {
  const auto transport = make_iscsi_transport(settings());
  const auto link = open(*transport);
  const auto queue = transport->queue(*link, *link);
  ASSERT_TRUE(queue);
  const unsigned depth = (*queue)->depth();
  ASSERT_GE(depth, 16U);
  std::vector<wire::Bytes> in(depth, wire::Bytes(4096));
  std::vector<wire::Cdb> cdbs;
  for (unsigned i = 0; i < depth; ++i) {
    cdbs.push_back(wire::encode(wire::BlocksCdb{wire::Opcode::read_16, i * uint64_t{8}, 8}));
  }
  for (unsigned i = 0; i < depth; ++i) {
    ScsiRequest request;
    request.cdb = cdbs[i].view().span();
    request.in = in[i];
    request.timeout_ms = 30'000;
    request.tag = i;
    ASSERT_TRUE((*queue)->submit(request));
  }
  std::vector<bool> seen(depth);
  for (unsigned i = 0; i < depth;) {
    std::array<ScsiCompletion, 3> completions;
    const auto count = (*queue)->reap(completions, 30'000);
    ASSERT_TRUE(count);
    ASSERT_GT(*count, 0U);
    for (size_t n = 0; n < *count; ++n, ++i) {
      EXPECT_EQ(completions[n].error, 0);
      EXPECT_EQ(completions[n].status, 0);
      EXPECT_EQ(completions[n].received, 4096U);
      EXPECT_FALSE(seen.at(completions[n].tag));
      seen[completions[n].tag] = true;
    }
  }
  const uint64_t before = (*queue)->now_ms();
  std::array<ScsiCompletion, 1> none;
  EXPECT_EQ((*queue)->reap(none, 30), 0U) << "with nothing under way it sleeps";
  EXPECT_GE((*queue)->now_ms() - before, 25U);
}

TEST_F(IscsiTest, SenseDataComesThrough) {
  const auto transport = make_iscsi_transport(settings());
  const auto link = open(*transport);
  const auto queue = transport->queue(*link, *link);
  ASSERT_TRUE(queue);
  wire::Bytes in(4096);
  const wire::Cdb cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, kSize / 512, 8});
  ScsiRequest request;
  request.cdb = cdb.view().span();
  request.in = in;
  request.timeout_ms = 30'000;
  // The first answers of a session report that it is new.
  for (int i = 0; i < 5; ++i) {
    const Result<ScsiCompletion> done = (*queue)->transact(request);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->error, 0);
    EXPECT_EQ(done->status, 0x02);
    const auto sense = wire::decode_sense(wire::View(done->sense_data()));
    ASSERT_TRUE(sense);
    if (sense->code.key == wire::SenseKey::unit_attention) continue;
    EXPECT_EQ(sense->code, (wire::SenseCode{wire::SenseKey::illegal_request, 0x21, 0x00}));
    return;
  }
  FAIL() << "nothing but unit attentions";
}

TEST_F(IscsiTest, AShortAnswerIsCounted) {
  const auto transport = make_iscsi_transport(settings());
  const auto link = open(*transport);
  const auto queue = transport->queue(*link, *link);
  ASSERT_TRUE(queue);
  wire::Bytes in(4096, 0xee);
  const wire::Cdb cdb = wire::encode(wire::InquiryCdb{std::nullopt, 4096});
  ScsiRequest request;
  request.cdb = cdb.view().span();
  request.in = in;
  request.timeout_ms = 30'000;
  const Result<ScsiCompletion> done = (*queue)->transact(request);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, 0);
  EXPECT_GE(done->received, 36U);
  EXPECT_LT(done->received, 4096U);
}

TEST_F(IscsiTest, AConnectionThatBreaksIsMadeAgain) {
  const auto transport = make_iscsi_transport(settings());
  KernelFiles kernel;
  UnitFiles files(kernel);
  const Result<Fd> fd = files.open(*transport, url(), true);
  ASSERT_TRUE(fd) << fd.error().where;
  for (unsigned round = 1; round <= 3; ++round) {
    EXPECT_GE(target_.drop_connections("disks"), 1U);
    const auto data = bytes(2 * kMiB, round);
    ASSERT_EQ(files.write(fd->get(), data, 0, Cache::keep), data.size());
    EXPECT_GE(target_.drop_connections("disks"), 1U);
    std::vector<std::byte> back(data.size());
    ASSERT_EQ(files.read(fd->get(), back, 0, Cache::keep), back.size());
    EXPECT_TRUE(back == data) << round;
  }
}

TEST_F(IscsiTest, WhatWasUnderWayWhenItBrokeIsSentAgain) {
  const auto transport = make_iscsi_transport(settings());
  KernelFiles kernel;
  UnitFiles files(kernel);
  const Result<Fd> fd = files.open(*transport, url(), true);
  ASSERT_TRUE(fd) << fd.error().where;
  std::atomic<unsigned> dropped = 0;
  std::atomic<bool> done = false;
  std::thread dropping([&] {
    for (int i = 0; i < 5; ++i) dropped += target_.drop_connections("disks");
    done = true;
  });
  std::vector<std::byte> back(4 * kMiB);
  for (unsigned round = 1; !done; ++round) {
    const auto data = bytes(back.size(), round);
    const auto written = files.write(fd->get(), data, 8 * kMiB, Cache::keep);
    const auto read = files.read(fd->get(), back, 8 * kMiB, Cache::keep);
    EXPECT_EQ(written, data.size()) << round;
    EXPECT_EQ(read, data.size()) << round;
    EXPECT_TRUE(back == data) << round;
    if (::testing::Test::HasFailure()) break;
  }
  dropping.join();
  EXPECT_GE(dropped, 1U);
}

TEST_F(IscsiTest, ATargetThatIsGoneIsAnErrorSoon) {
  IscsiSettings impatient = settings();
  impatient.reconnect_ms = 300;
  const auto transport = make_iscsi_transport(impatient);
  KernelFiles kernel;
  UnitFiles files(kernel);
  const Result<Fd> fd = files.open(*transport, url(), true);
  ASSERT_TRUE(fd) << fd.error().where;
  target_.stop();
  const auto data = bytes(kMiB, 1);
  const Result<size_t> n = files.write(fd->get(), data, 0, Cache::keep);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, ECONNRESET);
  std::vector<std::byte> back(512);
  EXPECT_FALSE(files.read(fd->get(), back, 0, Cache::keep));
}

TEST_F(IscsiTest, ATargetThatDoesNotAnswerIsATimeout) {
  IscsiSettings impatient = settings();
  impatient.abort_ms = 200;
  const auto transport = make_iscsi_transport(impatient);
  const auto link = open(*transport);
  const auto queue = transport->queue(*link, *link);
  ASSERT_TRUE(queue);
  wire::Bytes in(512);
  const wire::Cdb cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, 0, 1});
  ScsiRequest request;
  request.cdb = cdb.view().span();
  request.in = in;
  request.timeout_ms = 200;
  target_.freeze();
  const Result<ScsiCompletion> done = (*queue)->transact(request);
  target_.thaw();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->error, ETIMEDOUT);
  const Done again = (*queue)->submit(request);
  ASSERT_FALSE(again) << "a device that may still be at it gets nothing more";
  EXPECT_EQ(again.error().code, ETIMEDOUT);
}

TEST_F(IscsiTest, ACommandIsAbortedWhenAskedFor) {
  const auto transport = make_iscsi_transport(settings());
  const auto link = open(*transport);
  const auto queue = transport->queue(*link, *link);
  ASSERT_TRUE(queue);
  wire::Bytes in(512);
  const wire::Cdb cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, 0, 1});
  ScsiRequest request;
  request.cdb = cdb.view().span();
  request.in = in;
  request.timeout_ms = 30'000;
  request.tag = 7;
  ASSERT_TRUE((*queue)->transact(request)) << "past what a new session reports";
  target_.freeze();
  ASSERT_TRUE((*queue)->submit(request));
  EXPECT_FALSE((*queue)->abort(8));
  EXPECT_TRUE((*queue)->abort(7));
  target_.thaw();
  std::array<ScsiCompletion, 2> completions;
  const Result<size_t> count = (*queue)->reap(completions, 30'000);
  ASSERT_TRUE(count);
  ASSERT_EQ(*count, 1U);
  EXPECT_EQ(completions[0].tag, 7U);
  EXPECT_EQ(completions[0].error, 0);
  // The target may have been done with it.
  EXPECT_TRUE(completions[0].status == 0x40 || completions[0].status == 0) << completions[0].status;
  EXPECT_EQ((*queue)->reap(completions, 50), 0U);
  EXPECT_TRUE((*queue)->transact(request)) << "the session goes on";
}

TEST_F(IscsiTest, ReasonsOfALoginThatFailsAreInWords) {
  const auto transport = make_iscsi_transport(settings());
  const auto why = [&](const std::string& url) {
    const auto link = transport->open(url);
    return link ? std::string("it works") : link.error().where;
  };
  EXPECT_EQ(why(url(9)), "the target has no such logical unit");
  EXPECT_EQ(why(target_.url("nobody", 1)), "there is no such target");
  EXPECT_EQ(why("iscsi://127.0.0.1:1/iqn.x/0"), "nobody listens there");
  EXPECT_EQ(why("iscsi://127.0.0.1/iqn.x"), "it names no logical unit");
  EXPECT_EQ(why("iscsi://no-such-host.invalid/iqn.x/0"), "the name of the host is not known");
}

TEST_F(IscsiTest, OnlyWhoKnowsThePasswordIsLetIn) {
  target_.add_target("closed");
  target_.add_unit("closed", file_);
  target_.only_with("closed", "me", "aSecretOf14chr");
  const auto opens = [&](const IscsiSettings& with, const std::string& credentials) {
    const auto link = make_iscsi_transport(with)->open(target_.url("closed", 1, credentials));
    if (!link) {
      EXPECT_EQ(link.error().code, EACCES) << link.error().where;
      EXPECT_EQ(link.error().where.find("ecret"), std::string::npos);
    }
    return link.has_value();
  };
  IscsiSettings known = settings();
  known.user = "me";
  known.password = "aSecretOf14chr";
  EXPECT_TRUE(opens(known, ""));
  EXPECT_TRUE(opens(settings(), "me%aSecretOf14chr"));
  EXPECT_FALSE(opens(settings(), "me%anotherSecret0"));
  EXPECT_FALSE(opens(known, "me%anotherSecret0")) << "the URL comes first";
  EXPECT_FALSE(opens(settings(), ""));
}

}  // namespace
}  // namespace libcopyfile::test
