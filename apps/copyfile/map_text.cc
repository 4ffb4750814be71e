#include "copyfile/map_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "copyfile/map_cells.h"
#include "copyfile/quote.h"
#include "copyfile/sizes.h"

namespace libcopyfile::app {
namespace {

// How a cell is drawn. Two more than there are looks: what is half a hole, and a hole with something in it, have signs
// of their own.
struct Sign {
  std::string_view ascii, block, colour, meaning;
};
constexpr size_t kHalfHole = kLooks;
constexpr size_t kHoleWithSomething = kLooks + 1;
constexpr std::array<Sign, kLooks + 2> kSigns{{
    {"#", "\u2588", "32", "data"},                 // full block
    {"s", "\u2593", "36", "shared"},               // dark shade
    {"p", "\u2591", "33", "preallocated"},         // light shade
    {".", "\u00b7", "2", "hole"},                  // middle dot
    {"+", "\u2584", "32", "half hole"},            // lower half block
    {":", "\u2581", "32", "hole with some data"},  // lower eighth block
}};

const Sign& sign_of(const Cell& cell) {
  if (cell.is_half_hole()) return kSigns[kHalfHole];
  if (cell.is_hole_with_something()) return kSigns[kHoleWithSomething];
  return kSigns[index_of(cell.most())];
}

std::string_view glyph(const Sign& sign, const TextStyle& style) {
  return style.utf8 ? sign.block : sign.ascii;
}

std::string coloured(const Sign& sign, std::string_view text, const TextStyle& style) {
  return style.colour ? fmt::format("\033[{}m{}\033[0m", sign.colour, text) : std::string(text);
}

std::string bar(const std::vector<Cell>& cells, const TextStyle& style) {
  std::string text;
  for (size_t i = 0; i < cells.size();) {
    const Sign& sign = sign_of(cells[i]);
    std::string run;
    for (; i < cells.size() && &sign_of(cells[i]) == &sign; ++i) run += glyph(sign, style);
    text += coloured(sign, run, style);
  }
  return text;
}

std::string percent(uint64_t part, uint64_t whole) {
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (part < whole && share > 99) return ">99%";
  return share < 1 ? "<1%" : fmt::format("{:.0f}%", share);
}

std::string amount(std::string_view what, uint64_t bytes, const FileMap& map) {
  if (bytes == 0) return fmt::format("{} 0", what);
  return fmt::format("{} {} ({})", what, format_size(bytes), percent(bytes, map.size));
}

}  // namespace

std::string size_in_words(const FileMap& map) {
  std::string text = fmt::format("size {}", format_size(map.size));
  if (map.size >= 1024) text += fmt::format(" ({} bytes)", map.size);
  text += fmt::format(", {} on disk", format_size(map.allocated));
  if (map.extents > 0) {
    text += fmt::format(" in {} extent{}", map.extents, map.extents == 1 ? "" : "s");
  }
  return text;
}

std::string kinds_in_words(const FileMap& map) {
  if (map.made_up) return "the contents are made when they are read: the size says nothing";
  std::string text = "empty";
  if (map.size > 0) {
    text = amount("data", map.data, map);
    if (!map.refused) text += "; " + amount("preallocated", map.preallocated, map);
    text += "; " + amount("holes", map.holes, map);
    if (!map.refused) text += "; " + amount("shared", map.shared, map);
  }
  if (map.behind_end > 0) {
    text += fmt::format("; {} preallocated behind the end", format_size(map.behind_end));
  }
  return text;
}

std::string doubts_in_words(const FileMap& map) {
  if (!map.refused || map.made_up) return {};
  return fmt::format("what is shared or preallocated is unknown here (FIEMAP: {})",
                     strerrordesc_np(*map.refused));
}

std::string map_as_text(const FileMap& map, const TextStyle& style) {
  constexpr unsigned kFrame = 2;
  const std::vector<Cell> cells = cells_of(map, std::max(style.columns, kFrame + 1) - kFrame);
  std::string text = quoted_if_needed(map.name, style.utf8) + '\n';
  if (!cells.empty()) text += fmt::format("[{}]\n", bar(cells, style));
  text += size_in_words(map);
  if (cells.size() > 1) text += fmt::format("; a cell is {}", format_size(map.size / cells.size()));
  text += '\n' + kinds_in_words(map) + '\n';
  const std::string doubts = doubts_in_words(map);
  return doubts.empty() ? text : text + doubts + '\n';
}

std::string legend_as_text(const TextStyle& style) {
  std::string text;
  for (const Sign& sign : kSigns) {
    if (!text.empty()) text += "  ";
    text += fmt::format("{} {}", coloured(sign, glyph(sign, style), style), sign.meaning);
  }
  return text + '\n';
}

}  // namespace libcopyfile::app
