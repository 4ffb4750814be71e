// The log of the daemon: one line an event, whatever initiators call themselves.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "copyfile-target/log.h"

namespace libcopyfile::test {
namespace {

using daemon::Format;
using daemon::log_line;

TEST(TargetLog, TextIsReadableAndUnambiguous) {
  EXPECT_EQ(log_line(Format::text, 1767225599, "login",
                     {{"initiator", "iqn.x:y"}, {"why", "a b"}, {"none", ""}}),
            "2025-12-31T23:59:59Z login initiator=iqn.x:y why=\"a b\" none=\"\"");
}

TEST(TargetLog, AHostileValueStaysOneLineAndOneValue) {
  const std::string line =
      log_line(Format::text, 0, "login", {{"initiator", "a\nb\x1b[2J\" peer=\"x\xff"}});
  EXPECT_EQ(line, "1970-01-01T00:00:00Z login initiator=\"a\\x0ab\\x1b[2J\\\" peer=\\\"x\\xff\"");
}

TEST(TargetLog, JsonHoldsTheSame) {
  const auto line = nlohmann::json::parse(
      log_line(Format::json, 0, "login", {{"initiator", "a\n\"b"}, {"bad", "\xff"}}));
  EXPECT_EQ(line["time"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(line["event"], "login");
  EXPECT_EQ(line["initiator"], "a\n\"b");
  EXPECT_EQ(line["bad"], "\xef\xbf\xbd") << "what is no UTF-8 is replaced";
}

}  // namespace
}  // namespace libcopyfile::test
