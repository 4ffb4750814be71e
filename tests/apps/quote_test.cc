#include "copyfile/quote.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace libcopyfile::app {
namespace {

using namespace std::string_literals;

// The expectations are what ls of coreutils 9.1 prints with --quoting-style=shell-escape-always, in C.UTF-8.
TEST(Quoted, IsTheQuotingOfGnuPrograms) {
  const struct {
    std::string name;
    std::string quoted;
  } cases[] = {
      {"plain", "'plain'"},
      {"", "''"},
      {"a b", "'a b'"},
      {"it's", "\"it's\""},
      {"'", "\"'\""},
      {"a\"'", "'a\"'\\'''"},
      {"it's$", "'it'\\''s$'"},
      {"a'b!", "'a'\\''b!'"},
      {"x\\'y", "'x\\'\\''y'"},
      {"a\nb", "'a'$'\\n''b'"},
      {"x\n", "'x'$'\\n'"},
      {"\001x", "''$'\\001''x'"},
      {"\001", "''$'\\001'"},
      {"a\001\002b\001", "'a'$'\\001\\002''b'$'\\001'"},
      {"tab\tx", "'tab'$'\\t''x'"},
      {"q'\n'r", "'q'\\'''$'\\n'\\''r'"},
      {"\033[31m", "''$'\\033''[31m'"},
      {"\xff", "''$'\\377'"},
      {"\xc3\xa9", "'\xc3\xa9'"},
      {"\xf0\x9f\x98\x80", "'\xf0\x9f\x98\x80'"},
      {"\xc3", "''$'\\303'"},
      {"a\0b"s, "'a'$'\\000''b'"},
  };
  for (const auto& c : cases) EXPECT_EQ(quoted(c.name, true), c.quoted);
}

TEST(Quoted, EscapesWhatIsNotAsciiInOtherLocales) {
  EXPECT_EQ(quoted("\xc3\xa9", false), "''$'\\303\\251'");
}

// ls prints these as they are; a terminal then shows a name other than the one that is there.
TEST(Quoted, EscapesWhatHidesOrReordersText) {
  EXPECT_EQ(quoted("\u202e"
                   "gpj.exe",
                   true),
            "''$'\\342\\200\\256''gpj.exe'");
  EXPECT_EQ(quoted("a\u200b"
                   "b",
                   true),
            "'a'$'\\342\\200\\213''b'");
  EXPECT_EQ(quoted("\u0085", true), "''$'\\302\\205'");
}

TEST(Quoted, RefusesOverlongAndSurrogates) {
  EXPECT_EQ(quoted("\xc0\xaf", true), "''$'\\300\\257'");
  EXPECT_EQ(quoted("\xed\xa0\x80", true), "''$'\\355\\240\\200'");
  EXPECT_EQ(quoted("\xf4\x90\x80\x80", true), "''$'\\364\\220\\200\\200'");
}

TEST(QuotedIfNeeded, LeavesPlainNamesAlone) {
  for (const char* name :
       {"x", "dir/file-1.2", "a:b", "a,b", "a]", "a{b", "x#", "x~", "%", "@", "+", "\xc3\xa9"}) {
    EXPECT_EQ(quoted_if_needed(name, true), name);
  }
}

TEST(QuotedIfNeeded, QuotesWhatAShellActsOn) {
  for (const std::string name :
       {"#x", "~", ">", "?", "[", "^", "a b", "a\"b", "a=b", "{", "}", "*", "a;b", "`", ""}) {
    EXPECT_EQ(quoted_if_needed(name, true), "'" + name + "'");
  }
  EXPECT_EQ(quoted_if_needed("it's", true), "\"it's\"");
  EXPECT_EQ(quoted_if_needed("\n", true), "''$'\\n'");
}

class Environment {
 public:
  Environment(const char* all, const char* ctype, const char* lang) {
    set("LC_ALL", all);
    set("LC_CTYPE", ctype);
    set("LANG", lang);
  }

 private:
  static void set(const char* name, const char* value) {
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
};

TEST(Locale, FirstVariableThatIsSetDecides) {
  Environment(nullptr, nullptr, nullptr);
  EXPECT_FALSE(locale_is_utf8());
  Environment(nullptr, nullptr, "en_GB.UTF-8");
  EXPECT_TRUE(locale_is_utf8());
  Environment("C", nullptr, "en_GB.UTF-8");
  EXPECT_FALSE(locale_is_utf8());
  Environment("", "C.utf8", "C");
  EXPECT_TRUE(locale_is_utf8());
  Environment(nullptr, "de_DE.ISO-8859-1", "C.UTF-8");
  EXPECT_FALSE(locale_is_utf8());
}

}  // namespace
}  // namespace libcopyfile::app
