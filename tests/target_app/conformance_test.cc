// iscsi-test-cu of libiscsi 1.19 against the daemon, a family a process. It counts what it skips as passed, so every skip is a
// failure here but those of commands that disks like these have none of.
#include <gmock/gmock.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "testing/text_files.h"
#include "tests/target_app/daemon_fixture.h"

namespace libcopyfile::test {
namespace {

struct Family {
  const char* name;           // or one test of it
  const char* may_skip = "";  // "[SKIPPED] REASON", where it may
  const char* lun = "";       // further options of the unit
  bool two_paths = false;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

constexpr Family kFamilies[] = {
    {"CompareAndWrite"},
    {"ExtendedCopy"},
    // UnmapSingle asks for LBA 9 and expects an answer about LBA 16 where a physical block holds eight logical ones.
    {"GetLBAStatus", "", "block-size = 4096\n"},
    {"GetLBAStatus.Simple"},
    {"GetLBAStatus.BeyondEol"},
    {"Inquiry"},
    {"Mandatory"},
    {"ModeSense6"},
    {"MultipathIO", "", "", true},
    {"OrWrite"},
    {"Prefetch10"},
    {"Prefetch16"},
    {"PreventAllow", "[SKIPPED]"},
    {"PrinReadKeys"},
    {"PrinReportCapabilities"},
    {"PrinServiceactionRange"},
    {"ProutClear"},
    {"ProutPreempt"},
    {"ProutRegister"},
    {"ProutReserve"},
    {"Read10"},
    {"Read12"},
    {"Read16"},
    {"Read6"},
    {"ReadOnly", "", "read-only = true\n"},
    {"ReadCapacity10"},
    {"ReadCapacity16"},
    {"ReceiveCopyResults"},
    {"ReportSupportedOpcodes"},
    {"Reserve6"},
    {"StartStopUnit", "[SKIPPED]"},
    {"TestUnitReady"},
    {"Unmap"},
    {"Verify10"},
    {"Verify12"},
    {"Verify16"},
    {"Write10"},
    {"Write12"},
    {"Write16"},
    // To the end of the disk is how 0 blocks are not understood (WSNZ): the tool looks at the refusal, and calls that skipping.
    {"WriteSame10", "[SKIPPED] WRITESAME10 does not support 0-blocks"},
    {"WriteSame16", "[SKIPPED] WRITESAME16 does not support 0-blocks"},
    {"WriteVerify10"},
    {"WriteVerify12"},
    {"WriteVerify16"},
    {"iSCSIResiduals"},
    {"iSCSITMF"},
    {"iSCSIcmdsn"},
    {"iSCSIdatasn"},
};

// Of what these disks have not: media to take out, lists of defects, SANITIZE, atomic writes.
constexpr const char* kLeftOut[] = {"NoMedia", "ReadDefectData10", "ReadDefectData12", "Sanitize",
                                    "WriteAtomic16"};

class Conformance : public DaemonTest, public ::testing::WithParamInterface<Family> {
 protected:
  Conformance() : DaemonTest(FsKind::xfs) {}
};

// How often it says that it skips, for this reason or any.
size_t skips(const std::string& told, const std::string& why = "[SKIPPED]") {
  size_t count = 0;
  if (why.empty()) return 0;
  for (size_t at = told.find(why); at != std::string::npos; at = told.find(why, at + 1)) ++count;
  return count;
}

// How many tests ran, by the summary of the tool; -1 where there is none, or where one failed or was left out.
int tests_run(const std::string& told) {
  static const std::regex kSummary(R"(\n +tests +(\d+) +(\d+) +(\d+) +0 +0\n)");
  std::smatch found;
  if (!std::regex_search(told, found, kSummary)) return -1;
  return found[1] == found[2] && found[2] == found[3] ? std::stoi(found[2]) : -1;
}

std::string url_of_other_path(const TargetDaemon& daemon) {
  const std::string portal = daemon.ask({"status"}).at("portals").at(1);
  return "iscsi://" + portal + "/" + daemon.name() + "/0";
}

TEST_P(Conformance, PassesWithoutSkipping) {
  image("a", 64 * kMiB);
  // MultipathIO.CompareAndWrite fills 256 blocks with zeros, and compares 257.
  if (GetParam().two_paths) write_text(path("a"), std::string(64 * kMiB, '\0'));
  const char* const paths = GetParam().two_paths ? R"("127.0.0.1:0", "127.0.0.1:0")" : nullptr;
  serve(configure(luns({"a"}, GetParam().lun), "", paths));
  std::vector<std::string> command = {
      "iscsi-test-cu", "-d", "-V", "-t", std::string("ALL.") + GetParam().name, daemon_->url(0)};
  if (GetParam().two_paths) command.push_back(url_of_other_path(*daemon_));
  const Finished done = run(command);
  const std::string told = done.out + done.err;
  EXPECT_TRUE(done.ok()) << told;
  EXPECT_THAT(told, ::testing::HasSubstr("Tests completed with return value: 0"));
  EXPECT_GT(tests_run(told), 0) << told;
  EXPECT_EQ(skips(told), skips(told, GetParam().may_skip)) << told;
}

INSTANTIATE_TEST_SUITE_P(Families, Conformance, ::testing::ValuesIn(kFamilies),
                         [](const auto& one) {
                           std::string name = one.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(ConformanceFamilies, AreAllThatTheToolHas) {
  const Finished listed = run({"iscsi-test-cu", "-l"});
  ASSERT_TRUE(listed.ok()) << listed.err;
  std::set<std::string> theirs, ours(std::begin(kLeftOut), std::end(kLeftOut));
  std::istringstream lines(listed.out);
  static const std::regex kFamily(R"(ALL\.(\w+))");
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, kFamily)) theirs.insert(found[1]);
  }
  for (const Family& family : kFamilies) {
    if (std::string_view(family.name).find('.') == std::string_view::npos) ours.insert(family.name);
  }
  EXPECT_EQ(theirs, ours);
}

}  // namespace
}  // namespace libcopyfile::test
