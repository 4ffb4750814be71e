// The daemon from outside: how it starts, what it refuses, how it ends.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/places.h"
#include "testing/text_files.h"
#include "tests/target_app/daemon_fixture.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Daemon : public DaemonTest {};

TEST_F(Daemon, ServesImagesAtTheUrlsThatItPrints) {
  const std::string a = image("a", 2 * kMiB, 1), b = image("b", kMiB, 2);
  daemon_ = std::make_unique<TargetDaemon>(
      directory_, std::vector<std::string>{"--portal", "127.0.0.1:0", a, b});
  EXPECT_EQ(daemon_->out(), daemon_->url(0) + "  " + a + "\n" + daemon_->url(1) + "  " + b + "\n");
  EXPECT_TRUE(contents(daemon_->url(0)) == read_text(a));
  EXPECT_TRUE(contents(daemon_->url(1)) == read_text(b));
}

TEST_F(Daemon, LetsNobodyWriteWhereItIsReadOnly) {
  const std::string a = image("a"), b = image("b", 8 * kMiB, 2);
  daemon_ = std::make_unique<TargetDaemon>(
      directory_, std::vector<std::string>{"--portal", "127.0.0.1:0", "--read-only", a, b});
  EXPECT_FALSE(copyfile({"--overwrite-device", daemon_->url(0), daemon_->url(1)}).ok());
  EXPECT_TRUE(read_text(b) == pattern(8 * kMiB, 2));
}

TEST_F(Daemon, TellsAllThatIsWrongWithAConfiguration) {
  const std::string conf =
      configure("[[lun]]\nname = \"a\"\nimage = \"a\"\ncolour = 1\n", "log = \"xml\"\n");
  for (const bool check : {false, true}) {
    const Finished done =
        check ? run_target({"--check", "--config", conf}) : run_target({"--config", conf});
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_EQ(done.err, conf + ": there is no [[initiator]]: nobody could log in\n" + conf +
                            ":4: 'log' is \"text\" or \"json\"\n" + conf +
                            ":8: [[lun]]: there is no option 'colour'\n");
  }
}

TEST_F(Daemon, ChecksAConfigurationWithoutServing) {
  EXPECT_EQ(run_target({"--check", "--config", configure(luns({"nothing"}))}).exit_code, 0);
}

TEST_F(Daemon, RefusesAnImageThatIsNotThere) {
  const std::string conf = configure(luns({"nothing"}));
  const Finished done = run_target({"--config", conf});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr(conf + ":4: LUN 'nothing': "));
  EXPECT_THAT(done.err, HasSubstr("No such file or directory"));
}

TEST_F(Daemon, RefusesAnImageThatIsServedAlready) {
  image("a");
  const std::string conf = configure(luns({"a"}));
  serve(conf);
  const Finished done = run_target({"--control", path("other"), "--config", conf});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("is served already"));
}

TEST_F(Daemon, RefusesTheControlSocketOfAnother) {
  image("a");
  image("b");
  serve(configure(luns({"a"})));
  const Finished done =
      run_target({"--control", daemon_->control(), "--config", configure(luns({"b"}))});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("another target listens there"));
  EXPECT_TRUE(daemon_->ctl({"status"}).ok());
}

TEST_F(Daemon, ServesOthersThanThisMachineOnlyWithSecrets) {
  const Finished done = run_target({"--portal", "0.0.0.0", image("a")});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("not of loopback"));
  const std::string conf = path("open");
  write_text(conf, std::string("[target]\nname = \"") + kTargetName +
                       "\"\nportals = [\"0.0.0.0\"]\n" + luns({"a"}));
  const Finished open = run_target({"--config", conf});
  EXPECT_EQ(open.exit_code, 1);
  EXPECT_THAT(open.err,
              HasSubstr(conf + ":7: [[initiator]] '*': 'user' and 'secret-file' are missing"));
}

TEST_F(Daemon, AsksForTheSecretAndProvesItsOwn) {
  image("a");
  write_text(path("mine"), "their secret1\n", 0600);
  write_text(path("its"), "its own secret\n", 0600);
  serve(configure(luns({"a"}) + "user = \"me\"\nsecret-file = \"mine\"\nmutual-user = "
                                "\"disks\"\nmutual-secret-file = \"its\"\n"));
  EXPECT_FALSE(copyfile({daemon_->url(0), path("none")}).ok());
  EXPECT_FALSE(copyfile({daemon_->url(0, "me%their secret2"), path("none")}).ok());
  EXPECT_TRUE(contents(daemon_->url(0, "me%their secret1")) == read_text(path("a")));
  const std::string mutual = "?target_user=disks&target_password=";
  EXPECT_TRUE(contents(daemon_->url(0, "me%their secret1") + mutual + "its own secret") ==
              read_text(path("a")));
  EXPECT_FALSE(
      copyfile({daemon_->url(0, "me%their secret1") + mutual + "its own mistake", path("none")})
          .ok());
  EXPECT_GE(daemon_->ask({"status"}).at("logins_failed"), 2);
  EXPECT_THAT(daemon_->log(), ::testing::Not(HasSubstr("secret")));
}

TEST_F(Daemon, ShowsEachInitiatorItsUnitsAndNoOthers) {
  image("a", 2 * kMiB, 1);
  image("b", 2 * kMiB, 2);
  serve(configure(R"([[lun]]
name = "a"
image = "a"
[[lun]]
name = "b"
image = "b"
[[initiator]]
name = "iqn.2026-01.invalid.test:one"
luns = { 3 = "b" }
)"));
  const auto as = [&](const std::string& initiator, unsigned lun) {
    RunOptions options;
    options.environment = {"COPYFILE_INITIATOR=iqn.2026-01.invalid.test:" + initiator};
    return run({places::kCommand, daemon_->url(lun), path("seen")}, options);
  };
  EXPECT_TRUE(as("one", 3).ok());
  EXPECT_TRUE(read_text(path("seen")) == read_text(path("b")));
  EXPECT_FALSE(as("one", 0).ok());
  EXPECT_FALSE(as("two", 3).ok()) << "who has no table may not log in";
}

TEST_F(Daemon, RunsWithoutPrivileges) {
  image("a");
  constexpr unsigned kNobody = 65534;
  for (const std::string& mine : {directory_, path("a")})
    ASSERT_EQ(::chown(mine.c_str(), kNobody, kNobody), 0);
  daemon_ = std::make_unique<TargetDaemon>(
      directory_, std::vector<std::string>{"--config", configure(luns({"a"}))}, kNobody);
  EXPECT_TRUE(contents(daemon_->url(0)) == read_text(path("a")));
  struct stat socket {};
  ASSERT_EQ(::stat(daemon_->control().c_str(), &socket), 0);
  EXPECT_EQ(socket.st_uid, kNobody);
  EXPECT_EQ(socket.st_mode & 0777, 0600U);
}

TEST_F(Daemon, EndsAtASignalAndLeavesNothing) {
  image("a");
  for (const int signal : {SIGTERM, SIGINT}) {
    serve(configure(luns({"a"}), "drain-seconds = 1\n"));
    daemon_->signal(signal);
    EXPECT_EQ(daemon_->wait(), 0);
    EXPECT_THAT(daemon_->log(), HasSubstr("Z ended\n"));
    EXPECT_NE(::access(daemon_->control().c_str(), F_OK), 0);
  }
}

TEST_F(Daemon, LogsJsonWhereItIsAskedTo) {
  image("a");
  serve(configure(luns({"a"}), "log = \"json\"\n"));
  const std::string log = daemon_->log();
  const auto first = nlohmann::json::parse(log.substr(0, log.find('\n')));
  EXPECT_EQ(first.at("event"), "listening");
  EXPECT_THAT(first.at("time").get<std::string>(), MatchesRegex("20[0-9]+-[0-9]+-[0-9]+T[0-9:]+Z"));
}

}  // namespace
}  // namespace libcopyfile::test
