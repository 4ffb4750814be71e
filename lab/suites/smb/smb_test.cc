// SMB: copychunk over XFS, duplicate extents over Btrfs, and what a client says where it can't.
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "smb_test.h"
#include "testing/inspect.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

bool shared_on_server(const Workplace& place, const std::string& one, const std::string& other,
                      uint64_t bytes) {
  const Fd a(open(place.on_server(one).c_str(), O_RDONLY | O_CLOEXEC));
  const Fd b(open(place.on_server(other).c_str(), O_RDONLY | O_CLOEXEC));
  return a.valid() && b.valid() && shares_all(a.get(), b.get(), {0, bytes});
}

class Smb : public ::testing::TestWithParam<Share> {
 protected:
  SmbTraffic traffic() const { return SmbTraffic(GetParam().name); }
  bool duplicates() const { return std::string(GetParam().name) == kBtrfs.name; }

  Workplace place_{GetParam().mount, GetParam().server};
};

INSTANTIATE_TEST_SUITE_P(Shares, Smb, ::testing::Values(kXfs, kBtrfs),
                         [](const auto& i) { return std::string(i.param.name); });

TEST_P(Smb, AWholeFileIsCopiedByTheServer) {
  const Oracle source = place_.write_stamped("a", {{0, 32 * kMiB + 4321}});
  const SmbTraffic traffic = this->traffic();
  const Told told = place_.copy({"a", "b"});
  const SmbCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("reflink") + told.by("copy_range"), source.size()) << told.report.dump();
  EXPECT_GE(counters.ioctls, 1U);
  EXPECT_TRUE(stayed_on_the_server(counters, source.size()));
  place_.expect("b", source);
  if (duplicates()) {
    EXPECT_EQ(told.by("reflink"), source.size()) << told.report.dump();
    EXPECT_TRUE(shared_on_server(place_, "a", "b", 32 * kMiB));
  } else {
    EXPECT_EQ(told.by("copy_range"), source.size());
    EXPECT_NE(told.why_not("reflink"), "");
  }
}

// The control.
TEST_P(Smb, CountersSeeBytesThatAreReadAndWritten) {
  const Oracle source = place_.write_stamped("a", {{0, 8 * kMiB}});
  ASSERT_TRUE(place_.run({"sh", "-c", "echo 3 >/proc/sys/vm/drop_caches"}).ok());
  const SmbTraffic traffic = this->traffic();
  const Told told = place_.copy({"--reflink=never", "a", "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_GE(traffic.so_far().written, source.size());
  EXPECT_FALSE(stayed_on_the_server(traffic.so_far(), source.size()));
  place_.expect("b", source);
}

TEST_P(Smb, AVectorOfRangesStaysOnTheServer) {
  constexpr uint64_t kRange = 2 * kMiB;
  constexpr uint64_t kCount = 12;
  const Oracle source = place_.write_stamped("a", {{0, kRange * kCount}});
  Oracle destination = place_.write_stamped("b", {{0, kRange * kCount}}, 2);
  std::vector<std::string> arguments{"a", "b"};
  for (uint64_t i = 0; i < kCount; i += 2) {
    // The second half of them at odd offsets.
    const uint64_t odd = i < kCount / 2 ? 0 : 777;
    const CopyRange range{i * kRange + odd, (kCount - 2 - i) * kRange, kRange - 1000};
    destination.copy(source, range);
    arguments.push_back(std::to_string(range.in) + ":" + std::to_string(range.out) + ":" +
                        std::to_string(range.length));
  }
  const SmbTraffic traffic = this->traffic();
  const Told told = place_.range(arguments);
  const SmbCounters counters = traffic.so_far();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_TRUE(stayed_on_the_server(counters, kRange * kCount / 2));
  EXPECT_EQ(told.by("buffered") + told.by("direct"), 0U) << told.report.dump();
  place_.expect("b", destination);
}

TEST_P(Smb, NewNameAndReplacedOneAndNothingElse) {
  const Oracle source = place_.write_stamped("a", {{0, 200000}});
  for (const char* what : {"new", "replaced"}) {
    const Told told = place_.copy({"a", "b"});
    ASSERT_TRUE(told.ok()) << what << told.everything();
    EXPECT_EQ(place_.names(), (std::vector<std::string>{"a", "b"})) << what;
    place_.expect("b", source);
    // The client keeps closed files open for a second, and the server is to see what is replaced.
    sleep(2);
    const Finished old = place_.run({"sh", "-c", "echo old >b && sync"});
    ASSERT_TRUE(old.ok()) << what << old.err;
  }
}

TEST_P(Smb, ATreeAppears) {
  shell("cd " + place_.path("") +
        " && mkdir -p t/sub/deep t/empty && head -c 300000 /dev/urandom >t/large && echo s >t/small"
        " && head -c 5000 /dev/urandom >t/sub/deep/file && sync && sleep 2"
        " && touch -d @1100000000 t/large t/small t/sub/deep/file && sleep 2");
  for (const char* when : {"new", "there"}) {
    const Finished done = place_.run({"copyfile", "-r", "--preserve=timestamps", "-T", "t", "u"});
    ASSERT_TRUE(done.ok()) << when << done.err;
    EXPECT_EQ(place_.names(), (std::vector<std::string>{"t", "u"})) << when;
    const std::string list =
        " && find . -type f -printf '%P %s %T@\\n' | sort && find . -type d | sort"
        " && cksum large small sub/deep/file";
    EXPECT_EQ(shell("cd " + place_.on_server("t") + list),
              shell("cd " + place_.on_server("u") + list));
  }
}

// What Samba marks as hidden stays so under any name.
TEST_P(Smb, WhatIsCopiedIsNotHidden) {
  shell("cd " + place_.path("") +
        " && mkdir -p t/sub && echo s >t/small && echo .h >t/sub/.dotted");
  for (const std::string to : {"resume", "progress"}) {
    const Finished done = place_.run({"copyfile", "-r", "--" + to, "-T", "t", to});
    ASSERT_TRUE(done.ok()) << to << done.err;
    constexpr uint32_t kHidden = 2;
    for (const char* name : {"", "/small", "/sub"}) {
      uint32_t attributes = 0;
      const std::string path = place_.path(to + name);
      ASSERT_EQ(getxattr(path.c_str(), "user.cifs.dosattrib", &attributes, sizeof attributes),
                static_cast<ssize_t>(sizeof attributes))
          << path << ": " << errno;
      EXPECT_EQ(attributes & kHidden, 0U) << path;
    }
    // The control: what has a dot in the end is hidden.
    uint32_t attributes = 0;
    const std::string dotted = place_.path(to + "/sub/.dotted");
    EXPECT_GT(getxattr(dotted.c_str(), "user.cifs.dosattrib", &attributes, sizeof attributes), 0);
    EXPECT_NE(attributes & kHidden, 0U);
  }
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"progress", "resume", "t"}));
}

// Two shares of one server: nothing is shared, but the server copies (Samba; others have been seen to say ENOENT).
TEST(BetweenShares, TheServerCopies) {
  const Workplace from(kXfs.mount, kXfs.server);
  const Workplace to(kXfs2.mount, kXfs2.server);
  const Oracle source = from.write_stamped("a", {{0, 4 * kMiB + 5}});
  const SmbTraffic in(kXfs.name);
  const SmbTraffic out(kXfs2.name);
  const Told told = to.copy({from.path("a"), "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("copy_range"), source.size());
  EXPECT_TRUE(stayed_on_the_server(in.so_far(), source.size()));
  EXPECT_TRUE(stayed_on_the_server(out.so_far(), source.size()));
  EXPECT_EQ(told.why_not("reflink"), "the files are on different file systems");
  to.expect("b", source);
}

TEST(BySmb1, BytesAreReadAndWrittenAndTheReasonIsTold) {
  const Workplace place(kOld.mount, kOld.server);
  const Oracle source = place.write_stamped("a", {{0, 4 * kMiB}});
  const Told told = place.copy({"a", "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("copy_range"), 0U);
  EXPECT_EQ(told.why_not("copy_range"), "SMB 1 has no copies by the server");
  place.expect("b", source);
  EXPECT_FALSE(place.copy({"--offload=always", "a", "c"}).ok());
  EXPECT_EQ(place.names(), (std::vector<std::string>{"a", "b"}));
}

TEST(TurnedOff, NothingIsAskedOfTheServer) {
  const Workplace place(kXfs.mount, kXfs.server);
  const Oracle source = place.write_stamped("a", {{0, 4 * kMiB}});
  const SmbTraffic traffic(kXfs.name);
  const Told told = place.copy({"--no-offload=.", "a", "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(traffic.so_far().ioctls, 0U);
  EXPECT_EQ(told.by("buffered"), source.size());
  EXPECT_EQ(told.why_not("copy_range"), "turned off for this mount");
  place.expect("b", source);
}

}  // namespace
}  // namespace libcopyfile::test
