#include "copyfile/range_list.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

namespace libcopyfile {

static void PrintTo(const CopyRange& r, std::ostream* out) {
  *out << r.in << ':' << r.out << ':' << r.length;
}

}  // namespace libcopyfile

namespace libcopyfile::app {
namespace {

using namespace std::string_literals;
using Vector = std::vector<CopyRange>;

Vector accepted(std::string_view text) {
  const auto ranges = parse_range_list(text, "list");
  EXPECT_TRUE(ranges) << ranges.error();
  return ranges.value_or(Vector{});
}

std::string refused(std::string_view text) {
  const auto ranges = parse_range_list(text, "list");
  EXPECT_FALSE(ranges) << text;
  return ranges ? "accepted" : ranges.error();
}

TEST(RangeArgument, TakesAllForms) {
  EXPECT_EQ(parse_range("0:0:4096"), (CopyRange{0, 0, 4096}));
  EXPECT_EQ(parse_range("1M:64K:1.5K"), (CopyRange{1 << 20, 64 << 10, 1536}));
  EXPECT_EQ(parse_range("4K::1"), (CopyRange{4096, 4096, 1}));
  EXPECT_EQ(parse_range("4K:0:"), (CopyRange{4096, 0, kToEnd}));
  EXPECT_EQ(parse_range("4K:0:-"), (CopyRange{4096, 0, kToEnd}));
  EXPECT_EQ(parse_range("4K::"), (CopyRange{4096, 4096, kToEnd}));
  EXPECT_EQ(parse_range("1K:2M:3G"), (CopyRange{1 << 10, 2 << 20, 3ULL << 30}));
  EXPECT_EQ(parse_range("1T:2P:3E"), (CopyRange{1ULL << 40, 2ULL << 50, 3ULL << 60}));
  EXPECT_EQ(parse_range("999999999999K::1"), (CopyRange{1023999999998976, 1023999999998976, 1}));
  EXPECT_EQ(parse_range("5:6:0"), (CopyRange{5, 6, 0}));
  EXPECT_EQ(parse_range("0:0:9223372036854775807"), (CopyRange{0, 0, kMaxOffset}));
}

TEST(RangeArgument, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "expected the offset in the source, found the end"},
      {":0:1", "expected the offset in the source, found ':'"},
      {"0", "expected ':' behind the offset in the source, found the end (at character 2)"},
      {"0:", "expected the offset in the destination, found the end (at character 3)"},
      {"0:1", "expected ':' behind the offset in the destination, found the end (at character 4)"},
      {"0:1 2", "expected ':' behind the offset in the destination, found ' ' (at character 4)"},
      {"0:1:2:3", "expected a blank behind the range, found ':' (at character 6)"},
      {"0:1:2 ", "expected the end of the range, found ' ' (at character 6)"},
      {"0:1:-5", "the length is '-5': it is negative (at character 5)"},
      {"0:1:99999999999999999999",
       "the length is '99999999999999999999': it is larger than any file can be (at character 5)"},
      {"0:0:9223372036854775808",
       "the length is '9223372036854775808': it is larger than any file can be (at character 5)"},
      {"0:0:1000000000000000000000K",
       "the length is '1000000000000000000000K': it is larger than any file can be (at character "
       "5)"},
      {"0:9223372036854775807:1", "the range ends behind the largest offset of a file"},
      {"9223372036854775808:0:-",
       "the offset in the source is '9223372036854775808': it is larger than any file can be"},
      {"18446744073709551615:0:1",
       "the offset in the source is '18446744073709551615': it is larger than any file can be"},
      {"0:0:18446744073709551615",
       "the length is '18446744073709551615': it is larger than any file can be (at character 5)"},
      {"0:x:1",
       "the offset in the destination is 'x': it does not begin with a digit (at character 3)"},
      {"0:0:1\n", "expected the end of the range, found the end of the line (at character 6)"},
  };
  for (const auto& [text, reason] : cases) {
    const auto range = parse_range(text);
    // The largest number is the mark for "to the end", so it has to be refused as a length.
    EXPECT_EQ(range ? "accepted" : range.error(), reason) << text;
  }
}

TEST(RangeText, TakesLinesBlanksAndComments) {
  EXPECT_EQ(accepted(""), Vector{});
  EXPECT_EQ(accepted(" \n\t\r\n# nothing\n#"), Vector{});
  EXPECT_EQ(accepted("0:0:1"), (Vector{{0, 0, 1}}));
  EXPECT_EQ(accepted("# head\n0:0:1\n\n  4K:8K:4K # tail\n1::2 3::- 4::#end\n5::\n"),
            (Vector{{0, 0, 1},
                    {4096, 8192, 4096},
                    {1, 1, 2},
                    {3, 3, kToEnd},
                    {4, 4, kToEnd},
                    {5, 5, kToEnd}}));
  EXPECT_EQ(accepted("0:0:1\r\n1:1:1\r\n"), (Vector{{0, 0, 1}, {1, 1, 1}}));
  EXPECT_EQ(accepted("\xef\xbb\xbf"
                     "0:0:1\n"),
            (Vector{{0, 0, 1}}));
}

TEST(RangeText, NamesLineAndColumn) {
  EXPECT_EQ(refused("x"),
            "list:1:1: the offset in the source is 'x': it does not begin with a digit");
  EXPECT_EQ(refused("0:0:1\n\n  0:0;1\n"),
            "list:3:5: the offset in the destination is '0;1': unknown suffix ';1': K M G T P E "
            "(powers of 1024) "
            "and KB MB GB TB PB EB (powers of 1000) are known");
  EXPECT_EQ(
      refused("0:0:1\n0:0\n0:0:1"),
      "list:2:4: expected ':' behind the offset in the destination, found the end of the line");
  EXPECT_EQ(
      refused("0:0\r\n"),
      "list:1:4: expected ':' behind the offset in the destination, found the end of the line");
  EXPECT_EQ(refused("0 0 1"), "list:1:2: expected ':' behind the offset in the source, found ' '");
  EXPECT_EQ(refused("0:0:1 # good\n0:0:1 bad"),
            "list:2:7: the offset in the source is 'bad': it does not begin with a digit");
  EXPECT_EQ(refused("\xef\xbb\xbf"
                    "x:"),
            "list:1:4: the offset in the source is 'x': it does not begin with a digit");
  EXPECT_EQ(refused("1:1:1\n7E:7E:7E\n"),
            "list:2:1: the range ends behind the largest offset of a file");
}

TEST(RangeText, SurvivesHostileBytes) {
  EXPECT_EQ(refused("\0"s), "list:1:1: expected the offset in the source, found ''$'\\000'");
  EXPECT_EQ(refused("0:0:1\0"s),
            "list:1:5: the length is '1'$'\\000': unknown suffix ''$'\\000': K M G T P E (powers "
            "of 1024) and KB MB GB TB PB EB (powers of 1000) are known");
  EXPECT_EQ(refused("\xff\xfe"
                    "0"),
            "list:1:1: the offset in the source is ''$'\\377\\376''0': it does not begin with "
            "a digit");
  const std::string long_token = refused("0:" + std::string(1 << 20, '9') + ":1");
  EXPECT_EQ(long_token, "list:1:3: the offset in the destination is '" + std::string(40, '9') +
                            "'...: it is larger than any file can be");
  EXPECT_EQ(
      refused(std::string(1 << 20, 'x')).size(),
      "list:1:1: the offset in the source is ''...: it does not begin with a digit"s.size() + 40);
}

TEST(RangeJson, TakesArraysAndObjects) {
  EXPECT_EQ(accepted("[]"), Vector{});
  EXPECT_EQ(accepted(R"( {"ranges": []} )"), Vector{});
  EXPECT_EQ(accepted(R"([{"in":0,"out":4096,"length":512},
                         {"in_offset":1,"out_offset":2,"length":3}])"),
            (Vector{{0, 4096, 512}, {1, 2, 3}}));
  EXPECT_EQ(
      accepted(
          R"({"made by": {"a": [1, {"in": []}, null, "x", true]}, "ranges": [{"in": 7, "length": 1}],
                         "v": 1.5})"),
      (Vector{{7, 7, 1}}));
  EXPECT_EQ(accepted(R"([{"length":null,"out":"64K","in":"1.5K"},{"in":0,"length":"-"}])"),
            (Vector{{1536, 65536, kToEnd}, {0, 0, kToEnd}}));
  EXPECT_EQ(accepted(R"([{"in":1e3,"length":4096.0}])"), (Vector{{1000, 1000, 4096}}));
}

TEST(RangeJson, NamesElementLineAndColumn) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({})", "list:1:2: the object has no member 'ranges'"},
      {"{\"ranges\": {}}", "list:1:12: 'ranges' is an object, not an array"},
      {"{\"ranges\": 5}", "list:1:12: 'ranges' is a number, not an array"},
      {"{\"ranges\": [],\n \"ranges\": []}", "list:2:2: 'ranges' is there twice"},
      {"[1]", "list:1:2: range 1: it is a number, not an object"},
      {"[\n[]]", "list:2:1: range 1: it is an array, not an object"},
      {"[{\"in\":0,\"length\":1},\n  null]", "list:2:3: range 2: it is null, not an object"},
      {"[{\"in\":0,\"length\":1},\n  {\"in\":0}]", "list:2:3: range 2: it has no member 'length'"},
      {"[{\"length\":0}]", "list:1:2: range 1: it has no member 'in'"},
      {"[{\"in\":0,\"lenght\":1}]",
       "list:1:2: range 1: it has no member 'length', but an unknown one, 'lenght'"},
      {"[{\"in\":0,\"length\":1,\n\"ouT\":1}]",
       "list:2:1: range 1: unknown member 'ouT': 'in', 'out' and 'length' are known"},
      {"[{\"in\":0,\"in_offset\":0}]", "list:1:10: range 1: 'in_offset' is there twice"},
      {"[{\"in\": -1}]", "list:1:9: range 1: 'in': it is negative"},
      {"[{\"in\": 1.5}]", "list:1:9: range 1: 'in': it is not a whole number of bytes"},
      {"[{\"in\": 1e300}]", "list:1:9: range 1: 'in': it is too large, or not exact"},
      {"[{\"in\": 9223372036854775808}]",
       "list:1:9: range 1: 'in': it is larger than any file can be"},
      {"[{\"in\": 99999999999999999999}]",
       "list:1:9: range 1: 'in': it is too large, or not exact"},
      {"[{\"in\": true}]", "list:1:9: range 1: 'in': it is a truth value, not a number"},
      {"[{\"in\": null}]", "list:1:9: range 1: 'in': it is null"},
      {"[{\"in\": {}}]", "list:1:9: range 1: 'in': it is an object"},
      {"[{\"in\": [0]}]", "list:1:9: range 1: 'in': it is an array"},
      {"[{\"in\":0,\"length\":9223372036854775807,\"out\":1}]",
       "list:1:2: range 1: the range ends behind the largest offset of a file"},
      {"[{\"in\":0,\"start\":0,\"length\":1,\"data\":true}]",
       "list:1:2: range 1: it has members of a range and of an image map"},
  };
  for (const auto& [text, reason] : cases) EXPECT_EQ(refused(text), reason) << text;
  EXPECT_TRUE(refused("[{\"in\": \"4X\"}]")
                  .starts_with("list:1:9: range 1: 'in': '4X': unknown suffix 'X'"));
}

TEST(RangeJson, NamesTheLineOfBrokenSyntax) {
  EXPECT_EQ(
      refused("["),
      "list:1:2: syntax error while parsing value - unexpected end of input; expected '[', '{', "
      "or a literal");
  EXPECT_EQ(refused("[{\"in\":0,\"length\":1}\n,]"),
            "list:2:2: syntax error while parsing value - unexpected ']'; expected '[', '{', or a "
            "literal");
  EXPECT_EQ(refused("[]\n[]"),
            "list:2:1: syntax error while parsing value - unexpected '['; expected end of input");
  EXPECT_EQ(refused("[{\"in\" 0}]"),
            "list:1:8: syntax error while parsing object separator - unexpected number "
            "literal; expected ':'");
  EXPECT_EQ(refused("[\0]"s), "list:1:2: a NUL byte");
  EXPECT_EQ(refused("[]\n\0garbage"s), "list:2:1: a NUL byte");
  EXPECT_TRUE(refused("[{\"\xff\":0}]")
                  .starts_with("list:1:4: syntax error while parsing object key - invalid string"));
  EXPECT_TRUE(refused("[{\"in\":1e999}]").starts_with("list:1:12: number overflow"));
  EXPECT_LT(refused("[\"" + std::string(1 << 20, 'x')).size(), 300U);
}

TEST(RangeJson, DeepNestingCostsNoStack) {
  EXPECT_EQ(refused(std::string(1 << 20, '[')), "list:1:2: range 1: it is an array, not an object");
  std::string deep = "{\"a\":";
  for (int i = 0; i < 1 << 20; ++i) deep += "[";
  EXPECT_EQ(refused(deep), "list:1:70: nested too deeply");
  std::string objects = "[{\"a\":";
  for (int i = 0; i < 1 << 18; ++i) objects += "{\"a\":";
  EXPECT_TRUE(refused(objects).ends_with("nested too deeply"));
}

// What qemu-img 7.2 prints for raw images: data is copied to where it was.
TEST(ImageMap, OfARawImage) {
  EXPECT_EQ(
      accepted(
          R"([{ "start": 0, "length": 1048576, "depth": 0, "present": true, "zero": true, "data": false, "offset": 0},
{ "start": 1048576, "length": 65536, "depth": 0, "present": true, "zero": false, "data": true, "offset": 1048576},
{ "start": 1114112, "length": 9371648, "depth": 0, "present": true, "zero": true, "data": false, "offset": 1114112}])"),
      (Vector{{1048576, 1048576, 65536}}));
}

// For qcow2, `offset` is where the bytes are, `start` where they belong.
TEST(ImageMap, OfAQcow2Image) {
  EXPECT_EQ(
      accepted(
          R"([{ "start": 0, "length": 1048576, "depth": 0, "present": false, "zero": true, "data": false},
{ "start": 1048576, "length": 65536, "depth": 0, "present": true, "zero": false, "data": true, "offset": 327680}])"),
      (Vector{{327680, 1048576, 65536}}));
}

TEST(ImageMap, RefusesBytesThatAreNotInTheSource) {
  EXPECT_EQ(
      refused("[\n{ \"start\": 0, \"length\": 1, \"depth\": 1, \"data\": true, \"offset\": 0}]"),
      "list:2:1: range 1: its data is in a backing file ('depth' is 1), not in the source");
  EXPECT_EQ(
      refused(
          "[{ \"start\": 0, \"length\": 1, \"depth\": 0, \"data\": true, \"compressed\": true}]"),
      "list:1:2: range 1: it has no 'offset': its data is compressed or encrypted, and stands "
      "nowhere in the "
      "source as such");
  EXPECT_EQ(refused("[{ \"start\": 0, \"length\": 1, \"depth\": 0, \"data\": 1}]"),
            "list:1:49: range 1: 'data': it is a number, not a truth value");
  EXPECT_EQ(refused("[{ \"start\": 0, \"length\": 1 }]"),
            "list:1:2: range 1: it has no member 'data'");
  EXPECT_EQ(refused("[{ \"start\": 0, \"data\": true }]"),
            "list:1:2: range 1: it has no member 'length'");
}

class Scratch {
 public:
  explicit Scratch(std::string_view text) : path_(testing::TempDir() + "range list") {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~Scratch() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ReadRangeList, ReadsAFile) {
  const Scratch file("0:0:1\n4K::4K\n");
  EXPECT_EQ(read_range_list(file.path()), (Vector{{0, 0, 1}, {4096, 4096, 4096}}));
}

TEST(ReadRangeList, ReadsMoreThanOneBufferFromAPipe) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += fmt::format("{}::1\n", i);
  const Scratch file(text);
  FILE* pipe = popen(("cat '" + file.path() + "'").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  const auto ranges = read_range_list(fmt::format("/dev/fd/{}", fileno(pipe)));
  pclose(pipe);
  ASSERT_TRUE(ranges) << ranges.error();
  EXPECT_EQ(ranges->size(), 100000U);
  EXPECT_EQ(ranges->back(), (CopyRange{99999, 99999, 1}));
}

TEST(ReadRangeList, NamesTheFileInErrors) {
  const Scratch file("0:0\n");
  EXPECT_EQ(
      read_range_list(file.path()).error(),
      "'" + file.path() +
          "':1:4: expected ':' behind the offset in the destination, found the end of the line");
  EXPECT_EQ(read_range_list("/nowhere/list").error(),
            "cannot open '/nowhere/list': No such file or directory");
  EXPECT_EQ(read_range_list("/").error(), "cannot read '/': Is a directory");
}

TEST(ReadRangeList, RefusesEndlessInput) {
  EXPECT_EQ(read_range_list("/dev/zero", 1 << 20).error(),
            "cannot read '/dev/zero': a list of ranges holds 1.0M at most");
}

TEST(ResolveToEnd, UsesTheSizeOfTheSource) {
  Vector ranges{{0, 0, 5}, {10, 0, kToEnd}, {100, 0, kToEnd}, {101, 0, kToEnd}, {0, 0, kToEnd}};
  resolve_to_end(ranges, 100);
  EXPECT_EQ(ranges, (Vector{{0, 0, 5}, {10, 0, 90}, {100, 0, 0}, {101, 0, 0}, {0, 0, 100}}));
}

// Planning a million adjacent ranges has to stay below 0.2 s; reading them may not be what takes the time. The bound is
// wide enough for sanitizers on a busy machine; what it catches is a parser that has become quadratic.
TEST(RangeText, AMillionRanges) {
  std::string text;
  for (uint64_t i = 0; i < 1000000; ++i) text += fmt::format("{}:{}:4096\n", i * 8192, i * 4096);
  const auto begin = std::chrono::steady_clock::now();
  const Vector ranges = accepted(text);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_EQ(ranges.size(), 1000000U);
  EXPECT_EQ(ranges.back(), (CopyRange{999999ULL * 8192, 999999ULL * 4096, 4096}));
  EXPECT_LT(took.count(), 5.0);
  RecordProperty("milliseconds", static_cast<int>(took.count() * 1000));
}

}  // namespace
}  // namespace libcopyfile::app
