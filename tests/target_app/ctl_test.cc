// What ctl asks of a running daemon, and what the daemon makes of those who ask for nonsense.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <array>

#include "sys/iscsi_transport.h"
#include "sys/local_socket.h"
#include "sys/system_info.h"
#include "testing/text_files.h"
#include "tests/target_app/daemon_fixture.h"
#include "wire/cdb.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// On XFS: snapshots share blocks there.
class Ctl : public DaemonTest {
 protected:
  Ctl() : DaemonTest(FsKind::xfs) {}
};

// An initiator that stays logged in.
class Session {
 public:
  explicit Session(const std::string& url) {
    IscsiSettings settings;
    settings.initiator = "iqn.2026-01.invalid.test:session";
    transport_ = make_iscsi_transport(settings);
    auto link = transport_->open(url);
    if (!link) return;
    link_ = std::move(*link);
    if (auto queue = transport_->queue(*link_, *link_)) queue_ = std::move(*queue);
  }
  // Status of a READ(16) of the first block, -1 where there is none.
  int read() {
    if (!queue_) return -1;
    wire::Bytes data(512);
    const wire::Cdb cdb = wire::encode(wire::BlocksCdb{wire::Opcode::read_16, 0, 1});
    ScsiRequest request;
    request.cdb = cdb.view().span();
    request.in = data;
    request.timeout_ms = 10'000;
    if (!queue_->submit(request)) return -1;
    std::array<ScsiCompletion, 1> done;
    const auto count = queue_->reap(done, 10'000);
    return count && *count == 1 && done[0].error == 0 ? done[0].status : -1;
  }

 private:
  std::unique_ptr<UnitTransport> transport_;
  std::unique_ptr<UnitLink> link_;
  std::unique_ptr<ScsiQueue> queue_;
};

TEST_F(Ctl, TellsWhatIsServedAndToWhom) {
  image("a");
  serve(configure(luns({"a"})));
  Session session(daemon_->url(0));
  EXPECT_EQ(daemon_->ask({"status"}).at("sessions"), 1);
  const auto sessions = daemon_->ask({"sessions"});
  ASSERT_THAT(sessions, SizeIs(1));
  EXPECT_EQ(sessions[0].at("initiator"), "iqn.2026-01.invalid.test:session");
  const auto units = daemon_->ask({"luns"});
  ASSERT_THAT(units, SizeIs(1));
  EXPECT_EQ(units[0].at("bytes"), 8 * kMiB);
  EXPECT_EQ(units[0].at("shares_blocks"), true);
  EXPECT_EQ(units[0].at("naa").get<std::string>().substr(0, 1), "6") << "NAA of type 6";
  EXPECT_EQ(units[0].at("seen_by")[0].at("initiator"), "*");
  EXPECT_THAT(daemon_->ctl({"sessions"}).out, HasSubstr("iqn.2026-01.invalid.test:session"));
  EXPECT_THAT(daemon_->ctl({"luns"}).out, HasSubstr("anybody as 0"));
  EXPECT_THAT(daemon_->ctl({"status"}).out, HasSubstr(kTargetName));
}

TEST_F(Ctl, MakesSnapshotsThatStayWhatTheUnitWas) {
  const std::string before = read_text(image("a"));
  image("b", 8 * kMiB, 2);
  serve(configure(luns({"a", "b"})));
  const std::string made = daemon_->ask({"snapshot", "a"}).at("path");
  EXPECT_THAT(made, ::testing::MatchesRegex(path("a") + "@[0-9]+T[0-9]+Z"));
  EXPECT_TRUE(copyfile({"--overwrite-device", daemon_->url(1), daemon_->url(0)}).ok());
  EXPECT_TRUE(contents(daemon_->url(0)) == pattern(8 * kMiB, 2));
  EXPECT_TRUE(read_text(made) == before);
  EXPECT_EQ(daemon_->ask({"snapshots"})[0].at("path"), made);
  EXPECT_THAT(daemon_->ask({"snapshots", "b"}), SizeIs(0));
}

TEST_F(Ctl, ASnapshotReplacesNothing) {
  image("a");
  write_text(path("precious"), "precious");
  serve(configure(luns({"a"})));
  const Finished done = daemon_->ctl({"snapshot", "a", "precious"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("File exists"));
  EXPECT_EQ(read_text(path("precious")), "precious");
  EXPECT_EQ(daemon_->ctl({"snapshot", "nobody"}).exit_code, 1);
}

TEST_F(Ctl, ServesACloneToThoseWhoSeeItsSource) {
  const std::string before = read_text(image("a"));
  serve(configure(luns({"a"})));
  Session session(daemon_->url(0));
  const Finished done = daemon_->ctl({"clone", "a", "second"});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_THAT(done.out,
              HasSubstr("[[lun]]\nname = \"second\"\nimage = \"" + path("second.img") + "\"\n"));
  EXPECT_TRUE(contents(daemon_->url(1)) == before);
  EXPECT_THAT(daemon_->ask({"sessions"}), SizeIs(1)) << "the session goes on";
  EXPECT_EQ(daemon_->ctl({"clone", "a", "second"}).exit_code, 1) << "there is one of the name";

  EXPECT_TRUE(daemon_->ctl({"reload"}).ok());
  EXPECT_TRUE(contents(daemon_->url(1)) == before) << "a clone stays over a reload";
  EXPECT_TRUE(daemon_->ctl({"remove", "second"}).ok());
  EXPECT_FALSE(copyfile({daemon_->url(1), path("none")}).ok());
  EXPECT_TRUE(read_text(path("second.img")) == before) << "the image stays";
  EXPECT_EQ(daemon_->ctl({"remove", "a"}).exit_code, 1) << "it is no clone";
}

TEST_F(Ctl, ReloadAddsAndRemovesUnitsAndDropsNobody) {
  image("a");
  image("b", 2 * kMiB, 2);
  serve(configure(luns({"a"})));
  Session session(daemon_->url(0));
  const auto before = daemon_->ask({"sessions"});
  configure(luns({"a", "b"}));
  const Finished reloaded = daemon_->ctl({"reload"});
  EXPECT_TRUE(reloaded.ok()) << reloaded.err;
  EXPECT_TRUE(contents(daemon_->url(1)) == read_text(path("b")));
  const auto after = daemon_->ask({"sessions"});
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].at("tsih"), before[0].at("tsih")) << "the same session";
  configure(luns({"a"}));
  EXPECT_TRUE(daemon_->ctl({"reload"}).ok());
  EXPECT_FALSE(copyfile({daemon_->url(1), path("none")}).ok());
}

TEST_F(Ctl, ASignalReloads) {
  image("a");
  image("b", 2 * kMiB, 2);
  serve(configure(luns({"a"})));
  configure(luns({"a", "b"}));
  daemon_->signal(SIGHUP);
  for (int i = 0; i < 500 && daemon_->ask({"luns"}).size() != 2; ++i) sleep_seconds(0.01);
  EXPECT_THAT(daemon_->ask({"luns"}), SizeIs(2));
}

TEST_F(Ctl, AReloadThatIsWrongChangesNothing) {
  image("a");
  serve(configure(luns({"a"})));
  const struct {
    std::string configuration, why;
  } wrong[] = {
      {luns({"a", "nothing"}), "No such file"},
      {luns({"a"}, "block-size = 4096\n"), "is in use as it was"},
      {luns({}), "there is no [[lun]]"},
  };
  for (const auto& one : wrong) {
    configure(one.configuration);
    const Finished done = daemon_->ctl({"reload"});
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_THAT(done.err, HasSubstr(one.why));
    EXPECT_THAT(daemon_->ask({"luns"}), SizeIs(1));
  }
  configure(luns({"a"}), "io-threads = 9\n");
  EXPECT_THAT(daemon_->ctl({"reload"}).err, HasSubstr("can't change without a restart"));
  EXPECT_TRUE(contents(daemon_->url(0)) == read_text(path("a")));
}

TEST_F(Ctl, WhoMayNoLongerLogInIsDropped) {
  image("a");
  serve(configure(luns({"a"})));
  Session session(daemon_->url(0));
  EXPECT_THAT(daemon_->ask({"sessions"}), SizeIs(1));
  configure(
      "[[lun]]\nname = \"a\"\nimage = \"a\"\n[[initiator]]\nname = "
      "\"iqn.2026-01.invalid.test:x\"\nluns = [\"a\"]\n");
  EXPECT_TRUE(daemon_->ctl({"reload"}).ok());
  for (int i = 0; i < 500 && !daemon_->ask({"sessions"}).empty(); ++i) sleep_seconds(0.01);
  EXPECT_THAT(daemon_->ask({"sessions"}), SizeIs(0));
}

TEST_F(Ctl, DropEndsTheSessionsOfOneInitiator) {
  image("a");
  serve(configure(luns({"a"})));
  Session session(daemon_->url(0));
  EXPECT_EQ(daemon_->ask({"drop", "iqn.2026-01.invalid.test:other"}).at("sessions"), 0);
  EXPECT_EQ(daemon_->ask({"drop", "iqn.2026-01.invalid.test:session"}).at("sessions"), 1);
}

TEST_F(Ctl, DrainEndsItInTimeWhoeverStays) {
  image("a");
  serve(configure(luns({"a"})));
  Session session(daemon_->url(0));
  const double begin = monotonic_seconds();
  EXPECT_TRUE(daemon_->ctl({"drain", "1"}).ok());
  EXPECT_EQ(daemon_->wait(), 0);
  EXPECT_LT(monotonic_seconds() - begin, 10);
}

TEST_F(Ctl, WithoutADaemonItSaysSo) {
  const Finished done = run_target({"ctl", "--control", path("nobody"), "status"});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("no copyfile-target listens at"));
}

// What the daemon answers to these bytes, up to the end of its answer or of the connection.
std::string raw(const std::string& control, const std::string& bytes) {
  const Result<Fd> socket = connect_local(control);
  if (!socket) return "cannot connect";
  const Deadline deadline{monotonic_seconds() + 10, -1};
  if (!send_all(socket->get(), bytes, deadline)) return "";
  std::string answer;
  std::array<char, 4096> some;
  while (!answer.ends_with('\n')) {
    const Result<size_t> got = receive_some(socket->get(), some, deadline);
    if (!got) return got.error().code == ETIMEDOUT ? "not answered" : "";
    if (*got == 0) break;
    answer.append(some.data(), *got);
  }
  return answer;
}

TEST_F(Ctl, NonsenseIsRefusedAndTheDaemonGoesOn) {
  image("a");
  serve(configure(luns({"a"})));
  for (const std::string& line :
       {std::string(""), std::string("{"), std::string("[]"), std::string("1"),
        std::string("\0\xff", 2), std::string(60'000, '['), std::string(R"({"command":1})"),
        std::string(R"({"command":"explode"})"), std::string(R"({"command":"snapshot"})"),
        std::string(R"({"command":"snapshot","lun":{}})"),
        std::string(R"({"command":"snapshot","lun":"a","path":""})"),
        std::string(R"({"command":"snapshot","lun":"a","path":"x\u0000y"})"),
        std::string(R"({"command":"clone","lun":"a","name":"../../x"})"),
        std::string(R"({"command":"drain","seconds":-1})"),
        std::string(R"({"command":"drain","seconds":99999})")}) {
    const auto answer = nlohmann::json::parse(raw(daemon_->control(), line + "\n"), nullptr, false);
    ASSERT_TRUE(answer.is_object()) << line.substr(0, 50);
    EXPECT_EQ(answer.at("ok"), false) << line.substr(0, 50);
    EXPECT_TRUE(answer.at("error").is_string());
  }
  EXPECT_EQ(raw(daemon_->control(), std::string(200'000, 'x')), "")
      << "a line without an end is cut off";
  EXPECT_TRUE(daemon_->ctl({"status"}).ok());
}

TEST_F(Ctl, WhoSaysNothingHoldsNobodyUp) {
  image("a");
  serve(configure(luns({"a"})));
  const Result<Fd> silent = connect_local(daemon_->control());
  const Result<Fd> another = connect_local(daemon_->control());
  ASSERT_TRUE(silent && another);
  EXPECT_TRUE(daemon_->ctl({"status"}).ok());
}

}  // namespace
}  // namespace libcopyfile::test
