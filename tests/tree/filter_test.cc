// Rules: which of them decides, and what a pattern is compared with.
#include "tree/filter.h"

#include <gtest/gtest.h>

#include <thread>

namespace libcopyfile {
namespace {

using namespace std::string_literals;
using Action = Filter::Action;

Filter excluding(const std::vector<std::string>& rules) {
  Filter filter;
  for (const std::string& rule : rules) EXPECT_TRUE(filter.add(Action::exclude, rule)) << rule;
  return filter;
}

// Each case is asked both ways: the whole path, and its parts.
bool includes(const Filter& filter, const std::string& path, bool is_directory) {
  const bool answer = filter.includes(path, is_directory);
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  EXPECT_EQ(filter.includes(directory, name, is_directory), answer) << path;
  if (!filter.needs_path()) {
    EXPECT_EQ(filter.includes(name, is_directory), answer) << path;
  }
  return answer;
}

// A path that ends in a slash is that of a directory.
bool excluded(const std::vector<std::string>& rules, std::string path) {
  const bool is_directory = path.ends_with('/');
  if (is_directory) path.pop_back();
  return !includes(excluding(rules), path, is_directory);
}

TEST(Filter, WhatAPatternIsComparedWith) {
  const struct {
    std::string pattern;
    std::vector<std::string> excluded;
    std::vector<std::string> included;
  } cases[] = {
      {"foo", {"foo", "foo/", "a/foo", "a/b/foo/"}, {"xfoo", "foox", "foo/bar"}},
      {"*.o", {"a.o", "d/a.o", "d.o/", ".o"}, {"a.oo", "a.o/b"}},
      {"/foo", {"foo", "foo/"}, {"a/foo", "foo/foo"}},
      {"/foo*", {"foo", "foobar"}, {"a/foo", "foo/bar"}},
      {"foo/", {"foo/", "a/foo/"}, {"foo", "a/foo"}},
      {"/foo/", {"foo/"}, {"foo", "a/foo/"}},
      {"foo/bar", {"foo/bar", "a/foo/bar", "a/foo/bar/"}, {"bar", "xfoo/bar", "foo/bar/a"}},
      {"foo/*/bar", {"foo/x/bar", "a/foo/x/bar"}, {"foo/bar", "foo/x/y/bar"}},
      {"/foo/**/bar", {"foo/x/bar", "foo/x/y/bar"}, {"foo/bar", "a/foo/x/bar"}},
      {"foo/**/bar", {"foo/x/bar", "a/foo/x/y/bar"}, {"foo/bar", "xfoo/y/bar"}},
      {"foo**bar", {"foobar", "foo/bar", "a/foo/x/bar"}, {"xfoobar", "a/xfoo/bar"}},
      {"**foo", {"foo", "xfoo", "a/xfoo"}, {"foox"}},
      {"**/foo", {"foo", "a/foo", "a/b/foo/"}, {"xfoo", "a/xfoo"}},
      {"**/foo/bar", {"foo/bar", "a/foo/bar"}, {"xfoo/bar", "bar"}},
      {"foo/**", {"foo/a", "foo/a/b", "x/foo/a"}, {"foo", "foo/", "xfoo/a"}},
      {"/foo/***", {"foo/", "foo/a", "foo/a/b"}, {"foo", "x/foo/a", "x/foo/"}},
      {"foo/***", {"foo/", "foo/a", "x/foo/", "x/foo/a/b"}, {"foo", "xfoo/", "xfoo/a"}},
      {"*", {"a", "a/", "a/b"}, {}},
      {"*/", {"a/", "a/b/"}, {"a", "a/b"}},
      {"[ab]?", {"ax", "d/by"}, {"a", "cx", "ax/c"}},
      // Backslashes are bytes where there is no wildcard.
      {"a\\b", {"a\\b"}, {"ab"}},
      {"a\\b*", {"abc"}, {"a\\bc"}},
      {"a\\\\b*", {"a\\bc"}, {"abc"}},
      {"a\\*b", {"a*b"}, {"axb"}},
      {"a b ", {"a b "}, {"a b"}},
      {"/", {}, {"a", "a/"}},
      {"a//b", {}, {"a/b"}},
  };
  for (const auto& c : cases) {
    for (const auto& path : c.excluded)
      EXPECT_TRUE(excluded({c.pattern}, path)) << c.pattern << " " << path;
    for (const auto& path : c.included)
      EXPECT_FALSE(excluded({c.pattern}, path)) << c.pattern << " " << path;
  }
}

TEST(Filter, TheFirstRuleThatMatchesDecides) {
  const std::vector<std::string> sources{"+ */", "+ *.c", "- *"};
  EXPECT_FALSE(excluded(sources, "a/"));
  EXPECT_FALSE(excluded(sources, "a/b.c"));
  EXPECT_TRUE(excluded(sources, "a/b.h"));
  EXPECT_FALSE(excluded({"+ keep.o", "*.o"}, "d/keep.o"));
  EXPECT_TRUE(excluded({"*.o", "+ keep.o"}, "d/keep.o"));
  EXPECT_FALSE(excluded({}, "anything"));
}

TEST(Filter, SignsTellTheAction) {
  Filter filter;
  ASSERT_TRUE(filter.add(Action::include, "a"));
  ASSERT_TRUE(filter.add(Action::include, "- b"));
  ASSERT_TRUE(filter.add(Action::exclude, "+ c"));
  ASSERT_TRUE(filter.add(Action::exclude, "*"));
  EXPECT_TRUE(includes(filter, "a", false));
  EXPECT_FALSE(includes(filter, "b", false));
  EXPECT_TRUE(includes(filter, "c", false));
  EXPECT_FALSE(includes(filter, "d", false));
  // Only with a blank behind it is it a sign.
  EXPECT_TRUE(excluded({"-x"}, "-x"));
  EXPECT_TRUE(excluded({"!x"}, "!x"));
}

TEST(Filter, AnExclamationMarkForgetsAllRules) {
  const Filter filter = excluding({"a", "/b", "!", "c"});
  EXPECT_TRUE(includes(filter, "a", false));
  EXPECT_TRUE(includes(filter, "b", false));
  EXPECT_FALSE(includes(filter, "c", false));
  EXPECT_FALSE(filter.needs_path());
  EXPECT_TRUE(excluding({"a", "!"}).empty());
}

TEST(Filter, PathsAreNeededOnlyByRulesThatLookAtThem) {
  EXPECT_FALSE(excluding({"a", "*.o", "b/", "[x]?", "\\*"}).needs_path());
  for (const char* rule : {"/a", "a/b", "**", "a**", "/a/"}) {
    EXPECT_TRUE(excluding({"x", rule}).needs_path()) << rule;
  }
  Filter filter;
  EXPECT_FALSE(filter.needs_path());
  filter.set_list(*NameList::parse("a\n", EndsIn::newline, false));
  EXPECT_TRUE(filter.needs_path());
}

TEST(Filter, FilesOfRules) {
  Filter filter;
  ASSERT_TRUE(filter.add_all(Action::exclude, "# a comment\n;another\n\n*.o\r\n+ c\r- d\n#\n c",
                             EndsIn::newline));
  EXPECT_FALSE(includes(filter, "a.o", false));
  EXPECT_TRUE(includes(filter, "c", false));
  EXPECT_FALSE(includes(filter, "d", false));
  EXPECT_FALSE(includes(filter, " c", false));
  EXPECT_TRUE(includes(filter, "# a comment", false));
  EXPECT_TRUE(includes(filter, "#", false));

  Filter nul;
  ASSERT_TRUE(nul.add_all(Action::exclude, "two\nlines\0#comment\0cr\r\0"s, EndsIn::nul));
  EXPECT_FALSE(includes(nul, "two\nlines", false));
  EXPECT_TRUE(includes(nul, "#comment", false));
  EXPECT_FALSE(includes(nul, "cr\r", false));
  EXPECT_TRUE(includes(nul, "cr", false));
}

TEST(Filter, RefusalsNameThePlace) {
  const auto refusal = [](std::string_view text, EndsIn ends = EndsIn::newline) {
    Filter filter;
    const Accepted done = filter.add_all(Action::exclude, text, ends);
    return done ? "" : done.error();
  };
  EXPECT_EQ(refusal("a\n\n- \n"), "line 3: no pattern behind the sign");
  EXPECT_EQ(refusal("a\r\n+ \r\n"), "line 2: no pattern behind the sign");
  EXPECT_EQ(refusal("a\nb\0c\n"s), "line 2: there is a NUL in it");
  EXPECT_EQ(refusal("a\0+ \0"s, EndsIn::nul), "entry 2: no pattern behind the sign");
  EXPECT_EQ(refusal(std::string(4096, 'a')), "");
  EXPECT_EQ(refusal(std::string(4097, 'a')), "line 1: a pattern of more than 4096 bytes");
  Filter filter;
  EXPECT_FALSE(filter.add(Action::exclude, "a\0b"s));
  EXPECT_TRUE(filter.add(Action::exclude, ""));
  EXPECT_TRUE(filter.empty());
}

TEST(Filter, ListsAndRulesTogether) {
  Filter filter = excluding({"*.o", "/d/"});
  filter.set_list(*NameList::parse("a.o\nb\nd/e/f\nd/g.o\nh\n", EndsIn::newline, true));
  EXPECT_FALSE(filter.empty());
  EXPECT_FALSE(includes(filter, "a.o", false));
  EXPECT_TRUE(includes(filter, "b", false));
  EXPECT_FALSE(includes(filter, "c", false));
  // A directory on the way is taken whatever the rules say, and only as a directory.
  EXPECT_TRUE(includes(filter, "d", true));
  EXPECT_FALSE(includes(filter, "d", false));
  EXPECT_TRUE(includes(filter, "d/e", true));
  EXPECT_TRUE(includes(filter, "d/e/f", false));
  EXPECT_FALSE(includes(filter, "d/e/g", false));
  EXPECT_FALSE(includes(filter, "d/g.o", false));
  EXPECT_TRUE(includes(filter, "h/x", false));
  EXPECT_FALSE(includes(filter, "h/x.o", false));
  EXPECT_EQ(filter.only("d"), (std::vector<std::string_view>{"e", "g.o"}));
  EXPECT_EQ(filter.only("h"), std::nullopt);
  EXPECT_EQ(excluding({"a"}).only(""), std::nullopt);
}

TEST(Filter, DirectoriesThatAreLeftOutAreEnteredForWhatIsListedInThem) {
  Filter filter = excluding({"/a", "/b/x/"});
  filter.set_list(*NameList::parse("a\na/c/d\nb\nb/x/y\ne/\n.\n", EndsIn::newline, true));
  EXPECT_TRUE(includes(filter, "a", true));
  EXPECT_FALSE(includes(filter, "a", false));
  EXPECT_TRUE(includes(filter, "a/c", true));
  EXPECT_TRUE(includes(filter, "a/c/d", false));
  EXPECT_FALSE(includes(filter, "a/c/e", false));
  EXPECT_FALSE(includes(filter, "a/f", false));
  EXPECT_TRUE(includes(filter, "b/x", true));
  EXPECT_TRUE(includes(filter, "b/x/y", false));
  EXPECT_FALSE(includes(filter, "b/x/z", false));
  EXPECT_TRUE(includes(filter, "b/z", false));
  EXPECT_TRUE(includes(filter, "other", false));
}

TEST(Filter, IsAskedByManyThreads) {
  const Filter filter = excluding({"+ **/keep*", "**/d*/**", "*.o"});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&filter] {
      for (int i = 0; i < 2000; ++i) {
        const std::string name = std::to_string(i);
        EXPECT_FALSE(filter.includes("d", name, false));
        EXPECT_TRUE(filter.includes("d", "keep" + name, false));
        EXPECT_FALSE(filter.includes("e", name + ".o", false));
      }
    });
  }
}

}  // namespace
}  // namespace libcopyfile
