// Servers that copy less than they are asked to, or not at all.
#include "lesser_server.h"
#include "nfs_test.h"

namespace libcopyfile::test {
namespace {

constexpr const char* kLesser = "/mnt/lesser";

// One server for each test: what it refuses its mount does not forget.
class LesserTest : public ::testing::Test {
 protected:
  LesserTest(const std::string& name, const Lesser& how)
      : server_(name, how), place_(kLesser, "/srv/" + name) {}
  static NfsTraffic traffic() { return NfsTraffic(kLesser); }

  LesserServer server_;
  Workplace place_;
};

constexpr uint64_t kMost = kMiB + 4099;  // no power of two, no block

class ShortCopies : public LesserTest {
 protected:
  ShortCopies() : LesserTest("ext4", {.most_per_copy = kMost}) {}
};

TEST_F(ShortCopies, AreGoneOnFrom) {
  const Oracle source = place_.write_stamped("a", {{0, 32 * kMiB + 4321}});
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.copy({"--offload=always", "a", "b"});
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("copy_range"), source.size()) << told.report.dump();
  EXPECT_GE(counters.of("COPY"), source.size() / kMost);
  EXPECT_TRUE(stayed_on_the_server(counters, source.size()));
  place_.expect("b", source);
}

TEST_F(ShortCopies, AreGoneOnFromInEachRange) {
  const Oracle source = place_.write_stamped("a", {{0, 16 * kMiB}});
  Oracle destination = place_.write_stamped("b", {{0, 16 * kMiB}}, 2);
  const std::vector<CopyRange> ranges{{0, 9 * kMiB + 1, 5 * kMiB}, {7 * kMiB + 3, 100, 8 * kMiB}};
  std::vector<std::string> arguments{"--offload=always", "a", "b"};
  uint64_t bytes = 0;
  for (const CopyRange& range : ranges) {
    bytes += destination.copy(source, range);
    arguments.push_back(std::to_string(range.in) + ":" + std::to_string(range.out) + ":" +
                        std::to_string(range.length));
  }
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.range(arguments);
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("copy_range"), bytes) << told.report.dump();
  EXPECT_GE(counters.of("COPY"), bytes / kMost);
  EXPECT_TRUE(stayed_on_the_server(counters, bytes));
  place_.expect("b", destination);
}

class NoCopies : public LesserTest {
 protected:
  NoCopies() : LesserTest("xfs", {.copies = false, .clones = false}) {}
};

TEST_F(NoCopies, AreAskedForOnceAndTheBytesReadAndWritten) {
  const Oracle source = place_.write_stamped("a", {{0, 16 * kMiB + 5}});
  const NfsTraffic traffic = this->traffic();
  const Told first = place_.copy({"a", "b"});
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(first.ok()) << first.everything();
  EXPECT_EQ(counters.of("CLONE"), 1U);
  EXPECT_EQ(counters.of("COPY"), 1U);
  EXPECT_GE(counters.written, source.size());
  EXPECT_EQ(first.why_not("reflink"), "the file system cannot share extents");
  EXPECT_EQ(first.why_not("copy_range"), "the server did not copy");
  // The kernel had read and written the first block before it was known.
  EXPECT_LE(first.by("copy_range"), 4096U);
  EXPECT_EQ(first.by("copy_range") + first.by("buffered"), source.size()) << first.report.dump();
  place_.expect("b", source);

  const Told second = place_.copy({"a", "c"});
  ASSERT_TRUE(second.ok()) << second.everything();
  EXPECT_EQ(traffic.so_far().of("COPY"), 1U) << "it has said no";
  EXPECT_EQ(second.why_not("copy_range"), "the server has refused to copy");
  EXPECT_EQ(second.by("buffered"), source.size()) << second.report.dump();
  place_.expect("c", source);
}

TEST_F(NoCopies, AreAFailureWhereOffloadIsAMust) {
  (void)place_.write_stamped("a", {{0, 16 * kMiB}});
  const NfsTraffic traffic = this->traffic();
  for (const char* why : {"the server did not copy", "the server has refused to copy"}) {
    const Told told = place_.copy({"--offload=always", "a", "b"});
    EXPECT_FALSE(told.ok());
    EXPECT_NE(told.run.err.find(why), std::string::npos) << told.everything();
    EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
  }
  EXPECT_TRUE(stayed_on_the_server(traffic.so_far(), 16 * kMiB));
}

TEST_F(NoCopies, OfRangesNeither) {
  const Oracle source = place_.write_stamped("a", {{0, 4 * kMiB}});
  Oracle destination = place_.write_stamped("b", {{0, 4 * kMiB}}, 2);
  const CopyRange range{4096, kMiB, 2 * kMiB};
  destination.copy(source, range);
  const Told told = place_.range({"a", "b", "4K:1M:2M"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("copy_range") + told.by("buffered"), range.length) << told.report.dump();
  EXPECT_EQ(told.why_not("copy_range"), "the server did not copy");
  place_.expect("b", destination);
}

class NoClones : public LesserTest {
 protected:
  NoClones() : LesserTest("xfs", {.clones = false}) {}
};

TEST_F(NoClones, AreCopiedByTheServer) {
  const Oracle source = place_.write_stamped("a", {{0, 16 * kMiB}});
  const NfsTraffic traffic = this->traffic();
  const Told told = place_.copy({"a", "b"});
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(counters.of("CLONE"), 1U);
  EXPECT_GE(counters.of("COPY"), 1U);
  EXPECT_EQ(told.by("copy_range"), source.size()) << told.report.dump();
  EXPECT_TRUE(stayed_on_the_server(counters, source.size()));
  place_.expect("b", source);
}

}  // namespace
}  // namespace libcopyfile::test
