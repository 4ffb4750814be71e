// Names, metadata and trees over NFS, which has no unnamed files, no rename that refuses to replace, and forgets replies.
#include <sys/stat.h>
#include <sys/xattr.h>

#include "nfs_test.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

TEST_P(OnBoth, NewNameAndReplacedOneAndNothingElse) {
  write_text(place_.path("a"), std::string(200000, 'n'));
  for (const char* what : {"new", "replaced"}) {
    const Told told = place_.copy({"a", "b"});
    ASSERT_TRUE(told.ok()) << told.everything();
    EXPECT_EQ(place_.names(), (std::vector<std::string>{"a", "b"})) << what;
    EXPECT_EQ(read_text(place_.on_server("b")), std::string(200000, 'n')) << what;
    write_text(place_.path("b"), "old");
  }
}

TEST_P(OnBoth, WhatIsThereIsLeftAloneIfAsked) {
  write_text(place_.path("a"), "new");
  write_text(place_.path("b"), "old");
  EXPECT_FALSE(place_.run({"copyfile", "--update=none-fail", "a", "b"}).ok());
  EXPECT_EQ(read_text(place_.on_server("b")), "old");
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a", "b"}));
}

TEST_P(OnBoth, DurableIsReached) {
  (void)place_.write_stamped("a", {{0, 4 * kMiB}});
  const Told told = place_.copy({"--durability=durable", "a", "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.report["durability"], "durable") << told.report.dump();
}

TEST_P(OnBoth, MetadataComesAlong) {
  write_text(place_.path("a"), "text", 0640);
  ASSERT_TRUE(place_.run({"sh", "-c", "chown 1000:1000 a && touch -d @1000000000 a"}).ok());
  ASSERT_EQ(setxattr(place_.path("a").c_str(), "user.note", "kept", 4, 0), 0) << errno;
  const Finished done = place_.run({"copyfile", "-a", "a", "b"});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_EQ(done.err, "");
  struct stat st {};
  ASSERT_EQ(stat(place_.on_server("b").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640U);
  EXPECT_EQ(st.st_uid, 1000U);
  EXPECT_EQ(st.st_gid, 1000U);
  EXPECT_EQ(st.st_mtime, 1000000000);
  char value[8] = {};
  EXPECT_EQ(getxattr(place_.on_server("b").c_str(), "user.note", value, sizeof value), 4);
  EXPECT_STREQ(value, "kept");
}

TEST_P(OnBoth, ATreeAppearsWithAllThatItHas) {
  shell("cd " + place_.path("") +
        " && mkdir -p t/sub/deep t/empty && head -c 300000 /dev/urandom >t/large && echo s >t/small"
        " && ln t/large t/sub/second && ln -s ../small t/sub/link && mkfifo t/pipe"
        " && head -c 5000 /dev/urandom >t/sub/deep/file && chmod 0400 t/small && chmod 0550 "
        "t/sub/deep"
        " && touch -d @1100000000 t/sub/deep/file t/sub t/empty");
  for (const char* to : {"new", "new"}) {
    const Finished done = place_.run({"copyfile", "-a", "-T", "t", to});
    ASSERT_TRUE(done.ok()) << done.err;
    EXPECT_EQ(done.err, "");
    EXPECT_EQ(place_.names(), (std::vector<std::string>{"new", "t"}));
    // Names, types, rights, sizes, times, number of names; as the server has them.
    const std::string list = " && find . -printf '%P %y %m %s %T@ %n %l\\n' | sort";
    EXPECT_EQ(shell("cd " + place_.on_server("t") + list),
              shell("cd " + place_.on_server("new") + list));
    EXPECT_EQ(shell("cd " + place_.on_server("t") + " && cksum large small sub/deep/file"),
              shell("cd " + place_.on_server("new") + " && cksum large small sub/deep/file"));
  }
  EXPECT_EQ(shell("stat -c %i " + place_.on_server("new/large")),
            shell("stat -c %i " + place_.on_server("new/sub/second")));
}

TEST_F(OnXfs, LargeFilesOfATreeAreCloned) {
  ASSERT_EQ(mkdir(place_.path("t").c_str(), 0755), 0);
  for (const char* name : {"t/1", "t/2", "t/3"}) (void)place_.write_stamped(name, {{0, 4 * kMiB}});
  const NfsTraffic traffic = this->traffic();
  const Finished done = place_.run({"copyfile", "-a", "t", "u"});
  const NfsCounters counters = traffic.so_far();
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_EQ(counters.of("CLONE"), 3U);
  EXPECT_TRUE(stayed_on_the_server(counters, 12 * kMiB));
}

// What comes from NFS to a local file system says nothing of losses that are none (its own attribute of rights).
TEST(FromNfs, NothingIsSaidToBeLostThatIsNot) {
  const Workplace from(kOnXfs.mount, kOnXfs.server);
  const Workplace to("/tmp", "/tmp");
  write_text(from.path("a"), "text", 0640);
  const Finished done = to.run({"copyfile", "-a", from.path("a"), "b"});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(read_text(to.path("b")), "text");
}

// The probe makes no unnamed file there, and tries nevertheless.
TEST_F(OnXfs, ProbeTriesAndLeavesNothing) {
  (void)place_.write_stamped("a", {{0, kMiB}});
  const Finished done = place_.run({"copyfile", "probe", "--json", "a", "b"});
  ASSERT_TRUE(done.ok()) << done.err;
  const nlohmann::json report = nlohmann::json::parse(done.out);
  EXPECT_EQ(report["mechanisms"]["reflink"]["can"], "yes") << done.out;
  EXPECT_EQ(report["mechanisms"]["copy_range"]["can"], "yes") << done.out;
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
}

}  // namespace
}  // namespace libcopyfile::test
