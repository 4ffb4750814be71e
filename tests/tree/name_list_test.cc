// Lists of names: what they take along, and what they leave.
#include "tree/name_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace libcopyfile {
namespace {

using namespace std::string_literals;
using Place = NameList::Place;
using Names = std::vector<std::string_view>;

NameList parsed(std::string_view text, bool recursive = false, EndsIn ends = EndsIn::newline) {
  auto list = NameList::parse(text, ends, recursive);
  EXPECT_TRUE(list) << list.error();
  return std::move(*list);
}

Names all(const NameList& list) {
  Names names;
  for (size_t i = 0; i < list.size(); ++i) names.push_back(list[i]);
  return names;
}

TEST(NameList, NamesAreMadePlain) {
  EXPECT_EQ(all(parsed("/b\na//c/\n./d/./e\n#comment\n;too\n\nb\r\n.#x\n")),
            (Names{".#x", "a/c", "b", "d/e"}));
  EXPECT_EQ(all(parsed(".\n/\n./\n//\n")), (Names{""}));
  EXPECT_EQ(all(parsed("a\nb\0#c\0;d\0\0e\r\0"s, false, EndsIn::nul)),
            (Names{"#c", ";d", "a\nb", "e\r"}));
  EXPECT_EQ(all(parsed("no end")), (Names{"no end"}));
  EXPECT_EQ(parsed("").size(), 0U);
}

TEST(NameList, WhatIsInADirectoryComesRightBehindIt) {
  EXPECT_EQ(all(parsed("a.b\na/b\na\na\x01\na/b/c\na-\n")),
            (Names{"a", "a/b", "a/b/c", "a\x01", "a-", "a.b"}));
}

TEST(NameList, DotsThatLeadUpAreRefused) {
  const auto refusal = [](std::string_view text, EndsIn ends = EndsIn::newline) {
    const auto list = NameList::parse(text, ends, false);
    return list ? "" : list.error();
  };
  EXPECT_EQ(refusal("a\n\n../b\n"), "line 3: '..' leads out of the source");
  EXPECT_EQ(refusal("a/..\n"), "line 1: '..' leads out of the source");
  EXPECT_EQ(refusal("a/../b\n"), "line 1: '..' leads out of the source");
  EXPECT_EQ(refusal("..\0"s, EndsIn::nul), "entry 1: '..' leads out of the source");
  EXPECT_EQ(refusal("x\na\0b\n"s), "line 2: there is a NUL in it");
  EXPECT_EQ(refusal("..a\na..\n...\n"), "");
}

TEST(NameList, Places) {
  const NameList list = parsed("a/b/c\nd\ne/\n");
  EXPECT_EQ(list.place_of(""), Place::implied);
  EXPECT_EQ(list.place_of("a"), Place::implied);
  EXPECT_EQ(list.place_of("a/b"), Place::implied);
  EXPECT_EQ(list.place_of("a/b/c"), Place::listed);
  EXPECT_EQ(list.place_of("a/b/c/d"), Place::outside);
  EXPECT_EQ(list.place_of("a/b/d"), Place::outside);
  EXPECT_EQ(list.place_of("a/bb"), Place::outside);
  EXPECT_EQ(list.place_of("a.b"), Place::outside);
  EXPECT_EQ(list.place_of("d"), Place::listed);
  EXPECT_EQ(list.place_of("d/x"), Place::outside);
  EXPECT_EQ(list.place_of("e/x"), Place::below);
  EXPECT_EQ(list.place_of("e/x/y"), Place::outside);
  EXPECT_EQ(list.place_of("f"), Place::outside);
}

TEST(NameList, PlacesInARecursiveList) {
  const NameList list = parsed("a\na/b/c\nd/e/\n", true);
  EXPECT_EQ(list.place_of("a/b"), Place::implied);
  EXPECT_EQ(list.place_of("a/x/y/z"), Place::below);
  EXPECT_EQ(list.place_of("a/b/c/d"), Place::below);
  EXPECT_EQ(list.place_of("a/b/d"), Place::below);
  EXPECT_EQ(list.place_of("d/e/f/g"), Place::below);
  EXPECT_EQ(list.place_of("d/f"), Place::outside);
  EXPECT_EQ(list.place_of("a.x"), Place::outside);
}

TEST(NameList, TheSourceItself) {
  EXPECT_EQ(parsed(".\n").place_of("a"), Place::below);
  EXPECT_EQ(parsed(".\n").place_of("a/b"), Place::outside);
  EXPECT_EQ(parsed(".\n", true).place_of("a/b"), Place::below);
  EXPECT_EQ(parsed("", true).place_of("a"), Place::outside);
}

TEST(NameList, OnlyTheseNamesNeedBeLookedFor) {
  const NameList list = parsed("a/b/c\na/d\na/b/e\nf/\ng\nf/h/i\n");
  EXPECT_EQ(list.only(""), (Names{"a", "f", "g"}));
  EXPECT_EQ(list.only("a"), (Names{"b", "d"}));
  EXPECT_EQ(list.only("a/b"), (Names{"c", "e"}));
  EXPECT_EQ(list.only("f"), std::nullopt);
  EXPECT_EQ(list.only("f/h"), (Names{"i"}));
  EXPECT_EQ(list.only("f/x"), Names{});
  EXPECT_EQ(list.only("g"), Names{});
  EXPECT_EQ(parsed("a/b\n", true).only("a/b"), std::nullopt);
  EXPECT_EQ(parsed("a/b\n", true).only("a/b/c/d"), std::nullopt);
  EXPECT_EQ(parsed("a\na/b/c\n", true).only("a/b"), std::nullopt);
  EXPECT_EQ(parsed(".\n").only(""), std::nullopt);
}

// The definition, word by word.
Place place_by_definition(const std::set<std::string>& listed,
                          const std::set<std::string>& contents, const std::string& path,
                          bool recursive) {
  if (listed.contains(path)) return Place::listed;
  for (const std::string& name : listed) {
    if (name.starts_with(path + "/")) return Place::implied;
  }
  bool direct = true;
  for (size_t slash = path.rfind('/'); slash != std::string::npos;
       slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
    const std::string above = path.substr(0, slash);
    if (listed.contains(above) && (recursive || (direct && contents.contains(above)))) {
      return Place::below;
    }
    direct = false;
  }
  return Place::outside;
}

TEST(NameList, PlacesAreThoseOfTheDefinition) {
  std::mt19937 random(4);
  const auto any_path = [&random] {
    const char* const names[] = {"a", "b", "a.", "aa", "a\x01", "-"};
    std::string path = names[random() % std::size(names)];
    while (random() % 3 != 0) path += std::string("/") + names[random() % std::size(names)];
    return path;
  };
  for (int round = 0; round < 200; ++round) {
    const bool recursive = random() % 2 == 0;
    std::set<std::string> listed, contents;
    std::string text;
    for (size_t i = random() % 12; i > 0; --i) {
      const std::string path = any_path();
      listed.insert(path);
      if (random() % 4 == 0) contents.insert(path);
      text += path + (contents.contains(path) ? "/\n" : "\n");
    }
    const NameList list = parsed(text, recursive);
    for (int i = 0; i < 100; ++i) {
      const std::string path = any_path();
      EXPECT_EQ(list.place_of(path), place_by_definition(listed, contents, path, recursive))
          << path << " in\n"
          << text;
      const auto names = list.only(path);
      const std::string name = any_path().substr(0, 1);
      if (names && std::find(names->begin(), names->end(), name) == names->end()) {
        EXPECT_EQ(list.place_of(path + "/" + name), Place::outside) << path << " " << name;
      }
    }
  }
}

}  // namespace
}  // namespace libcopyfile
