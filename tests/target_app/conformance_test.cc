// iscsi-test-cu of libiscsi 1.19 against the daemon, a family a process. It counts what it skips as passed, so every skip is a
// failure here but those of commands that disks like these have none of.
#include <gmock/gmock.h>

#include "tests/target_app/daemon_fixture.h"

namespace libcopyfile::test {
namespace {

struct Family {
  const char* name;
  const char* may_skip = "";  // "[SKIPPED] REASON", where it may
  const char* lun = "";       // further options of the unit
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

constexpr Family kFamilies[] = {
    {"CompareAndWrite"},
    {"ExtendedCopy"},
    // The tool asks for LBA 9 and expects an answer about another where a physical block holds several logical ones.
    {"GetLBAStatus", "", "block-size = 4096\n"},
    {"Inquiry"},
    {"Mandatory"},
    {"ModeSense6"},
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

TEST_P(Conformance, PassesWithoutSkipping) {
  image("a", 64 * kMiB);
  serve(configure(luns({"a"}, GetParam().lun)));
  const Finished done = run(
      {"iscsi-test-cu", "-d", "-V", "-t", std::string("ALL.") + GetParam().name, daemon_->url(0)});
  const std::string told = done.out + done.err;
  EXPECT_TRUE(done.ok()) << told;
  EXPECT_THAT(told, ::testing::HasSubstr("Tests completed with return value: 0")) << "it ran";
  EXPECT_EQ(skips(told), skips(told, GetParam().may_skip)) << told;
}

INSTANTIATE_TEST_SUITE_P(Families, Conformance, ::testing::ValuesIn(kFamilies),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace libcopyfile::test
