// Servers are asked whether they copy where one could, and nowhere else: for each question /proc is read.
#include <gtest/gtest.h>

#include "facts/read_facts.h"
#include "sys/kernel_files.h"
#include "testing/faulty_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kNfs = 0x6969;
constexpr uint64_t kSmb = 0xfe534d42;

class Servers final : public FaultyFiles {
 public:
  using FaultyFiles::FaultyFiles;
  ServerCopies server_copies(int fd) override {
    ++questions;
    return {ServerCopy::possible, static_cast<uint64_t>(fd)};
  }
  unsigned questions = 0;
};

class AskServers : public ::testing::Test {
 protected:
  AskServers() {
    facts_.in.fs_class = facts_.out.fs_class = FsClass::remote;
    facts_.in.fs.magic = facts_.out.fs.magic = kNfs;
  }
  void ask() { ask_servers(servers_, 1, 2, facts_); }

  KernelFiles kernel_;
  FdNames names_;
  Script script_{names_};
  Servers servers_{kernel_, script_};
  Facts facts_;
};

TEST_F(AskServers, BothWhereTheyMayBeTwo) {
  ask();
  EXPECT_EQ(facts_.in.server_copies.requests, 1U);
  EXPECT_EQ(facts_.out.server_copies.requests, 2U);
}

TEST_F(AskServers, OnceForOneMount) {
  facts_.same_file_system = true;
  ask();
  EXPECT_EQ(servers_.questions, 1U);
  EXPECT_EQ(facts_.in.server_copies.requests, facts_.out.server_copies.requests);
  EXPECT_EQ(facts_.in.server_copies.state, ServerCopy::possible);
}

TEST_F(AskServers, NoneWhereTheBytesComeHereAnyway) {
  facts_.out.fs_class = FsClass::local;
  facts_.out.fs.magic = 0xef53;
  ask();
  facts_.out.fs_class = FsClass::remote;
  facts_.out.fs.magic = kSmb;
  ask();
  facts_.in = facts_.out = {};
  ask();
  EXPECT_EQ(servers_.questions, 0U);
  EXPECT_EQ(facts_.in.server_copies.state, ServerCopy::unknown);
}

}  // namespace
}  // namespace libcopyfile::test
