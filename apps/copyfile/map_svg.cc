#include "copyfile/map_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "copyfile/map_cells.h"
#include "copyfile/map_text.h"
#include "copyfile/quote.h"
#include "copyfile/sizes.h"

namespace libcopyfile::app {
namespace {

// In pixels.
constexpr int kMargin = 24;
constexpr int kBarWidth = 960;
constexpr int kBarHeight = 48;
constexpr int kFileHeight = 148;
constexpr int kEmptyFileHeight = 74;
constexpr int kLegendHeight = 40;
constexpr int kWidth = kBarWidth + 2 * kMargin;
// The least that is seen of a kind that a column holds.
constexpr int kLeastHeight = 5;

struct Paint {
  Look look;
  std::string_view colour, meaning;
};
// Okabe and Ito's colours, which people who do not see all colours tell apart. From below upwards.
constexpr std::array<Paint, kLooks> kPaints{{{Look::data, "#0072b2", "data"},
                                             {Look::shared, "#009e73", "shared"},
                                             {Look::preallocated, "#e69f00", "preallocated"},
                                             {Look::hole, "#eceff1", "hole"}}};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

// Quoting leaves only printable characters, so the text is XML whatever the name was. Long names lose their middle:
// both the directory and the ending tell.
std::string shown_name(const std::string& name) {
  constexpr size_t kLongest = 110;
  constexpr size_t kEnds = 52;
  std::string text = quoted_if_needed(name, true);
  if (text.size() <= kLongest) return text;
  size_t head = kEnds;
  size_t tail = text.size() - kEnds;
  const auto inside_character = [&](size_t i) { return (text[i] & 0xc0) == 0x80; };
  while (head > 0 && inside_character(head)) --head;
  while (tail < text.size() && inside_character(tail)) ++tail;
  return text.substr(0, head) + "\u2026" + text.substr(tail);
}

// Heights of one column, in pixels, from below.
using Stack = PerLook<int>;

Stack stack_of(const Cell& cell) {
  Stack stack{};
  int left = kBarHeight;
  for (const Look look : {Look::data, Look::shared, Look::preallocated}) {
    const uint64_t bytes = cell.bytes[index_of(look)];
    if (bytes == 0) continue;
    const double share = static_cast<double>(bytes) / static_cast<double>(cell.length);
    const int height = std::max(kLeastHeight, static_cast<int>(std::lround(share * kBarHeight)));
    stack[index_of(look)] = std::min(height, left);
    left -= stack[index_of(look)];
  }
  stack[index_of(Look::hole)] = left;
  return stack;
}

class Picture {
 public:
  explicit Picture(std::span<const FileMap> maps) {
    int height = kMargin + kLegendHeight;
    for (const FileMap& map : maps) height += height_of(map);
    add("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\" "
        "font-family=\"sans-serif\" font-size=\"13\" fill=\"#263238\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
        kWidth, height);
  }

  void file(const FileMap& map) {
    add("<g transform=\"translate({}, {})\">\n", kMargin, kMargin + y_);
    y_ += height_of(map);
    add("<title>{}</title>\n", escaped(quoted_if_needed(map.name, true)));
    add("<text y=\"10\" font-size=\"15\" font-weight=\"bold\">{}</text>\n",
        escaped(shown_name(map.name)));
    add("<text y=\"30\">{}</text>\n", escaped(size_in_words(map)));
    const std::string doubts = doubts_in_words(map);
    add("<text y=\"48\">{}</text>\n",
        escaped(kinds_in_words(map) + (doubts.empty() ? "" : "; ") + doubts));
    if (map.size > 0) {
      bar(map);
      scale(map);
    }
    add("</g>\n");
  }

  std::string finish() && {
    add("<g transform=\"translate({}, {})\">\n", kMargin, kMargin + y_);
    int x = 0;
    for (const Paint& paint : kPaints) {
      add("<rect x=\"{}\" width=\"14\" height=\"14\" fill=\"{}\" stroke=\"#90a4ae\"/>"
          "<text x=\"{}\" y=\"12\">{}</text>\n",
          x, paint.colour, x + 20, paint.meaning);
      x += 130;
    }
    add("<text x=\"{}\" y=\"12\" text-anchor=\"end\" fill=\"#607d8b\">a column is filled in "
        "proportion to what "
        "it holds</text>\n",
        kBarWidth);
    add("</g>\n</svg>\n");
    return std::move(svg_);
  }

 private:
  static constexpr int kBarTop = 60;

  static int height_of(const FileMap& map) { return map.size > 0 ? kFileHeight : kEmptyFileHeight; }

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<Args>(args)...);
  }

  void bar(const FileMap& map) {
    add("<g transform=\"translate(0, {})\" shape-rendering=\"crispEdges\">\n", kBarTop);
    add("<rect width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", kBarWidth, kBarHeight,
        kPaints[index_of(Look::hole)].colour);
    const std::vector<Cell> cells = cells_of(map, kBarWidth);
    std::vector<Stack> stacks(cells.size());
    std::transform(cells.begin(), cells.end(), stacks.begin(), stack_of);
    for (size_t i = 0; i < stacks.size();) {
      size_t end = i + 1;
      while (end < stacks.size() && stacks[end] == stacks[i]) ++end;
      columns(stacks[i], edge(i, stacks.size()), edge(end, stacks.size()));
      i = end;
    }
    add("<rect width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#90a4ae\"/>\n</g>\n", kBarWidth,
        kBarHeight);
  }
  // Where cell `i` begins: files shorter than the bar have wider cells.
  static int edge(size_t i, size_t cells) { return static_cast<int>(i * kBarWidth / cells); }

  void columns(const Stack& stack, int begin, int end) {
    int y = kBarHeight;
    for (const Paint& paint : kPaints) {
      const int height = stack[index_of(paint.look)];
      y -= height;
      if (height == 0 || paint.look == Look::hole) continue;
      add("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", begin, y,
          end - begin, height, paint.colour);
    }
  }

  void scale(const FileMap& map) {
    const int parts = map.size < 1024 ? 1 : 4;
    const int top = kBarTop + kBarHeight;
    for (int i = 0; i <= parts; ++i) {
      const int x = kBarWidth * i / parts;
      const uint64_t offset =
          i == parts ? map.size
                     : map.size / static_cast<unsigned>(parts) * static_cast<unsigned>(i);
      const std::string_view anchor = i == 0 ? "start" : i == parts ? "end" : "middle";
      add("<path d=\"M{} {}v5\" stroke=\"#90a4ae\"/>"
          "<text x=\"{}\" y=\"{}\" font-size=\"11\" text-anchor=\"{}\">{}</text>\n",
          x, top, x, top + 17, anchor, format_size(offset));
    }
  }

  std::string svg_;
  int y_ = 0;
};

}  // namespace

std::string maps_as_svg(std::span<const FileMap> maps) {
  Picture picture(maps);
  for (const FileMap& map : maps) picture.file(map);
  return std::move(picture).finish();
}

}  // namespace libcopyfile::app
