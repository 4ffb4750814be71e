#include "copyfile/map_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "copyfile/document.h"
#include "copyfile/map_file.h"
#include "copyfile/map_json.h"
#include "copyfile/map_svg.h"
#include "copyfile/map_text.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/sizes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

constexpr std::string_view kHelp =
    R"(Usage: copyfile map [OPTION]... FILE...
Draw where each FILE has data, holes, preallocated and shared extents.

      --svg=FILE          draw into FILE instead of the terminal ('-': standard
                            output)
      --json              one JSON object a line, for each FILE: every extent,
                            and where it is on the device
      --width=COLUMNS     how wide to draw (default: the terminal)
      --help              this text

A character stands for what most of its part of the file is. It is coloured on
a terminal, unless NO_COLOR is set, and a block where the locale is UTF-8.
Exit status: 0 all drawn, 1 some files could not be, 2 wrong usage.
)";

struct MapOptions {
  std::vector<std::string> files;
  std::string svg;
  bool json = false;
  unsigned width = 0;  // 0: the terminal's
};

std::string_view describe(FileType type) {
  switch (type) {
    case FileType::directory: return "a directory";
    case FileType::block_device: return "a block device";
    case FileType::stream: return "a pipe, a socket or a character device";
    default: return "something else";
  }
}

bool is_regular(const std::string& name, FileType type) {
  if (type == FileType::regular) return true;
  complain(fmt::format("{} is {}, not a regular file", app::quoted(name), describe(type)));
  return false;
}

// Nothing where the file cannot be mapped, which has been told then.
std::optional<FileMap> map_of(Files& files, Names& names, const std::string& name) {
  // Looked at before it is opened: opening a pipe waits, and opening a device can have effects (a tape rewinds).
  const Result<FileStat> stat = names.stat(AT_FDCWD, name, true);
  if (!stat) {
    complain(fmt::format("cannot stat {}", app::quoted(name)), stat.error().code);
    return std::nullopt;
  }
  if (!is_regular(name, stat->type)) return std::nullopt;
  const Result<Fd> fd = names.open(AT_FDCWD, name, Open::read);
  if (!fd) {
    complain(fmt::format("cannot open {} for reading", app::quoted(name)), fd.error().code);
    return std::nullopt;
  }
  Result<FileMap> map = read_map(files, fd->get(), name);
  if (!map) {
    complain(fmt::format("cannot {} {}", libcopyfile::describe(map.error().op), app::quoted(name)),
             map.error().code);
    return std::nullopt;
  }
  return std::move(*map);
}

TextStyle style_for(const MapOptions& options) {
  const auto variable = [](const char* name) -> std::string_view {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? "" : value;
  };
  TextStyle style;
  style.columns = options.width > 0 ? options.width : terminal_columns(STDOUT_FILENO);
  style.utf8 = locale_is_utf8();
  style.colour = ::isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty() &&
                 !variable("TERM").empty() && variable("TERM") != "dumb";
  return style;
}

// Gives each map to `use`. False if a file could not be mapped.
template <class Use>
bool for_each_map(const MapOptions& options, Use use) {
  KernelFiles files;
  KernelNames names;
  bool good = true;
  for (const std::string& name : options.files) {
    if (std::optional<FileMap> map = map_of(files, names, name)) {
      use(std::move(*map));
    } else {
      good = false;
    }
  }
  return good;
}

bool print_maps(const MapOptions& options) {
  if (options.json) {
    return for_each_map(options, [](const FileMap& map) { print(map_as_json(map) + '\n'); });
  }
  const TextStyle style = style_for(options);
  bool any = false;
  const bool good = for_each_map(options, [&](const FileMap& map) {
    if (any) print("\n");
    any = true;
    print(map_as_text(map, style));
  });
  if (any) print('\n' + legend_as_text(style));
  return good;
}

bool draw_maps(const MapOptions& options) {
  std::vector<FileMap> maps;
  const bool good = for_each_map(options, [&](FileMap map) {
    if (options.json) print(map_as_json(map) + '\n');
    maps.push_back(std::move(map));
  });
  if (maps.empty()) return good;  // a picture of nothing replaces nothing
  const std::string picture = maps_as_svg(maps);
  if (options.svg == "-") {
    print(picture);
  } else if (const Done ok = write_document(options.svg, picture); !ok) {
    complain(
        fmt::format("cannot {} {}", libcopyfile::describe(ok.error().op), app::quoted(options.svg)),
        ok.error().code);
    return false;
  }
  return good;
}

// The status to exit with, if that is all there is to do.
std::optional<int> parse(int argc, char** argv, MapOptions& options) {
  enum Key : int { kSvg = 1000, kJson, kWidth, kHelpKey };
  constexpr std::array kOptions{option{"svg", required_argument, nullptr, kSvg},
                                option{"json", no_argument, nullptr, kJson},
                                option{"width", required_argument, nullptr, kWidth},
                                option{"help", no_argument, nullptr, kHelpKey}, option{}};
  constexpr uint64_t kLeastWidth = 3;
  constexpr uint64_t kMostWidth = 10000;
  // getopt_long() heads its messages with argv[0], which is the verb here.
  std::string name = program_name();
  char* const verb = std::exchange(argv[0], name.data());
  set_verb(verb);
  std::optional<int> exit;
  optind = 0;
  while (!exit) {
    // No other thread is there yet.  NOLINTNEXTLINE(concurrency-mt-unsafe)
    const int key = ::getopt_long(argc, argv, "", kOptions.data(), nullptr);
    if (key == -1) break;
    switch (key) {
      case kSvg: options.svg = optarg; break;
      case kJson: options.json = true; break;
      case kWidth: {
        const Parsed<uint64_t> width = parse_size(optarg);
        if (!width || *width < kLeastWidth || *width > kMostWidth) {
          exit = usage_error(fmt::format("invalid width {}: it is a number from {} to {}",
                                         app::quoted(std::string_view(optarg)), kLeastWidth,
                                         kMostWidth));
        } else {
          options.width = static_cast<unsigned>(*width);
        }
        break;
      }
      case kHelpKey:
        print(kHelp);
        exit = close_standard_output() ? kOk : kFailed;
        break;
      default: print_help_hint(); exit = kUsage;
    }
  }
  argv[0] = verb;
  if (!exit) options.files.assign(argv + optind, argv + argc);
  return exit;
}

}  // namespace

int map_command(int argc, char** argv) {
  MapOptions options;
  if (const std::optional<int> exit = parse(argc, argv, options)) return *exit;
  if (options.files.empty()) return usage_error("missing file operand");
  if (options.json && options.svg == "-") {
    return usage_error("the picture and JSON would mix on standard output");
  }
  const bool good = options.svg.empty() ? print_maps(options) : draw_maps(options);
  return close_standard_output() && good ? kOk : kFailed;
}

}  // namespace libcopyfile::app
