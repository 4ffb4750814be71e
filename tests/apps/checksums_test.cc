// Files of checksums: what sha256sum writes is understood, what it passes over is passed over.
#include "copyfile/checksums.h"

#include <gtest/gtest.h>

namespace libcopyfile::app {
namespace {

const std::string kHex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kOther = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kXxh3 = "06b05ab6733a618578af5f94892f3950";

// "name|digest", or "" for no entry.
std::string parsed(const std::string& line) {
  const std::optional<ChecksumLine> entry = parse_checksum_line(line);
  return entry ? entry->name + "|" + entry->digest.text() : "";
}

TEST(Checksums, LinesOfSha256sum) {
  const std::string digest = "|sha256:" + kHex;
  EXPECT_EQ(parsed(kHex + "  name"), "name" + digest);
  EXPECT_EQ(parsed(kHex + " *name"), "name" + digest);
  EXPECT_EQ(parsed(kHex + " name"), "name" + digest);
  EXPECT_EQ(parsed(kHex + "  a name with  blanks "), "a name with  blanks " + digest);
  EXPECT_EQ(parsed(kHex + "   leading"), " leading" + digest);
  EXPECT_EQ(parsed(kHex + "  **"), "**" + digest);
  EXPECT_EQ(parsed("  " + kHex + "  indented"), "indented" + digest);
  EXPECT_EQ(parsed(kHex + "  dos\r"), "dos" + digest);
  std::string upper = kHex;
  for (char& c : upper) c = static_cast<char>(toupper(c));
  EXPECT_EQ(parsed(upper + "  name"), "name" + digest);
}

TEST(Checksums, EscapedNames) {
  const std::string digest = "|sha256:" + kHex;
  EXPECT_EQ(parsed("\\" + kHex + "  two\\nlines"), "two\nlines" + digest);
  EXPECT_EQ(parsed("\\" + kHex + "  back\\\\slash\\r"), "back\\slash\r" + digest);
  EXPECT_EQ(parsed("\\SHA256 (two\\nlines) = " + kHex), "two\nlines" + digest);
  EXPECT_EQ(parsed(kHex + "  not\\nescaped"), "not\\nescaped" + digest);
  EXPECT_EQ(parsed("\\" + kHex + "  bad\\x"), "");
  EXPECT_EQ(parsed("\\" + kHex + "  bad\\"), "");
}

TEST(Checksums, TaggedLines) {
  EXPECT_EQ(parsed("SHA256 (name) = " + kHex), "name|sha256:" + kHex);
  EXPECT_EQ(parsed("SHA256(name)= " + kHex), "name|sha256:" + kHex);
  EXPECT_EQ(parsed("SHA256 (a (b) = c) = " + kHex), "a (b) = c|sha256:" + kHex);
  EXPECT_EQ(parsed("XXH128 (name) = " + kXxh3), "name|xxh3:" + kXxh3);
}

TEST(Checksums, WhatIsNoEntryIsPassedOver) {
  for (const std::string& line :
       {std::string(), std::string("# a comment"),
        std::string("-----BEGIN PGP SIGNED MESSAGE-----"), kHex, kHex + " ", kHex + "  ",
        kHex.substr(1) + "  name", kHex + "0  name", kXxh3 + "  name", "MD5 (name) = " + kXxh3,
        "SHA256 (name) = " + kXxh3, "SHA256 (name) " + kHex, "SHA256 () = " + kHex,
        "SHA256 (name = " + kHex, "SHA512 (name) = " + kHex + kHex,
        "g" + kHex.substr(1) + "  name"}) {
    EXPECT_EQ(parsed(line), "") << line;
  }
}

TEST(Checksums, WhatIsPrintedIsUnderstood) {
  for (const char* name :
       {"name", " a", "a ", "*a", "back\\slash", "two\nlines", "dos\r", "\\", "a/b"}) {
    const ChecksumLine line{name, *parse_digest("sha256:" + kHex)};
    const std::string text = checksum_line(line);
    EXPECT_EQ(parsed(text.substr(0, text.size() - 1)), std::string(name) + "|sha256:" + kHex)
        << text;
  }
  EXPECT_EQ(checksum_line({"a\nb", *parse_digest("sha256:" + kHex)}), "\\" + kHex + "  a\\nb\n");
}

TEST(Checksums, AreFoundByNameThenByLastComponent) {
  Checksums all;
  EXPECT_EQ(
      all.add("# list\n" + kHex + "  b\n\nSHA256 (d/b) = " + kOther + "\n" + kOther + " *./c"), 3U);
  EXPECT_EQ(all.find("b")->hex(), kHex);
  EXPECT_EQ(all.find("./b")->hex(), kHex);
  EXPECT_EQ(all.find("d/b")->hex(), kOther);
  EXPECT_EQ(all.find("/elsewhere/b")->hex(), kHex);
  EXPECT_EQ(all.find("c")->hex(), kOther);
  EXPECT_EQ(all.find("/x/c/")->hex(), kOther);
  ASSERT_FALSE(all.find("nowhere"));
  EXPECT_EQ(all.find("nowhere").error(), "no line of the checksums names 'nowhere'");
}

TEST(Checksums, ThatContradictEachOtherAreNone) {
  Checksums all;
  all.add(kHex + "  a\n" + kHex + "  a\n" + kHex + "  b\n" + kOther + "  b\n");
  EXPECT_EQ(all.find("a")->hex(), kHex);
  ASSERT_FALSE(all.find("b"));
  EXPECT_EQ(all.find("b").error(), "the checksums name 'b' with different digests");
}

TEST(Checksums, TheStrongerAlgorithmIsTaken) {
  for (const bool first : {true, false}) {
    Checksums all;
    if (first) all.add(kHex + "  a\n");
    all.add("XXH128 (a) = " + kXxh3 + "\n");
    if (!first) all.add(kHex + "  a\n");
    EXPECT_EQ(all.find("a")->text(), "sha256:" + kHex);
  }
}

}  // namespace
}  // namespace libcopyfile::app
