// The configuration of the daemon: what is read, and what is refused in which line.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "copyfile-target/config.h"
#include "copyfile-target/secret_file.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using daemon::Config;
using daemon::Problems;

tl::expected<std::string, std::string> known_secret(const std::string& path) {
  if (path.ends_with("/none")) return tl::make_unexpected("secret '" + path + "': not there");
  return "secret of " + path;
}

tl::expected<Config, Problems> parse(const std::string& text) {
  return daemon::parse_config(text, "/etc/x", known_secret);
}

std::string complaints(const std::string& text) {
  const auto config = parse(text);
  return config ? "none" : daemon::describe(config.error(), "f");
}

constexpr const char* kSmall = R"([target]
name = "iqn.2026-01.com.example:disks"

[[lun]]
name = "root"
image = "root.img"

[[initiator]]
name = "*"
luns = ["root"]
)";

TEST(TargetConfig, LittleIsEnough) {
  const auto config = parse(kSmall);
  ASSERT_TRUE(config) << complaints(kSmall);
  ASSERT_EQ(config->portals.size(), 1U);
  EXPECT_EQ(daemon::text_of(config->portals[0]), "127.0.0.1:3260")
      << "loopback unless told otherwise";
  EXPECT_EQ(config->luns.at(0).image, "/etc/x/root.img") << "beside the configuration";
  EXPECT_EQ(config->luns[0].block_size, 512U);
  EXPECT_TRUE(config->luns[0].thin);
  EXPECT_EQ(config->luns[0].serial.size(), 16U);
  EXPECT_EQ(config->initiators.at(0).luns, (daemon::LunNumbers{{0, "root"}}));
  EXPECT_FALSE(config->metrics);
}

TEST(TargetConfig, EveryOptionIsRead) {
  const std::string text = R"([target]
name = "iqn.2026-01.com.example:disks"
alias = "Disks"
portals = ["192.0.2.1", "[2001:db8::1]:3261"]
state-directory = "/var/lib/x"
control = "/run/x/control"
metrics = "[::1]"
log = "json"
drain-seconds = 3
io-threads = 2
copy-threads = 1
header-digest = "required"
data-digest = "never"
[limits]
sessions = 9
sessions-per-initiator = 3
login-seconds = 4
commands = 32
session-memory-mib = 16
memory-mib = 128
ping-seconds = 5
ping-timeout-seconds = 6
send-seconds = 7
copies = 8
token-seconds = 11
token-most-seconds = 12
tokens-per-initiator = 13
[[lun]]
name = "a"
image = "/srv/a"
block-size = 4096
read-only = true
thin = false
write-cache = false
serial = "S1"
[[initiator]]
name = "iqn.1993-08.org.debian:01:abc"
user = "alice"
secret-file = "alice"
mutual-user = "disks"
mutual-secret-file = "/run/disks"
luns = { 7 = "a" }
)";
  const auto config = parse(text);
  ASSERT_TRUE(config) << complaints(text);
  EXPECT_EQ(config->target_alias, "Disks");
  EXPECT_EQ(daemon::text_of(config->portals.at(0)), "192.0.2.1:3260");
  EXPECT_EQ(daemon::text_of(config->portals.at(1)), "[2001:db8::1]:3261");
  EXPECT_EQ(config->state_directory, "/var/lib/x");
  EXPECT_EQ(config->control, "/run/x/control");
  EXPECT_EQ(daemon::text_of(config->metrics.value()), "[::1]:9860");
  EXPECT_TRUE(config->json_log);
  EXPECT_EQ(config->drain_seconds, 3U);
  EXPECT_EQ(config->io_threads, 2U);
  EXPECT_EQ(config->copy_threads, 1U);
  EXPECT_EQ(config->header_digest, iscsi::Digest::required);
  EXPECT_EQ(config->data_digest, iscsi::Digest::never);
  EXPECT_EQ(config->limits.sessions, 9U);
  EXPECT_EQ(config->limits.sessions_per_initiator, 3U);
  EXPECT_EQ(config->limits.login_seconds, 4U);
  EXPECT_EQ(config->limits.commands, 32U);
  EXPECT_EQ(config->limits.session_bytes, 16U << 20);
  EXPECT_EQ(config->limits.total_bytes, 128U << 20);
  EXPECT_EQ(config->limits.ping_seconds, 5U);
  EXPECT_EQ(config->limits.ping_timeout_seconds, 6U);
  EXPECT_EQ(config->limits.send_seconds, 7U);
  EXPECT_EQ(config->copies.concurrent, 8U);
  EXPECT_EQ(config->copies.default_token_timeout, 11U);
  EXPECT_EQ(config->copies.max_token_timeout, 12U);
  EXPECT_EQ(config->copies.max_tokens_per_initiator, 13U);
  const daemon::LunConfig& lun = config->luns.at(0);
  EXPECT_EQ(lun.block_size, 4096U);
  EXPECT_TRUE(lun.read_only);
  EXPECT_FALSE(lun.thin);
  EXPECT_FALSE(lun.write_cache);
  EXPECT_EQ(lun.serial, "S1");
  const daemon::InitiatorConfig& initiator = config->initiators.at(0);
  EXPECT_EQ(initiator.authentication.incoming->user, "alice");
  EXPECT_EQ(initiator.authentication.incoming->password, "secret of /etc/x/alice");
  EXPECT_EQ(initiator.authentication.outgoing->user, "disks");
  EXPECT_EQ(initiator.authentication.outgoing->password, "secret of /run/disks");
  EXPECT_EQ(initiator.luns, (daemon::LunNumbers{{7, "a"}}));
}

TEST(TargetConfig, AllProblemsAreToldEachWithItsLine) {
  EXPECT_EQ(complaints(R"([target]
name = "Disks"
portals = ["localhost:3260"]
metrics = "192.0.2.1:9"
colour = "red"
[[lun]]
name = "a b"
image = "x"
block-size = 513
[[lun]]
name = "c"
image = "x"
thin = "yes"
[[initiator]]
name = "iqn.2026-01.com.example:one"
user = "u"
luns = { 0 = "c", x = "c", 1 = "d" }
)"),
            R"(f:2: 'name' is an iSCSI name in small letters, like iqn.2026-01.com.example:disks
f:3: 'localhost:3260' is no portal: a numeric address, and a port: "192.0.2.1:3260", "[::1]:3260"
f:4: 'metrics' is an address of loopback: nobody is asked there who they are
f:5: [target]: there is no option 'colour'
f:6: [[lun]]: 'name' is at most 64 of letters, digits, '.', '_' and '-'
f:9: [[lun]]: 'block-size' is 512 or 4096
f:10: [[lun]] 'c': another one has this image, too
f:13: [[lun]]: 'thin' is true or false
f:14: [[initiator]]: 'secret-file' is missing
f:14: [[initiator]] 'iqn.2026-01.com.example:one': there is no [[lun]] 'd'
f:17: 'luns': a LUN is a number from 0 to 16383, = "NAME"
)");
}

TEST(TargetConfig, WhatIsNoTomlIsRefusedWithItsLine) {
  EXPECT_TRUE(complaints("[target]\nname = \n").starts_with("f:2: "))
      << complaints("[target]\nname = \n");
  EXPECT_TRUE(complaints("[target]\nname = \"a\"\nname = \"b\"\n").starts_with("f:3: "));
  EXPECT_TRUE(complaints(std::string("\0\0", 2)).starts_with("f:1: "));
}

TEST(TargetConfig, AnEmptyOneSaysWhatIsMissing) {
  EXPECT_EQ(complaints(""),
            "f: there is no [target]\nf: there is no [[lun]]\n"
            "f: there is no [[initiator]]: nobody could log in\n");
}

std::string open_to(const std::string& portal, const std::string& credentials = "") {
  return "[target]\nname = \"iqn.2026-01.com.example:disks\"\nportals = [\"" + portal +
         "\"]\n[[lun]]\nname = \"a\"\nimage = \"a\"\n[[initiator]]\nname = \"*\"\nluns = "
         "[\"a\"]\n" +
         credentials;
}

TEST(TargetConfig, NobodyBeyondLoopbackIsServedUnproven) {
  for (const char* portal :
       {"0.0.0.0", "192.0.2.1", "[::]", "[2001:db8::1]:9", "[::ffff:192.0.2.1]"}) {
    EXPECT_NE(complaints(open_to(portal))
                  .find("f:7: [[initiator]] '*': 'user' and 'secret-file' are missing"),
              std::string::npos)
        << portal << complaints(open_to(portal));
    EXPECT_EQ(complaints(open_to(portal, "user = \"u\"\nsecret-file = \"s\"\n")), "none") << portal;
  }
  for (const char* portal : {"127.0.0.1", "127.3.2.1:9", "[::1]", "[::ffff:127.0.0.1]"})
    EXPECT_EQ(complaints(open_to(portal)), "none") << portal;
}

TEST(TargetConfig, MutualProofNeedsTheOtherOneAndAnotherSecret) {
  const std::string mutual = "mutual-user = \"t\"\nmutual-secret-file = \"s\"\n";
  EXPECT_NE(complaints(open_to("127.0.0.1", mutual)).find("mutual CHAP needs"), std::string::npos);
  EXPECT_NE(complaints(open_to("127.0.0.1", "user = \"u\"\nsecret-file = \"s\"\n" + mutual))
                .find("must differ"),
            std::string::npos);
  EXPECT_EQ(complaints(open_to("127.0.0.1", "user = \"u\"\nsecret-file = \"v\"\n" + mutual)),
            "none");
}

TEST(TargetConfig, ASecretThatCannotBeReadIsAProblemOfItsLine) {
  EXPECT_EQ(complaints(open_to("127.0.0.1", "user = \"u\"\nsecret-file = \"none\"\n")),
            "f:11: secret '/etc/x/none': not there\n");
}

TEST(TargetConfig, SerialsDifferWhereNamesDo) {
  const std::string one = daemon::default_serial("iqn.a", "b");
  EXPECT_EQ(one, daemon::default_serial("iqn.a", "b"));
  EXPECT_NE(one, daemon::default_serial("iqn.a", "c"));
  EXPECT_NE(one, daemon::default_serial("iqn.b", "b"));
}

TEST(TargetConfig, PortalsAreNumericAddresses) {
  for (const char* wrong : {"", "x", "1.2.3", "1.2.3.4:", "1.2.3.4:70000", "1.2.3.4:-1", "[::1",
                            "[::1]x", "[::1]:", "1.2.3.4:1:2", "[1.2.3.4]]"})
    EXPECT_FALSE(daemon::parse_portal(wrong, 1)) << wrong;
  EXPECT_EQ(daemon::text_of(*daemon::parse_portal("::1", 5)), "[::1]:5");
  EXPECT_EQ(daemon::text_of(*daemon::parse_portal("127.0.0.1:0", 5)), "127.0.0.1:0");
}

TEST(TargetConfig, ImagesAloneAreServedOnLoopbackInTheirOrder) {
  const auto config = daemon::quick_config({{"/a/x", "/a/y"}, {}, "", 512, true});
  ASSERT_TRUE(config);
  EXPECT_TRUE(daemon::is_loopback(config->portals.at(0)));
  EXPECT_EQ(config->luns.at(1).image, "/a/y");
  EXPECT_TRUE(config->luns[1].read_only);
  EXPECT_EQ(config->initiators.at(0).luns.at(1), config->luns[1].name);
  const auto other = daemon::quick_config({{"/a/y"}, {}, "", 512, false});
  EXPECT_EQ(config->luns[1].serial, other->luns.at(0).serial) << "a disk stays the disk it is";
  EXPECT_FALSE(daemon::quick_config({{"/a/x"}, {{"0.0.0.0", 3260}}, "", 512, false}))
      << "nobody beyond loopback";
}

class SecretFile : public ::testing::Test {
 protected:
  std::string write(const std::string& text, unsigned mode = 0600) {
    const std::string path = directory_ + "/secret";
    write_text(path, text);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string refusal(const std::string& path) {
    const auto secret = daemon::read_secret_file(path);
    return secret ? "none: " + *secret : secret.error();
  }
  const std::string directory_ = test_directory(FsKind::tmpfs);
};

TEST_F(SecretFile, IsItsFirstLine) {
  EXPECT_EQ(daemon::read_secret_file(write("twelve bytes\n")), "twelve bytes");
  EXPECT_EQ(daemon::read_secret_file(write("twelve bytes", 0400)), "twelve bytes");
  EXPECT_EQ(daemon::read_secret_file(write("twelve bytes\r\n", 0640)), "twelve bytes");
}

TEST_F(SecretFile, OfWhichOthersKnowIsRefused) {
  for (const unsigned mode : {0644U, 0604U, 0601U, 0666U})
    EXPECT_NE(refusal(write("twelve bytes", mode)).find("everybody"), std::string::npos) << mode;
  EXPECT_NE(refusal(write("twelve bytes", 0660)).find("group may change"), std::string::npos);
}

TEST_F(SecretFile, OfAnotherUserIsRefused) {
  const std::string path = write("twelve bytes");
  ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
  EXPECT_NE(refusal(path).find("belongs neither"), std::string::npos);
}

TEST_F(SecretFile, ThatIsNoneIsRefusedAndNeverQuoted) {
  EXPECT_NE(refusal(write("eleven by..")).find("12 to 255"), std::string::npos);
  EXPECT_EQ(refusal(write("eleven by..")).find("eleven"), std::string::npos);
  EXPECT_NE(refusal(write(std::string(256, 'x'))).find("12 to 255"), std::string::npos);
  EXPECT_NE(refusal(write(std::string(4096, 'x'))).find("longer"), std::string::npos);
  EXPECT_NE(refusal(write("two lines\nof which one too many")).find("one line"), std::string::npos);
  EXPECT_NE(refusal(directory_).find("no regular file"), std::string::npos);
  EXPECT_NE(refusal(directory_ + "/nothing").find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace libcopyfile::test
