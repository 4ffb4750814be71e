#include "copyfile/sizes.h"

#include <gtest/gtest.h>

namespace libcopyfile::app {
namespace {

constexpr uint64_t kKi = 1024;

struct Accepted {
  const char* text;
  uint64_t bytes;
};

TEST(ParseSize, TakesDigitsAndSuffixes) {
  constexpr Accepted kCases[] = {
      {"0", 0},
      {"4096", 4096},
      {"007", 7},
      {"1B", 1},
      {"64K", 64 * kKi},
      {"64k", 64 * kKi},
      {"64KiB", 64 * kKi},
      {"64KB", 64000},
      {"64kB", 64000},
      {"3M", 3 * kKi * kKi},
      {"3MB", 3000000},
      {"2G", 2 * kKi * kKi * kKi},
      {"2GB", 2000000000},
      {"1T", kKi * kKi * kKi * kKi},
      {"1TiB", kKi * kKi * kKi * kKi},
      {"1TB", 1000000000000},
      {"1P", kKi * kKi * kKi * kKi * kKi},
      {"1PB", 1000000000000000},
      {"15E", 15 * kKi * kKi * kKi * kKi * kKi * kKi},
      {"18446744073709551615", UINT64_MAX},
      {"0E", 0},
  };
  for (const Accepted& c : kCases) {
    const Parsed<uint64_t> size = parse_size(c.text);
    ASSERT_TRUE(size) << c.text << ": " << size.error();
    EXPECT_EQ(*size, c.bytes) << c.text;
  }
}

TEST(ParseSize, TakesFractionsThatAreWholeBytes) {
  EXPECT_EQ(parse_size("1.5K"), 1536U);
  EXPECT_EQ(parse_size("1.5G"), 3 * kKi * kKi * kKi / 2);
  EXPECT_EQ(parse_size("0.001KB"), 1U);
  EXPECT_EQ(parse_size("7.000"), 7U);
  EXPECT_EQ(parse_size("15.5E"), 31 * (uint64_t{1} << 59));
}

struct Refused {
  std::string text;
  std::string reason;  // or its beginning
};

TEST(ParseSize, SaysWhatIsWrong) {
  const Refused cases[] = {
      {"", "it is empty"},
      {"-1", "it is negative"},
      {"K", "it does not begin with a digit"},
      {"+1", "it does not begin with a digit"},
      {" 1", "it does not begin with a digit"},
      {std::string("\0", 1), "it does not begin with a digit"},
      {"18446744073709551616", "it is larger than any file can be"},
      {"99999999999999999999999999999999999999999999", "it is larger than any file can be"},
      {"16E", "it is larger than any file can be"},
      {"15.99999E", "it is not a whole number of bytes"},
      {"0.1K", "it is not a whole number of bytes"},
      {"1.5", "it is not a whole number of bytes"},
      {"1.", "no digit behind the point"},
      {"1.0000000000000000000", "too many digits behind the point"},
      {"4X", "unknown suffix 'X': K M G"},
      {"4KX", "unknown suffix 'KX'"},
      {"4Ki", "unknown suffix 'Ki'"},
      {"4K ", "unknown suffix 'K '"},
      {"4b", "unknown suffix 'b'"},
      {"4iB", "unknown suffix 'iB'"},
      {"0x10", "unknown suffix 'x10'"},
      {std::string("4\0K", 3), "unknown suffix ''$'\\000''K'"},
      {"1e3", "unknown suffix 'e3'"},
  };
  for (const Refused& c : cases) {
    const Parsed<uint64_t> size = parse_size(c.text);
    ASSERT_FALSE(size) << c.text;
    EXPECT_TRUE(size.error().starts_with(c.reason)) << c.text << ": " << size.error();
  }
}

TEST(ParseRate, IsASizeASecond) {
  EXPECT_EQ(parse_rate("10M"), 10 * kKi * kKi);
  EXPECT_EQ(parse_rate("10M/s"), 10 * kKi * kKi);
  EXPECT_EQ(parse_rate("500KB/s"), 500000U);
  EXPECT_EQ(parse_rate("1"), 1U);
}

TEST(ParseRate, RefusesZeroAndNonsense) {
  EXPECT_EQ(parse_rate("0").error(), "nothing would ever be copied");
  EXPECT_EQ(parse_rate("0M/s").error(), "nothing would ever be copied");
  EXPECT_EQ(parse_rate("/s").error(), "it is empty");
  EXPECT_TRUE(parse_rate("10M/min").error().starts_with("unknown suffix 'M/min'"));
}

// What `numfmt --to=iec` (coreutils 9.1) prints.
TEST(FormatSize, RoundsUpAsLsDoes) {
  constexpr struct {
    uint64_t bytes;
    const char* text;
  } kCases[] = {
      {0, "0"},
      {1023, "1023"},
      {1024, "1.0K"},
      {1025, "1.1K"},
      {1536, "1.5K"},
      {10137, "9.9K"},
      {10138, "10K"},
      {10240, "10K"},
      {10241, "11K"},
      {1047552, "1023K"},
      {1047553, "1.0M"},
      {1048576, "1.0M"},
      {1048577, "1.1M"},
      {5368709120, "5.0G"},
      {1099511627776, "1.0T"},
      {1152921504606846975, "1.0E"},
      {UINT64_MAX, "16E"},
  };
  for (const auto& c : kCases) EXPECT_EQ(format_size(c.bytes), c.text) << c.bytes;
}

}  // namespace
}  // namespace libcopyfile::app
