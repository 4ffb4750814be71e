// Servers that do not copy, each in another way: Samba, with what is said to it and by it changed on the way.
#include <sys/mount.h>

#include "lab/support/relay.h"
#include "smb_test.h"

namespace libcopyfile::test {
namespace {

// [MS-SMB2] 2.2.1.2, 2.2.31, 2.2.32.
constexpr size_t kHead = 64;
constexpr size_t kCommand = 12;
constexpr uint8_t kIoctl = 11;
constexpr size_t kControlCode = kHead + 4;
constexpr size_t kInputOffset = kHead + 24;
constexpr size_t kOutputOffset = kHead + 32;
constexpr uint32_t kCopyChunkWrite = 0x001480f2;
constexpr uint32_t kNobodyKnows = 0x001481f2;

uint32_t little(std::span<const uint8_t> record, size_t at) {
  if (at + 4 > record.size()) return 0;
  return static_cast<uint32_t>(record[at] | record[at + 1] << 8 | record[at + 2] << 16 |
                               record[at + 3] << 24);
}

void set_little(std::span<uint8_t> record, size_t at, uint32_t value) {
  if (at + 4 > record.size()) return;
  for (size_t i = 0; i < 4; ++i) record[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

bool is_copy(std::span<const uint8_t> record) {
  return record.size() > kOutputOffset && record[kCommand] == kIoctl &&
         little(record, kControlCode) == kCopyChunkWrite;
}

struct Lesser {
  const char* name;
  Relay::Edit edit;
  std::string why_not;
};

// It does not have the operation: Samba says so of one that it does not know.
void without(To to, std::span<uint8_t> record) {
  if (to == To::server && is_copy(record)) set_little(record, kControlCode, kNobodyKnows);
}

// It does not find the source, as it is with two shares on some: the key that stands for the source is not the one that it gave.
void forgetful(To to, std::span<uint8_t> record) {
  if (to != To::server || !is_copy(record)) return;
  const size_t key = little(record, kInputOffset);
  set_little(record, key, ~little(record, key));
}

// It says that it has copied nothing, and that all is well: EIO to the client.
void idle(To to, std::span<uint8_t> record) {
  constexpr size_t kTotalBytesWritten = 8;
  if (to == To::client && is_copy(record)) {
    set_little(record, little(record, kOutputOffset) + kTotalBytesWritten, 0);
  }
}

class LesserServers : public ::testing::TestWithParam<Lesser> {
 protected:
  LesserServers() : relay_(4450, 445, GetParam().edit), mounted_(mount()), place_(make_place()) {}
  ~LesserServers() override { umount2(kLesser.mount, MNT_DETACH); }

  static bool mount() {
    shell(std::string("mount.cifs //127.0.0.1/") + kLesser.name + " " + kLesser.mount +
          " -o guest,vers=3.1.1,port=4450");
    return true;
  }
  static Workplace make_place() { return {kLesser.mount, kLesser.server}; }

  Relay relay_;
  bool mounted_;
  Workplace place_;
};

INSTANTIATE_TEST_SUITE_P(
    Smb, LesserServers,
    ::testing::Values(Lesser{"Without", without, "the server did not copy"},
                      Lesser{"Forgetful", forgetful,
                             "the server does not find the source (CIFS across shares)"},
                      Lesser{"Idle", idle, "the server failed it"}),
    [](const auto& i) { return std::string(i.param.name); });

TEST_P(LesserServers, TheBytesAreReadAndWrittenAndTheReasonIsTold) {
  const Oracle source = place_.write_stamped("a", {{0, 8 * kMiB + 5}});
  const Told told = place_.copy({"a", "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.why_not("copy_range"), GetParam().why_not) << told.report.dump();
  EXPECT_LE(told.by("copy_range"), 4096U);
  EXPECT_EQ(told.by("copy_range") + told.by("buffered"), source.size()) << told.report.dump();
  place_.expect("b", source);
}

TEST_P(LesserServers, OfRangesToo) {
  const Oracle source = place_.write_stamped("a", {{0, 4 * kMiB}});
  Oracle destination = place_.write_stamped("b", {{0, 4 * kMiB}}, 2);
  const CopyRange range{4096, kMiB, 2 * kMiB};
  destination.copy(source, range);
  const Told told = place_.range({"a", "b", "4K:1M:2M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.why_not("copy_range"), GetParam().why_not) << told.report.dump();
  place_.expect("b", destination);
}

TEST_P(LesserServers, NothingIsCopiedWhereOffloadIsAMust) {
  (void)place_.write_stamped("a", {{0, 8 * kMiB}});
  const SmbTraffic traffic(kLesser.name);
  const Told told = place_.copy({"--offload=always", "a", "b"});
  EXPECT_FALSE(told.ok());
  EXPECT_NE(told.run.err.find(GetParam().why_not), std::string::npos) << told.everything();
  EXPECT_TRUE(stayed_on_the_server(traffic.so_far(), 8 * kMiB));
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
}

}  // namespace
}  // namespace libcopyfile::test
