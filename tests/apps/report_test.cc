// The line of cp --debug: who copied, as far as anybody can know.
#include "copyfile/report.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace libcopyfile::app {
namespace {

class DebugLine : public ::testing::Test {
 protected:
  void by(MechanismId id) { outcome_.bytes_by[index_of(id)] = 1000; }
  std::string offload(Sharing sharing = Sharing::automatic) const {
    const std::string line = debug_line(facts_, outcome_, sharing, Sparse::automatic);
    const std::string head = "copy offload: ";
    EXPECT_TRUE(line.starts_with(head)) << line;
    return line.substr(head.size(), line.find(',') - head.size());
  }

  Facts facts_;
  DataOutcome outcome_;
};

TEST_F(DebugLine, WhatTheCallDoesNotTellIsUnknown) {
  by(MechanismId::copy_range);
  EXPECT_EQ(offload(), "unknown");
}

TEST_F(DebugLine, OfNfsTheClientTells) {
  by(MechanismId::copy_range);
  facts_.in.server_copies = facts_.out.server_copies = {ServerCopy::possible, 3};
  EXPECT_EQ(offload(), "yes");
  // A block went ahead, and the server was not asked.
  outcome_.declined.push_back({MechanismId::copy_range, 4096, {Can::no, "", EOPNOTSUPP}});
  EXPECT_EQ(offload(), "unsupported");
}

TEST_F(DebugLine, AServerWithoutCopiesDoesNotSupportThem) {
  by(MechanismId::buffered);
  for (const ServerCopy state : {ServerCopy::too_old, ServerCopy::refused}) {
    for (SideFacts Facts::*side : {&Facts::in, &Facts::out}) {
      facts_ = {};
      (facts_.*side).server_copies.state = state;
      EXPECT_EQ(offload(), "unsupported");
      EXPECT_EQ(offload(Sharing::never), "avoided");
    }
  }
}

TEST_F(DebugLine, StorageThatCopiesIsOffload) {
  for (const MechanismId id : {MechanismId::scsi_extended_copy, MechanismId::scsi_token}) {
    outcome_ = {};
    by(id);
    EXPECT_EQ(offload(), "yes");
  }
}

TEST_F(DebugLine, ReadingAndWritingIsNone) {
  by(MechanismId::buffered);
  EXPECT_EQ(offload(), "no");
}

}  // namespace
}  // namespace libcopyfile::app
