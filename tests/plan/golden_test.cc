// Golden plans: what is decided for each case of the table, as --explain prints it. A change of behaviour shows as a
// change of these files; COPYFILE_UPDATE_GOLDEN=1 in the environment writes them anew.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "facts/unit_facts.h"
#include "mechanism/mechanism.h"
#include "plan/print.h"
#include "plan_case.h"
#include "testing/errno_names.h"
#include "testing/golden.h"
#include "testing/places.h"

namespace libcopyfile::test {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(places::kTests) / "plan" / "golden";

std::vector<PlanCase> all_cases() {
  std::vector<PlanCase> all = whole_file_cases();
  for (auto more : {range_cases, kind_cases, disk_cases}) {
    for (PlanCase& c : more()) all.push_back(std::move(c));
  }
  return all;
}

ExtentMap map_of(const Layout& layout) {
  ExtentMap map;
  for (const Island& island : layout) {
    const ExtentKind kind = island.content == Content::data   ? ExtentKind::data
                            : island.content == Content::hole ? ExtentKind::hole
                                                              : ExtentKind::unwritten;
    map.append({island.range, kind});
  }
  return map;
}

std::string plan_text(const PlanCase& c) {
  const PerMechanism<Verdict> verdicts = Catalogue().verdicts(c.facts);
  const bool wanted = needs_extents(c.facts, verdicts, c.request);
  std::optional<ExtentMap> map;
  if (wanted && c.layout) map = map_of(*c.layout);
  const Result<Plan> plan = make_plan(c.facts, verdicts, map ? &*map : nullptr, c.request);
  std::string text = "# " + c.shows + "\n";
  text += wanted ? "extents are asked for\n" : "extents are not needed\n";
  if (!plan) return text + errno_name(plan.error().code) + ": " + plan.error().message() + "\n";
  return text + to_text(*plan, {.ranges = 12});
}

class GoldenPlan : public ::testing::TestWithParam<PlanCase> {};

INSTANTIATE_TEST_SUITE_P(Plan, GoldenPlan, ::testing::ValuesIn(all_cases()),
                         [](const auto& i) { return i.param.name; });

TEST_P(GoldenPlan, IsAsRecorded) {
  EXPECT_TRUE(matches_golden(kGolden / (GetParam().name + ".txt"), plan_text(GetParam())));
}

TEST(GoldenPlans, HaveOneCaseEach) {
  std::set<std::string> names;
  for (const PlanCase& c : all_cases()) {
    EXPECT_TRUE(names.insert(c.name + ".txt").second) << "two cases are called " << c.name;
  }
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    EXPECT_TRUE(names.contains(entry.path().filename())) << entry.path() << " belongs to no case";
  }
}

// What a plan must be whatever was decided: every byte that the source has is in one step, once, and every mechanism
// has an answer.
TEST_P(GoldenPlan, CoversEveryByteOnce) {
  const PlanCase& c = GetParam();
  if (!c.facts.in.size_trusted || c.facts.in.kind == FileType::stream) return;
  const PerMechanism<Verdict> verdicts = Catalogue().verdicts(c.facts);
  std::optional<ExtentMap> map;
  if (needs_extents(c.facts, verdicts, c.request) && c.layout) map = map_of(*c.layout);
  const Result<Plan> plan = make_plan(c.facts, verdicts, map ? &*map : nullptr, c.request);
  if (!plan) return;
  std::vector<CopyRange> pieces;
  for (const Step& step : plan->steps) {
    EXPECT_EQ(step.bytes, total_length(step.ranges));
    EXPECT_FALSE(step.reason.empty());
    pieces.insert(pieces.end(), step.ranges.begin(), step.ranges.end());
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const CopyRange& a, const CopyRange& b) { return a.out < b.out; });
  std::vector<CopyRange> joined;
  for (const CopyRange& r : pieces) {
    if (!joined.empty() && joined.back().out + joined.back().length == r.out &&
        joined.back().in + joined.back().length == r.in) {
      joined.back().length += r.length;
    } else {
      joined.push_back(r);
    }
  }
  std::vector<CopyRange> expected;
  for (const CopyRange& r : c.request.ranges) {
    const uint64_t available = c.facts.in.size > r.in ? c.facts.in.size - r.in : 0;
    if (available > 0) expected.push_back(r.part(0, available));
  }
  EXPECT_EQ(joined, expected);
  EXPECT_EQ(plan->bytes, total_length(expected));
  const bool no_disks = !c.facts.units && c.facts.no_units.reason.empty();
  const bool nvme = c.facts.units && c.facts.units->nvme;
  const bool scsi = c.facts.units && !nvme;
  for (size_t i = 0; i < kMechanismCount; ++i) {
    EXPECT_NE(plan->verdicts[i].can, Can::unknown);
    // What is for disks says nothing of files, and what is for one kind of disks nothing of the other.
    const bool for_nvme = i == index_of(MechanismId::nvme_copy);
    const bool for_scsi = i >= index_of(MechanismId::scsi_extended_copy) && !for_nvme;
    const bool silent = (for_nvme && (no_disks || scsi)) || (for_scsi && (no_disks || nvme));
    EXPECT_EQ(plan->verdicts[i].reason.empty(), silent);
  }
}

}  // namespace
}  // namespace libcopyfile::test
