#include <gtest/gtest.h>

#include "store/format.h"
#include "store/name.h"

namespace libcopyfile::test {
namespace {

using namespace store;

const std::string kHex(64, 'a');

TEST(StoreName, TakesRelativePaths) {
  for (const char* const name : {"a", "a/b", "debian/12.iso", "..a", "a..", "...", "with space",
                                 "\xc3\xa4", "\xf0\x9f\x98\x80"}) {
    EXPECT_FALSE(why_no_name(name)) << name << ": " << *why_no_name(name);
  }
  EXPECT_FALSE(why_no_name(std::string(255, 'n')));
}

TEST(StoreName, RefusesWhatCouldEscapeOrDeceive) {
  for (const std::string& name :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string(".."), std::string("a/../b"), std::string("a/./b"), std::string("../a"),
        std::string("a\0b", 3), std::string("a\nb"), std::string("\x1b[2J"), std::string("a\x7f"),
        std::string("\xc2\x85"), std::string("\xe2\x80\xa8"), std::string(256, 'n'),
        std::string("sha256:x"), kHex, std::string(64, 'A')}) {
    EXPECT_TRUE(why_no_name(name)) << name;
    EXPECT_EQ(check_name(name).error().code, EINVAL);
  }
  std::string longest;
  while (longest.size() <= 1024) longest += "abc/";
  EXPECT_TRUE(why_no_name(longest + "a"));
}

TEST(StoreName, RefusesWhatIsNotUtf8) {
  for (const char* const name : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                                 "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe2\x82"}) {
    EXPECT_EQ(why_no_name(name), "is not UTF-8");
  }
}

TEST(StoreName, ReferencesAreDigestsOrNames) {
  EXPECT_TRUE(std::holds_alternative<Digest>(*parse_reference(kHex)));
  EXPECT_TRUE(std::holds_alternative<Digest>(*parse_reference("sha256:" + kHex)));
  EXPECT_EQ(std::get<std::string>(*parse_reference("a/b")), "a/b");
  EXPECT_FALSE(parse_reference("sha256:" + kHex.substr(1)));
  EXPECT_FALSE(parse_reference("../x"));
}

TEST(StoreName, BlobsAreCalledByTheirDigestInLowerCase) {
  const Digest digest = std::get<Digest>(*parse_reference(kHex));
  EXPECT_EQ(digest_of_path(blob_path(digest)), digest);
  EXPECT_FALSE(digest_of_path(std::string(64, 'A')));
  EXPECT_FALSE(digest_of_path(".copyfile-0123456789abcdef.part"));
}

TEST(StoreFormat, IsReadAsItWasWritten) {
  for (const Members members :
       {Members::owner, Members::readers, Members::group, Members::group_readers}) {
    const Result<Format> read = parse_format(format_text({kFormatVersion, members}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->members, members);
    EXPECT_EQ(read->blob_mode() & 0222, 0U);
  }
}

TEST(StoreFormat, ALaterVersionIsRefusedAsSuch) {
  EXPECT_EQ(parse_format(format_text({2, Members::owner})).error().code, EPROTONOSUPPORT);
}

TEST(StoreFormat, EveryWrongBitIsDamage) {
  const std::string good = format_text({});
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const Result<Format> read = parse_format(bad);
    ASSERT_FALSE(read) << bit;
    EXPECT_EQ(read.error().code, EBADMSG) << bit;
  }
  EXPECT_FALSE(parse_format(""));
  EXPECT_FALSE(parse_format(good.substr(1)));
  EXPECT_FALSE(parse_format(good + "\n"));
}

}  // namespace
}  // namespace libcopyfile::test
