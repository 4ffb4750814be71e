// How maps are drawn, from maps made by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "copyfile/map_cells.h"
#include "copyfile/map_json.h"
#include "copyfile/map_svg.h"
#include "copyfile/map_text.h"
#include "testing/process.h"

namespace libcopyfile::app {
namespace {

constexpr uint64_t kKi = 1024;

struct Part {
  uint64_t length;
  Look look;
};

FileMap map_of(const std::vector<Part>& parts, std::string name = "image") {
  FileMap map;
  map.name = std::move(name);
  for (const Part& p : parts) {
    Piece piece{{map.size, map.size + p.length}};
    piece.shared = p.look == Look::shared;
    if (p.look == Look::hole) {
      piece.kind = ExtentKind::hole;
      map.holes += p.length;
    } else {
      if (p.look == Look::preallocated) piece.kind = ExtentKind::unwritten;
      (p.look == Look::preallocated ? map.preallocated : map.data) += p.length;
      if (piece.shared) map.shared += p.length;
      piece.physical = 1000 * kKi + map.size;
      map.allocated += p.length;
      ++map.extents;
    }
    map.pieces.push_back(piece);
    map.size += p.length;
  }
  return map;
}

std::string bar_of(const FileMap& map, unsigned cells) {
  const std::string text = map_as_text(map, {.columns = cells + 2});
  const size_t begin = text.find('[');
  return text.substr(begin + 1, text.find(']') - begin - 1);
}

TEST(MapCells, CoverEveryByteOnce) {
  for (const uint64_t size :
       {uint64_t{1}, uint64_t{7}, uint64_t{1000}, uint64_t{1} << 40, kMaxOffset}) {
    for (const size_t count : {size_t{1}, size_t{3}, size_t{78}, size_t{960}}) {
      const FileMap map = map_of({{size / 3, Look::data}, {size - size / 3, Look::hole}});
      const std::vector<Cell> cells = cells_of(map, count);
      ASSERT_EQ(cells.size(), std::min<uint64_t>(count, size));
      uint64_t data = 0;
      uint64_t holes = 0;
      for (const Cell& cell : cells) {
        EXPECT_GT(cell.length, 0U);
        EXPECT_EQ(cell.bytes[index_of(Look::data)] + cell.bytes[index_of(Look::hole)], cell.length);
        data += cell.bytes[index_of(Look::data)];
        holes += cell.bytes[index_of(Look::hole)];
      }
      EXPECT_EQ(data, size / 3);
      EXPECT_EQ(holes, size - size / 3);
    }
  }
}

TEST(MapCells, ManyPiecesInOneCell) {
  std::vector<Part> parts;
  for (int i = 0; i < 100; ++i) {
    parts.push_back({1, Look::data});
    parts.push_back({2, Look::shared});
    parts.push_back({3, Look::hole});
  }
  const std::vector<Cell> cells = cells_of(map_of(parts), 1);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].bytes, (PerLook<uint64_t>{100, 200, 0, 300}));
  EXPECT_EQ(cells[0].most(), Look::hole);
  EXPECT_TRUE(cells[0].is_hole_with_something());
}

TEST(MapText, LargestShareDecides) {
  EXPECT_EQ(
      bar_of(
          map_of(
              {{40, Look::data}, {20, Look::hole}, {20, Look::preallocated}, {20, Look::shared}}),
          10),
      "####..ppss");
  EXPECT_EQ(bar_of(map_of({{7, Look::data}, {13, Look::hole}}), 2), "#.");
  EXPECT_EQ(bar_of(map_of({{3, Look::data}, {17, Look::hole}}), 2), ":.");
  EXPECT_EQ(bar_of(map_of({{4, Look::hole}, {6, Look::shared}, {10, Look::preallocated}}), 2),
            "sp");
}

// Which of the two is more would change from cell to cell, and the bar would show a pattern that is not there.
TEST(MapText, HalfHoleIsASignOfItsOwn) {
  std::vector<Part> parts;
  for (int i = 0; i < 1000; ++i)
    parts.insert(parts.end(), {{4096, Look::data}, {4096, Look::hole}});
  parts.push_back({4096, Look::data});
  EXPECT_EQ(bar_of(map_of(parts), 30), std::string(30, '+'));
  EXPECT_EQ(bar_of(map_of({{6, Look::data}, {14, Look::hole}}), 2), "+.");
  EXPECT_EQ(bar_of(map_of({{1, Look::data}, {1, Look::hole}}), 2), "#.");
  EXPECT_EQ(bar_of(map_of({{kMaxOffset / 2, Look::data}, {kMaxOffset / 2, Look::hole}}), 1), "+");
}

TEST(MapText, IslandsInLargeHolesShow) {
  constexpr uint64_t kTi = uint64_t{1} << 40;
  EXPECT_EQ(
      bar_of(
          map_of({{kTi / 2, Look::hole}, {4 * kKi, Look::data}, {kTi / 2 - 4 * kKi, Look::hole}}),
          8),
      "....:...");
  EXPECT_EQ(bar_of(map_of({{kTi, Look::hole}}), 4), "....");
}

TEST(MapText, FilesShorterThanTheBarHaveACellForEachByte) {
  EXPECT_EQ(bar_of(map_of({{2, Look::data}, {1, Look::hole}}), 78), "##.");
}

TEST(MapText, SaysSizesAndKinds) {
  const FileMap map = map_of({{1024 * kKi, Look::data},
                              {512 * kKi, Look::shared},
                              {500 * kKi, Look::preallocated},
                              {12 * kKi, Look::hole}});
  EXPECT_EQ(map_as_text(map, {.columns = 18}),
            "image\n"
            "[########ssssppp"
            "p]\n"
            "size 2.0M (2097152 bytes), 2.0M on disk in 3 extents; a cell is 128K\n"
            "data 1.5M (75%); preallocated 500K (24%); holes 12K (<1%); shared 512K (25%)\n");
}

TEST(MapText, UsesBlocksInUtf8AndColoursOnTerminals) {
  const FileMap map =
      map_of({{10, Look::data}, {10, Look::shared}, {10, Look::preallocated}, {10, Look::hole}});
  EXPECT_NE(map_as_text(map, {.columns = 6, .utf8 = true}).find("[█▓░·]"), std::string::npos);
  const std::string coloured = map_as_text(map, {.columns = 10, .colour = true});
  EXPECT_NE(coloured.find("[\033[32m##\033[0m\033[36mss\033[0m\033[33mpp\033[0m\033[2m..\033[0m]"),
            std::string::npos)
      << coloured;
  EXPECT_EQ(map_as_text(map, {.columns = 10, .utf8 = true}).find('\033'), std::string::npos);
  EXPECT_EQ(legend_as_text({}),
            "# data  s shared  p preallocated  . hole  + half hole  : hole with some data\n");
  EXPECT_EQ(legend_as_text({.utf8 = true}),
            "█ data  ▓ shared  ░ preallocated  · hole  ▄ half hole  ▁ hole with some data\n");
}

TEST(MapText, SaysWhatIsUnknown) {
  FileMap map = map_of({{5, Look::data}});
  map.refused = EOPNOTSUPP;
  map.extents = 0;
  EXPECT_EQ(map_as_text(map, {}),
            "image\n[#####]\nsize 5, 5 on disk; a cell is 1\ndata 5 (100%); holes 0\n"
            "what is shared or preallocated is unknown here (FIEMAP: Operation not supported)\n");
}

TEST(MapText, EmptyFilesHaveNoBar) {
  FileMap map;
  map.name = "nothing";
  EXPECT_EQ(map_as_text(map, {}), "nothing\nsize 0, 0 on disk\nempty\n");
  map.allocated = map.behind_end = 4096;
  map.extents = 1;
  EXPECT_EQ(map_as_text(map, {}),
            "nothing\nsize 0, 4.0K on disk in 1 extent\nempty; 4.0K preallocated behind the end\n");
}

TEST(MapText, NamesCannotControlTheTerminal) {
  const std::string text = map_as_text(map_of({{1, Look::data}}, "\033[2Jx\n"), {});
  EXPECT_TRUE(text.starts_with("''$'\\033''[2Jx'$'\\n'\n[#]\n")) << text;
}

// Fails where a parser of another make finds fault with the document.
void expect_well_formed(const std::string& svg) {
  const test::Finished parsed = test::run(
      {"python3", "-c", "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.stdin.buffer)"},
      {.input = svg});
  EXPECT_TRUE(parsed.ok()) << parsed.err;
}

size_t count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(MapSvg, DrawsAColumnInProportion) {
  const std::string svg = maps_as_svg(std::array{map_of(
      {{480, Look::data}, {240, Look::hole}, {120, Look::shared}, {120, Look::preallocated}})});
  expect_well_formed(svg);
  EXPECT_NE(svg.find("<rect x=\"0\" y=\"0\" width=\"480\" height=\"48\" fill=\"#0072b2\"/>"),
            std::string::npos);
  EXPECT_NE(svg.find("<rect x=\"720\" y=\"0\" width=\"120\" height=\"48\" fill=\"#009e73\"/>"),
            std::string::npos);
  EXPECT_NE(svg.find("<rect x=\"840\" y=\"0\" width=\"120\" height=\"48\" fill=\"#e69f00\"/>"),
            std::string::npos);
  const std::string half = maps_as_svg(std::array{map_of({{1, Look::data}, {1, Look::hole}})});
  EXPECT_NE(half.find("<rect x=\"0\" y=\"0\" width=\"480\" height=\"48\""), std::string::npos);
}

TEST(MapSvg, IslandsInLargeHolesShow) {
  constexpr uint64_t kTi = uint64_t{1} << 40;
  const std::string svg = maps_as_svg(std::array{
      map_of({{kTi / 2, Look::hole}, {4 * kKi, Look::data}, {kTi / 2 - 4 * kKi, Look::hole}})});
  EXPECT_NE(svg.find("<rect x=\"480\" y=\"43\" width=\"1\" height=\"5\" fill=\"#0072b2\"/>"),
            std::string::npos)
      << svg;
}

TEST(MapSvg, NamesAreOnlyText) {
  std::string hostile = "</text><script>alert(1)</script>&\"' ";
  for (int c = 1; c < 256; ++c) hostile += static_cast<char>(c);
  FileMap empty;
  empty.name = "\xff]]>";
  const std::array maps{map_of({{1, Look::data}}, hostile), empty,
                        map_of({{1, Look::hole}}, std::string(4000, 'n'))};
  const std::string svg = maps_as_svg(maps);
  expect_well_formed(svg);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(count(svg, "<title>"), 3U);
}

TEST(MapSvg, SizeDoesNotGrowWithTheExtents) {
  std::vector<Part> parts;
  for (int i = 0; i < 100000; ++i) {
    parts.push_back({4096, Look::data});
    parts.push_back({4096 * (1 + static_cast<uint64_t>(i) % 7), Look::hole});
  }
  const std::string svg = maps_as_svg(std::array{map_of(parts)});
  EXPECT_LT(svg.size(), 200U * kKi);
  expect_well_formed(svg);
}

TEST(MapJson, HasEveryPiece) {
  FileMap map = map_of(
      {{4096, Look::data}, {4096, Look::hole}, {8192, Look::shared}, {100, Look::preallocated}},
      "a \"name\" \xff");
  map.pieces[0].physical.reset();
  map.behind_end = 4096;
  const auto json = nlohmann::json::parse(map_as_json(map));
  EXPECT_EQ(json["file"], "a \"name\" \uFFFD");
  EXPECT_EQ(json["size"], 16484);
  EXPECT_EQ(json["fiemap"], true);
  EXPECT_EQ(json["extent_count"], 3);
  EXPECT_EQ(
      json["bytes"],
      nlohmann::json::parse(
          R"({"data":12288,"preallocated":100,"hole":4096,"shared":8192,"preallocated_behind_end":4096})"));
  ASSERT_EQ(json["extents"].size(), 4U);
  EXPECT_EQ(json["extents"][0],
            nlohmann::json::parse(
                R"({"start":0,"length":4096,"kind":"data","shared":false,"physical":null})"));
  EXPECT_EQ(json["extents"][1],
            nlohmann::json::parse(
                R"({"start":4096,"length":4096,"kind":"hole","shared":false,"physical":null})"));
  EXPECT_EQ(json["extents"][2],
            nlohmann::json::parse(
                R"({"start":8192,"length":8192,"kind":"data","shared":true,"physical":1032192})"));
  EXPECT_EQ(json["extents"][3]["kind"], "preallocated");
}

TEST(MapJson, UnknownIsNull) {
  FileMap map = map_of({{5, Look::data}, {5, Look::hole}});
  map.refused = EOPNOTSUPP;
  for (Piece& p : map.pieces) p.physical.reset();
  const auto json = nlohmann::json::parse(map_as_json(map));
  EXPECT_EQ(json["fiemap"], false);
  EXPECT_TRUE(json["extent_count"].is_null());
  EXPECT_TRUE(json["bytes"]["shared"].is_null());
  EXPECT_TRUE(json["bytes"]["preallocated"].is_null());
  EXPECT_EQ(json["bytes"]["hole"], 5);
  EXPECT_TRUE(json["extents"][0]["shared"].is_null());
  EXPECT_EQ(json["extents"][1]["shared"], false);
}

}  // namespace
}  // namespace libcopyfile::app
