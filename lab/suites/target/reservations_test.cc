// Persistent reservations as clusters use them: two initiators of this kernel, by sg_persist.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "disks.h"
#include "kernel_session.h"
#include "lab/support/workplace.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kConflict = 24;            // what sg_persist ends with then
constexpr const char* kExclusive = "5";  // write exclusive, registrants only

class Reservations : public Disks {
 protected:
  Reservations() {
    add("a", 16 * kMiB);
    start();
    one_ = std::make_unique<KernelSession>("first");
    other_ = std::make_unique<KernelSession>("second");
    mine_ = one_->disk(0);
    theirs_ = other_->disk(0);
  }

  static int persist(const std::string& arguments, const std::string& disk) {
    return run({"/bin/sh", "-c", "sg_persist -n --out " + arguments + " " + disk}).exit_code;
  }
  static void reserve(const std::string& disk, const std::string& key,
                      const std::string& how = "") {
    EXPECT_EQ(persist(how + " --register --param-sark=" + key, disk), 0);
    EXPECT_EQ(persist("--reserve --param-rk=" + key + " --prout-type=" + kExclusive, disk), 0);
  }
  static bool may_write(const std::string& disk) {
    return run({"dd", "if=/dev/zero", "of=" + disk, "bs=4096", "count=1", "oflag=direct",
                "conv=notrunc"})
        .ok();
  }

  std::unique_ptr<KernelSession> one_, other_;
  std::string mine_, theirs_;
};

TEST_F(Reservations, KeepOthersFromWritingUntilTheyArePreempted) {
  ASSERT_NE(mine_, theirs_);
  EXPECT_TRUE(may_write(theirs_));
  reserve(mine_, "0xabc");
  EXPECT_FALSE(may_write(theirs_));
  EXPECT_TRUE(may_write(mine_));
  shell("dd if=" + theirs_ + " of=/dev/null bs=4096 count=1 iflag=direct");
  EXPECT_EQ(persist(std::string("--reserve --param-rk=0xabc --prout-type=") + kExclusive, theirs_),
            kConflict);
  EXPECT_EQ(persist("--register --param-sark=0xdef", theirs_), 0);
  EXPECT_TRUE(may_write(theirs_));
  EXPECT_EQ(persist(std::string("--preempt --param-rk=0xdef --param-sark=0xabc --prout-type=") +
                        kExclusive,
                    theirs_),
            0);
  EXPECT_FALSE(may_write(mine_));
  EXPECT_THAT(shell("sg_persist --in --read-reservation " + theirs_), HasSubstr("Key=0xdef"));
  EXPECT_THAT(shell("sg_persist --in --read-keys " + theirs_), Not(HasSubstr("0xabc")));
}

TEST_F(Reservations, OutliveTheTargetWhereTheyAreToldTo) {
  reserve(mine_, "0xabc", "--param-aptpl");
  target_->kill();
  start();
  EXPECT_FALSE(may_write(theirs_));
  EXPECT_TRUE(may_write(mine_));
  EXPECT_THAT(shell("sg_persist --in --read-full-status " + theirs_),
              HasSubstr("iqn.2026-01.invalid.lab:first"));
  // The control: without it they end with the target.
  EXPECT_EQ(persist("--clear --param-rk=0xabc", mine_), 0);
  reserve(mine_, "0x123");
  target_->kill();
  start();
  EXPECT_TRUE(may_write(theirs_));
}

}  // namespace
}  // namespace libcopyfile::test
