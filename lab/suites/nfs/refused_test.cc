// Where the server does not copy: the bytes pass through this host, and the report says why; or nothing is done at all.
#include "nfs_test.h"

namespace libcopyfile::test {
namespace {

TEST_F(OnOld, BytesAreReadAndWrittenAndTheReasonIsTold) {
  const Oracle source = place_.write_stamped("a", {{0, 16 * kMiB}});
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.copy({"a", "b"});
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(counters.of("CLONE") + counters.of("COPY"), 0U);
  EXPECT_GE(counters.written, source.size());
  EXPECT_EQ(told.by("copy_range"), 0U) << "the kernel would only have read and written";
  EXPECT_EQ(told.why_not("copy_range"), "NFS before 4.2 has no copies by the server");
  EXPECT_NE(told.why_not("reflink"), "");
  place_.expect("b", source);
}

TEST_F(OnOld, TheLineOfCpSaysSo) {
  (void)place_.write_stamped("a", {{0, kMiB}});
  const Finished done = place_.run({"copyfile", "--debug", "a", "b"});
  EXPECT_NE(done.out.find("copy offload: unsupported, "), std::string::npos)
      << done.out << done.err;
}

TEST_F(OnOld, NothingIsCopiedWhereOffloadIsAMust) {
  (void)place_.write_stamped("a", {{0, 16 * kMiB}});
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.copy({"--offload=always", "a", "b"});
  EXPECT_FALSE(told.ok());
  EXPECT_NE(told.run.err.find("NFS before 4.2 has no copies by the server"), std::string::npos)
      << told.everything();
  EXPECT_TRUE(stayed_on_the_server(traffic.so_far(), 16 * kMiB));
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
}

TEST_F(OnOld, RangesToo) {
  const Oracle source = place_.write_stamped("a", {{0, 4 * kMiB}});
  Oracle destination = place_.write_stamped("b", {{0, 4 * kMiB}}, 2);
  const CopyRange range{4096, kMiB, 2 * kMiB};
  destination.copy(source, range);
  const Told told = place_.range({"a", "b", "4K:1M:2M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("buffered"), range.length);
  EXPECT_EQ(told.why_not("copy_range"), "NFS before 4.2 has no copies by the server");
  place_.expect("b", destination);
}

// Within one file the client does not ask the server, and the kernel would read and write in silence.
TEST_F(OnExt4, WithinOneFileTheBytesAreReadAndWritten) {
  Oracle file = place_.write_stamped("a", {{0, 16 * kMiB}});
  const CopyRange range{0, 8 * kMiB, 8 * kMiB};
  file.copy(file, range);
  const Told told = place_.range({"a", "a", "0:8M:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("buffered") + told.by("direct"), range.length) << told.report.dump();
  EXPECT_NE(told.why_not("copy_range"), "");
  place_.expect("a", file);
}

TEST_F(OnXfs, WithinOneFileBlocksAreShared) {
  Oracle file = place_.write_stamped("a", {{0, 16 * kMiB}});
  file.copy(file, {0, 8 * kMiB, 8 * kMiB});
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.range({"a", "a", "0:8M:8M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("reflink"), 8 * kMiB);
  EXPECT_TRUE(stayed_on_the_server(traffic.so_far(), 8 * kMiB));
  place_.expect("a", file);
}

TEST_F(OnXfs, WhatIsTurnedOffIsNotAskedOfTheServer) {
  const Oracle source = place_.write_stamped("a", {{0, 4 * kMiB}});
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.copy({"--no-offload=.", "a", "b"});
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(counters.of("CLONE") + counters.of("COPY"), 0U);
  EXPECT_EQ(told.by("buffered"), source.size());
  EXPECT_EQ(told.why_not("reflink"), "turned off for this mount");
  place_.expect("b", source);
}

// The server's disk has less room than the copy needs, even for root. Of the large request it does what it can, and says so; the
// next one tells why. Nothing is left, neither of ours nor on the server.
TEST_F(OnExt4, WithoutRoomOnTheServerNothingIsLeft) {
  const Oracle source = place_.write_stamped("a", {{0, 64 * kMiB}});
  shell(
      "free=$(stat -f -c %f /srv/ext4); block=$(stat -f -c %S /srv/ext4); "
      "fallocate -l $((free * block - 33554432)) /srv/ext4/filler");
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.copy({"a", "b"});
  const NfsCounters counters = traffic.so_far();
  shell("rm /srv/ext4/filler");
  EXPECT_GE(counters.of("COPY"), 3U) << "a block, a short one, and the one that fails";
  EXPECT_TRUE(stayed_on_the_server(counters, source.size()));
  EXPECT_FALSE(told.ok());
  EXPECT_NE(told.run.err.find("No space left on device"), std::string::npos) << told.everything();
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
  place_.expect("a", source);
}

}  // namespace
}  // namespace libcopyfile::test
