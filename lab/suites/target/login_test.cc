// Who gets in, and how: secrets of one side and of both, digests, and what is served while somebody is in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "disks.h"
#include "kernel_session.h"
#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSize = 16 * kMiB;

IscsiSettings chap(const std::string& user, const std::string& secret) {
  return {{"node.session.auth.authmethod", "CHAP"},
          {"node.session.auth.username", user},
          {"node.session.auth.password", secret}};
}

class Logins : public Disks {
 protected:
  Logins() {
    add("a", kSize);
    add("b", kSize);
  }

  // The target with an initiator "closed", which must know a secret.
  void start_closed(const std::string& further = "") {
    write_text(place_ + "/secret", "one secret of them\n", 0600);
    write_text(place_ + "/other", "another secret\n", 0600);
    admit(std::string("[[initiator]]\nname = \"") + kInitiatorPrefix +
          "closed\"\nuser = \"me\"\nsecret-file = \"secret\"\nluns = [\"b\"]\n" + further);
    start();
  }
  static std::string refused(const IscsiSettings& settings) {
    try {
      const KernelSession session("closed", settings);
    } catch (const ScratchError& error) {
      return error.what();
    }
    return "let in";
  }
};

TEST_F(Logins, ASecretLetsInitiatorsInToTheirUnits) {
  start_closed();
  EXPECT_THAT(refused({}), HasSubstr("authorization failure"));
  EXPECT_THAT(refused(chap("me", "no secret of them")), HasSubstr("authorization failure"));
  const KernelSession session("closed", chap("me", "one secret of them"));
  Oracle b;
  write_stamped(session.disk(0).substr(5), {0, kMiB}, 1, b);
  EXPECT_GE(allocated("b"), kMiB);
  EXPECT_EQ(allocated("a"), 0U);
  EXPECT_EQ(target_->ask({"status"}).at("logins_failed"), 2);
}

TEST_F(Logins, ATargetThatProvesItselfIsBelievedOnlyWithTheRightSecret) {
  start_closed("mutual-user = \"disks\"\nmutual-secret-file = \"other\"\n");
  IscsiSettings both = chap("me", "one secret of them");
  both.emplace_back("node.session.auth.username_in", "disks");
  both.emplace_back("node.session.auth.password_in", "not the other secret");
  EXPECT_NE(refused(both), "let in");
  both.back().second = "another secret";
  const KernelSession session("closed", both);
  EXPECT_EQ(session.attribute("username_in"), "disks");
  EXPECT_NE(session.disk(0), "");
}

TEST_F(Logins, DigestsCoverWhatPasses) {
  start();
  const KernelSession session("first", {{"node.conn[0].iscsi.HeaderDigest", "CRC32C"},
                                        {"node.conn[0].iscsi.DataDigest", "CRC32C"}});
  const auto seen = target_->ask({"sessions"}).at(0);
  EXPECT_EQ(seen.at("header_digest"), true);
  EXPECT_EQ(seen.at("data_digest"), true);
  EXPECT_EQ(session.attribute("data_digest"), "1");
  const std::string disk = session.disk(0).substr(5);
  Oracle a;
  write_stamped(disk, {0, 8 * kMiB}, 1, a);
  expect_disk(disk, a, {0, 8 * kMiB});
  EXPECT_EQ(target_->ask({"status"}).at("digest_errors"), 0);
}

TEST_F(Logins, AReloadBringsAUnitToSessionsThatGoOn) {
  start();
  const KernelSession session("first");
  const std::string disk = session.disk(0);
  const auto before = target_->ask({"sessions"}).at(0);
  add("c", kSize);
  configure();
  target_->signal(SIGHUP);
  wait_until("the new unit is served", [&] { return target_->ask({"luns"}).size() == 3; });
  session.scan();
  EXPECT_EQ(shell("blockdev --getsize64 " + session.disk(2)), std::to_string(kSize) + "\n");
  const auto behind = target_->ask({"sessions"});
  ASSERT_EQ(behind.size(), 1U);
  EXPECT_EQ(behind.at(0).at("tsih"), before.at("tsih"));
  EXPECT_EQ(target_->ask({"status"}).at("logins"), 1);
  EXPECT_EQ(session.disk(0), disk);
}

}  // namespace
}  // namespace libcopyfile::test
