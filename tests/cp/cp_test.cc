// The command under the name of cp(1) does what cp does, to the last byte of a message: cp of this machine is asked.
#include <gtest/gtest.h>

#include "testing/process.h"
#include "trial.h"

namespace libcopyfile::test {
namespace {

std::string name_of_case(const testing::TestParamInfo<Case>& info) { return info.param.name; }

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& cases :
       {tree_cases(), file_cases(), link_cases(), special_cases(), backup_cases(), metadata_cases(),
        parents_cases(), usage_cases(), script_cases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

std::vector<Case> cases_for(Who who, unsigned without) {
  std::vector<Case> chosen;
  const unsigned not_for = (who == Who::root ? kForUser : kForRoot) | without;
  for (const Case& c : all_cases()) {
    if ((c.flags & not_for) == 0) chosen.push_back(c);
  }
  return chosen;
}

void expect_same(const Outcome& cp, const Outcome& ours) {
  EXPECT_EQ(ours.status, cp.status);
  EXPECT_EQ(ours.err, cp.err);
  EXPECT_EQ(ours.out, cp.out);
  EXPECT_EQ(ours.tree, cp.tree);
}

class AsRoot : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Cp, AsRoot, testing::ValuesIn(cases_for(Who::root, 0)), name_of_case);
TEST_P(AsRoot, IsCp) {
  expect_same(attempt(GetParam(), Who::root, Program::cp),
              attempt(GetParam(), Who::root, Program::ours));
}

class AsUser : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Cp, AsUser, testing::ValuesIn(cases_for(Who::user, 0)), name_of_case);
TEST_P(AsUser, IsCp) {
  expect_same(attempt(GetParam(), Who::user, Program::cp),
              attempt(GetParam(), Who::user, Program::ours));
}

// Under its own name it does the same, only more carefully.
class UnderItsOwnName : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Cp, UnderItsOwnName, testing::ValuesIn(cases_for(Who::root, kCpOnly)),
                         name_of_case);
TEST_P(UnderItsOwnName, ComesToTheSame) {
  expect_same(attempt(GetParam(), Who::root, Program::cp, false),
              attempt(GetParam(), Who::root, Program::copyfile, false));
}

TEST(CpOfThisMachine, IsTheOneThatTheMessagesAreOf) {
  const Finished version = run({"/usr/bin/cp", "--version"});
  EXPECT_EQ(version.out.substr(0, version.out.find('\n')), "cp (GNU coreutils) 9.1");
}

}  // namespace
}  // namespace libcopyfile::test
