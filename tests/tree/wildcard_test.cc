// Wildcards by themselves; tests/tree/filter_rsync_test.cc compares them with rsync's.
#include "tree/wildcard.h"

#include <gtest/gtest.h>

#include <chrono>

namespace libcopyfile {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  return Wildcard(pattern).matches({.path = text});
}

TEST(Wildcard, Matches) {
  const struct {
    std::string_view pattern;
    std::string_view text;
    bool matches;
  } cases[] = {
      {"*", "", true},
      {"*", "a", true},
      {"*", "a/b", false},
      {"*", "/", false},
      {"**", "a/b", true},
      {"****", "a/b", true},
      {"?", "a", true},
      {"?", "", false},
      {"?", "/", false},
      {"??", "\xc3\xa4", true},
      {"*.o", "a.o", true},
      {"*.o", ".o", true},
      {"*.o", "a.o.o", true},
      {"*.o", "a.ob", false},
      {"a*b*c", "abc", true},
      {"a*b*c", "aXbXbYc", true},
      {"a*b*c", "aXbX/c", false},
      {"a**c", "aXbX/c", true},
      {"a*/b", "ax/b", true},
      {"a*/b", "ax/y/b", false},
      {"a**/b", "ax/y/b", true},
      {"a/**/b", "a/b", false},
      {"a/**/b", "a/x/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"**/b*c", "x/y/bac", true},
      {"**/b*c", "x/ba/c", false},
      // After a star that could not go on, the stars before it must still be able to.
      {"**a*b", "a/ab", true},
      {"**a/*b/c", "a/a/xb/c", true},
      {"**x*y", "xx/xxy", true},
      {"*ab*cd", "ababxcd", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"\\a*", "ab", true},
      {"a\\", "a", false},
      {"a\\", "a\\", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(matches(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
  }
}

TEST(Wildcard, Sets) {
  const struct {
    std::string_view pattern;
    std::string_view members;
    std::string_view others;
  } cases[] = {
      {"[abc]", "abc", "d[]/"},
      {"[a-c]", "abc", "d-"},
      {"[a-]", "a-", "b"},
      {"[-a]", "a-", "b"},
      {"[]a]", "]a", "b["},
      {"[!a]", "b-!]", "a/"},
      {"[^a]", "b^", "a/"},
      {"[!]a]", "b", "]a/"},
      {"[c-a]", "c", "ab-"},  // as rsync has it: the first is a member, whatever follows
      {"[a-c-e]", "abc-e", "d"},
      {"[\\]]", "]", "\\"},
      {"[\\a-\\c]", "abc", "\\-"},
      {"[+-/]", "+,-.", "/"},
      {"[[:digit:]]", "059", "a:["},
      {"[[:alpha:][:digit:]_]", "aZ0_", "- "},
      {"[![:space:]]", "a", " \t\n"},
      {"[[:upper:]]", "AZ", "az"},
      {"[[:punct:]]", "!~", "a "},
      {"[[:xdigit:]]", "09afAF", "gG"},
      {"[[:a]", "[:a", "b"},
      {"[[:digit]", "[:digt", "0]"},
      // No end, and a class that there is not: nothing, whatever stands in front of it.
      {"[a", "", "a["},
      {"[a[:nope:]]", "", "a:"},
      {"[", "", "["},
      {"[]", "", "]["},
      {"[a\\", "", "a\\"},
      {"[[:alpha:", "", "a[:"},
  };
  for (const auto& c : cases) {
    for (const char m : c.members) EXPECT_TRUE(matches(c.pattern, {&m, 1})) << c.pattern << m;
    for (const char o : c.others) EXPECT_FALSE(matches(c.pattern, {&o, 1})) << c.pattern << o;
  }
}

TEST(Wildcard, WhatSurroundsTheTextCounts) {
  const Wildcard deep("**/b");
  EXPECT_FALSE(deep.matches({.path = "b"}));
  EXPECT_TRUE(deep.matches({.slash_before = true, .path = "b"}));
  EXPECT_FALSE(deep.matches({.slash_before = true, .path = "xb"}));
  const Wildcard all("b/***");
  EXPECT_FALSE(all.matches({.path = "b"}));
  EXPECT_TRUE(all.matches({.path = "b", .slash_behind = true}));
  const Wildcard from("a/**");
  EXPECT_FALSE(from.matches({.path = "x/a/b"}));
  EXPECT_TRUE(from.matches({.path = "x/a/b", .from_any_component = true}));
  EXPECT_FALSE(from.matches({.path = "xa/b", .from_any_component = true}));
}

TEST(Wildcard, TooLongIsNothing) {
  const std::string stars = std::string(Wildcard::kMaxLength - 1, 'a') + "*";
  EXPECT_TRUE(matches(stars, std::string(Wildcard::kMaxLength, 'a')));
  EXPECT_FALSE(matches(stars + "*", std::string(Wildcard::kMaxLength, 'a')));
}

// A matcher that tries again for each star needs longer than the universe is old for any of these.
TEST(Wildcard, NoPatternTakesLong) {
  const auto many = [](std::string_view part, size_t length) {
    std::string text;
    while (text.size() + part.size() <= length) text += part;
    return text;
  };
  const std::string path = many("a/a", 3 * Wildcard::kMaxLength);
  const auto begin = std::chrono::steady_clock::now();
  for (const char* part : {"**a", "*a", "**a*", "**/*a/", "**?", "a**/", "**[ab]*[!b]"}) {
    const std::string pattern = many(part, Wildcard::kMaxLength - 1) + "b";
    EXPECT_FALSE(matches(pattern, path + "/b/")) << part;
    EXPECT_FALSE(Wildcard(pattern.substr(0, pattern.size() - 1) + "?")
                     .matches({.path = path + "/", .from_any_component = true}))
        << part;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace libcopyfile
