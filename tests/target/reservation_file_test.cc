// Activate persist through power loss: what the file holds, and what becomes of one that is damaged or can't be written.
#include <sys/stat.h>
#include <unistd.h>

#include "reservation_bench.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using target::Need;

class ReservationFileTest : public ReservationBench {
 protected:
  std::string file() { return test_directory(FsKind::ext4) + "/lun0.reservations"; }
  Nexus one = nexus(1), two = nexus(2), three = nexus(3);
};

TEST_F(ReservationFileTest, RegistrationsAndTheReservationSurviveARestart) {
  for (const uint8_t type : kAllTypes) {
    SCOPED_TRACE(int{type});
    start(file());
    EXPECT_GOOD(out(one, kRegisterAndIgnore, {.action_key = 0x11, .flags = kAptpl}));
    EXPECT_GOOD(out(nexus(2, 3), kRegisterAndIgnore, {.action_key = 0x22, .flags = kAptpl}));
    EXPECT_GOOD(out(three, kRegisterAndIgnore, {.action_key = 0x33, .flags = kAptpl | kAllTgPt}));
    EXPECT_GOOD(reserve(one, 0x11, type));
    const auto held = reservation();
    const wire::Bytes status = in(kReadFullStatus);
    restart();
    EXPECT_EQ(reservation(), held);
    EXPECT_EQ(wire::View(in(kReadFullStatus)).from(4).copy(), wire::View(status).from(4).copy());
    EXPECT_EQ(may(nexus(3, 9), Need::writing), type >= kWeRo);
    EXPECT_FALSE(may(nexus(4), Need::writing));
    EXPECT_GOOD(out(one, kClear, {.key = 0x11}));
  }
}

// SPC-4 6.15.2.
TEST_F(ReservationFileTest, TheGenerationBeginsAtZeroAgain) {
  start(file());
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  EXPECT_EQ(keys().generation, 1U);
  restart();
  EXPECT_EQ(keys().generation, 0U);
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{0x11});
}

TEST_F(ReservationFileTest, TheLastRegisterSaysWhetherAnythingIsKept) {
  start(file());
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  EXPECT_EQ(in(kReportCapabilities)[2] & 1, 1);  // PTPL_C
  EXPECT_EQ(in(kReportCapabilities)[3] & 1, 1);  // PTPL_A
  EXPECT_GOOD(join(two, 0x22));
  EXPECT_EQ(in(kReportCapabilities)[3] & 1, 0);
  restart();
  EXPECT_TRUE(keys().keys.empty());
}

TEST_F(ReservationFileTest, EveryChangeIsKept) {
  start(file());
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  EXPECT_GOOD(join(two, 0x22, kAptpl));
  EXPECT_GOOD(reserve(one, 0x11, kWe));
  EXPECT_GOOD(out(two, kPreempt, {.type = kEa, .key = 0x22, .action_key = 0x11}));
  restart();
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, uint64_t{0x22}));
  EXPECT_GOOD(out(two, move_command(0x22, 0x33, three.transport_id, 1, kAptpl | 2)));
  restart();
  EXPECT_EQ(reservation(), std::pair(uint8_t{kEa}, uint64_t{0x33}));
  EXPECT_EQ(keys().keys.size(), 1U);
  EXPECT_GOOD(out(three, kRelease, {.type = kEa, .key = 0x33}));
  restart();
  EXPECT_FALSE(reservation());
  EXPECT_GOOD(out(three, kClear, {.key = 0x33}));
  restart();
  EXPECT_TRUE(keys().keys.empty());
}

TEST_F(ReservationFileTest, WithoutAFileAptplIsRefused) {
  EXPECT_REFUSED(join(one, 0x11, kAptpl), 5, 0x26, 0);
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(reserve(one, 0x11, kEa));
  EXPECT_REFUSED(out(one, move_command(0x11, 0x22, two.transport_id, 1, kAptpl)), 5, 0x26, 0);
}

TEST_F(ReservationFileTest, WhatACrashLeftOfAPrivateFileGoes) {
  const std::string directory = test_directory(FsKind::ext4);
  const std::string left = directory + "/.copyfile-0123456789abcdef.part";
  write_text(left, "half");
  start(directory + "/lun0.reservations");
  EXPECT_NE(::access(left.c_str(), F_OK), 0);
}

TEST_F(ReservationFileTest, WithoutAptplNothingIsWritten) {
  start(file());
  EXPECT_GOOD(join(one, 0x11));
  EXPECT_GOOD(reserve(one, 0x11, kEa));
  EXPECT_NE(::access(path_.c_str(), F_OK), 0);
}

TEST_F(ReservationFileTest, AChangeThatCantBeKeptDoesNotHappen) {
  const std::string directory = test_directory(FsKind::ext4) + "/away";
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  start(directory + "/file");
  open(two);
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  EXPECT_GOOD(join(two, 0x22, kAptpl));
  EXPECT_GOOD(reserve(one, 0x11, kWe));
  const wire::Bytes before = in(kReadFullStatus);
  ASSERT_EQ(::rename(directory.c_str(), (directory + "2").c_str()), 0);
  EXPECT_REFUSED(out(one, kPreemptAndAbort, {.type = kEa, .key = 0x11, .action_key = 0x22}), 4,
                 0x44, 0);
  EXPECT_REFUSED(out(one, kRelease, {.type = kWe, .key = 0x11}), 4, 0x44, 0);
  EXPECT_REFUSED(join(three, 0x33), 4, 0x44, 0);
  EXPECT_EQ(in(kReadFullStatus), before);
  EXPECT_TRUE(told(two).empty());
  EXPECT_TRUE(take_preempted().empty());
  ASSERT_EQ(::rename((directory + "2").c_str(), directory.c_str()), 0);
  EXPECT_GOOD(out(one, kRelease, {.type = kWe, .key = 0x11}));
}

TEST_F(ReservationFileTest, AFullDiskFailsTheCommandAndLeavesTheOldFile) {
  ScratchFs fs = ScratchFs::ext4();
  start(fs.file("reservations"));
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  fs.leave_free(0);
  EXPECT_REFUSED(join(two, 0x22, kAptpl), 4, 0x44, 0);
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{0x11});
  restart();
  EXPECT_EQ(keys().keys, std::vector<uint64_t>{0x11});
  reservations_.reset();
}

TEST_F(ReservationFileTest, TheFileIsAsItIsDocumented) {
  start(file());
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  EXPECT_GOOD(reserve(one, 0x11, kWeRo));
  const std::string text = read_text(path_);
  const std::string body =
      "copyfile-reservations 1\nreservation 5\nregistration 0000000000000011 1 holder " +
      target::to_hex(one.transport_id) + "\nchecksum xxh3:";
  EXPECT_EQ(text.substr(0, body.size()), body);
  EXPECT_EQ(text.size(), body.size() + 33);
}

TEST_F(ReservationFileTest, AnyByteThatIsAnotherOneIsFound) {
  start(file());
  EXPECT_GOOD(join(one, 0x11, kAptpl));
  const std::string good = read_text(path_);
  ASSERT_TRUE(target::decode_reservations(good));
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(target::decode_reservations(bad)) << at;
    EXPECT_FALSE(target::decode_reservations(good.substr(0, at))) << at;
  }
  EXPECT_FALSE(target::decode_reservations(good + "\n"));
  EXPECT_FALSE(target::decode_reservations(good + good));
}

TEST_F(ReservationFileTest, ADamagedFileIsAnErrorWithItsName) {
  const std::string path = file();
  for (const std::string& text :
       {std::string(), std::string("copyfile-reservations 1\n"), std::string(100, '\0')}) {
    write_text(path, text);
    target::Reservations reservations(*attentions_, path);
    const Done loaded = reservations.load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, EBADMSG);
    EXPECT_EQ(loaded.error().where, path);
  }
}

// With a checksum that is right: somebody has written it who should not have.
class ReservationTextTest : public ReservationFileTest {
 protected:
  int code_of(const std::string& body) {
    const auto decoded = target::decode_reservations(target::with_checksum(body).value());
    return decoded ? 0 : decoded.error().code;
  }
  std::string id = target::to_hex(one.transport_id);
};

TEST_F(ReservationTextTest, WhatMakesNoSenseIsDamaged) {
  const std::string head = "copyfile-reservations 1\n";
  const std::string mine = "registration 0000000000000011 1 ";
  EXPECT_EQ(code_of(head + "reservation none\n"), 0);
  EXPECT_EQ(code_of(head + "reservation 1\n" + mine + "holder " + id + "\n"), 0);
  EXPECT_EQ(code_of("copyfile-reservations 2\nreservation none\n"), EOPNOTSUPP);
  const std::vector<std::string> bodies{
      "",
      "reservation\n",
      "reservation 2\n",
      "reservation 1\n",                                     // of nobody
      "reservation 1\n" + mine + "registrant " + id + "\n",  // without a holder
      "reservation 7\n" + mine + "holder " + id + "\n",      // with one among all
      "reservation none\n" + mine + "holder " + id + "\n",   // of nothing
      "reservation none\n" + mine + "registrant \n",         // nobody
      "reservation none\n" + mine + "registrant 4\n",
      "reservation none\n" + mine + "registrant zz\n",
      "reservation none\n" + mine + "keeper " + id + "\n",
      "reservation none\nregistration 0 1 registrant " + id + "\n",  // no key
      "reservation none\nregistration 11 65536 registrant " + id + "\n",
      "reservation none\nregistration 11 -1 registrant " + id + "\n",
      "reservation none\n" + mine + "registrant " + id + "\n" + mine + "registrant " + id + "\n",
      "reservation none\nsomething\n",
  };
  for (const std::string& body : bodies) EXPECT_EQ(code_of(head + body), EBADMSG) << body;
}

}  // namespace
}  // namespace libcopyfile::test
