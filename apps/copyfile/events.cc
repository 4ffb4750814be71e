#include "copyfile/events.h"

#include <fmt/format.h>

#include <cstdio>

#include "copyfile/check_report.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"

namespace libcopyfile::app {
namespace {

const char* durability_name(Durability level) {
  switch (level) {
    case Durability::none: return "none";
    case Durability::ordered: return "ordered";
    case Durability::durable: return "durable";
  }
  return "none";
}

const char* sync_name(SyncedBy by) {
  switch (by) {
    case SyncedBy::nothing: return "nothing";
    case SyncedBy::file: return "file";
    case SyncedBy::file_system: return "file system";
  }
  return "nothing";
}

const char* made_name(Made what) {
  switch (what) {
    case Made::file: return "file";
    case Made::directory: return "directory";
    case Made::symbolic_link: return "symbolic link";
    case Made::hard_link: return "hard link";
    case Made::special: return "special file";
  }
  return "";
}

nlohmann::ordered_json named(const char* event, const Pair& pair) {
  return {{"event", event}, {"source", pair.from}, {"destination", pair.to}};
}

std::string plural(uint64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

nlohmann::ordered_json json_of_summary(const TreeReport& r) {
  nlohmann::ordered_json object{
      {"event", "summary"},   {"files", r.files},           {"directories", r.directories},
      {"links", r.links},     {"hard_links", r.hard_links}, {"specials", r.specials},
      {"skipped", r.skipped}, {"failed", r.failed},         {"bytes", r.bytes},
      {"holes", r.holes}};
  nlohmann::ordered_json by = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kMechanismCount; ++i) {
    by[std::string(name_of(static_cast<MechanismId>(i)))] = r.bytes_by[i];
  }
  object["bytes_by"] = std::move(by);
  object["not_preserved"] = names_of_classes(r.not_preserved);
  object["durability"] = durability_name(r.reached);
  object["synced_by"] = sync_name(r.synced_by);
  object["cancelled"] = r.cancelled;
  return object;
}

std::string text_of_summary(const TreeReport& r) {
  std::string text = plural(r.files, "file", "files");
  text += ", " + plural(r.directories, "directory", "directories");
  if (r.links > 0) text += ", " + plural(r.links, "symbolic link", "symbolic links");
  if (r.hard_links > 0) text += ", " + plural(r.hard_links, "hard link", "hard links");
  if (r.specials > 0) text += ", " + plural(r.specials, "special file", "special files");
  if (r.skipped > 0) text += fmt::format(", {} left as they were", r.skipped);
  text += "; " + size_with_bytes(r.bytes);
  std::string by;
  for (size_t i = 0; i < kMechanismCount; ++i) {
    if (r.bytes_by[i] == 0) continue;
    by += fmt::format("{}{} by {}", by.empty() ? "" : ", ", size_with_bytes(r.bytes_by[i]),
                      name_of(static_cast<MechanismId>(i)));
  }
  if (!by.empty()) text += ": " + by;
  std::string lost;
  for (const std::string& name : names_of_classes(r.not_preserved)) lost += " " + name;
  if (!lost.empty()) text += "; not everywhere preserved:" + lost;
  return text + "\n";
}

}  // namespace

void announce(const Context& context, const Pair& pair, std::string_view backup) {
  std::string line = fmt::format("{}{} -> {}", context.options.dry_run ? "would copy " : "",
                                 app::quoted(pair.from), app::quoted(pair.to));
  if (!backup.empty()) line += fmt::format(" (backup: {})", app::quoted(backup));
  print(line + "\n");
}

void tell_copied(const Context& context, const Pair& pair, const Facts& facts,
                 const DataOutcome& data, uint64_t size, const FileReport* file) {
  const Options& o = context.options;
  if (o.json) {
    nlohmann::ordered_json object = named("copied", pair);
    object["size"] = size;
    object.update(json_of(data));
    object["facts"] = json_of(facts);
    if (file != nullptr) {
      object["durability"] = durability_name(file->reached);
      object["synced_by"] = sync_name(file->synced_by);
      object["not_preserved"] = json_of(file->losses);
      object.update(json_of_check(*file));
    }
    print_json_line(object);
    return;
  }
  if (o.explain) {
    print(explain_facts(facts) + explain_outcome(data));
    if (file != nullptr) {
      print(fmt::format("durability: {}, synced by {}\n", durability_name(file->reached),
                        sync_name(file->synced_by)));
      print(explain_losses(file->losses));
    }
  }
  if (file != nullptr && (o.verbose || o.explain)) print(check_lines(*file));
  if (o.debug) print(debug_line(facts, data, o.data.sharing, o.data.sparse));
}

void tell_failed(const Context& context, const Pair& pair, const Message& message) {
  if (message.code != 0) {
    complain(message.text, message.code);
  } else {
    complain(message.text);
  }
  if (!context.options.json) return;
  nlohmann::ordered_json object = named("failed", pair);
  const int code = message.code;
  object["error"] = code != 0 ? strerrorname_np(code) : "";
  object["message"] = code != 0 ? message.text + ": " + errno_text(code) : message.text;
  print_json_line(object);
}

void tell_event(const Context& context, const char* event, const Pair& pair, const char* key,
                std::string_view value) {
  if (!context.options.json) return;
  nlohmann::ordered_json object = named(event, pair);
  object[key] = value;
  print_json_line(object);
}

void tell_made(const Context& context, const Pair& pair, Made what, std::span<const Loss> losses) {
  if (!context.options.json) {
    if (context.options.explain) print(explain_losses(losses));
    return;
  }
  nlohmann::ordered_json object = named("made", pair);
  object["what"] = made_name(what);
  object["not_preserved"] = json_of(losses);
  print_json_line(object);
}

void tell_summary(const Context& context, const TreeReport& report, size_t roots) {
  const Options& o = context.options;
  if (!o.recursive && roots < 2) return;
  if (o.json) return print_json_line(json_of_summary(report));
  if (is_cp()) return;
  if (o.recursive && (o.verbose || o.dry_run)) print(text_of_summary(report));
  if (report.failed > 1) {
    complain(fmt::format("{} were not copied, for the reasons above",
                         plural(report.failed, "name", "names")));
  }
}

}  // namespace libcopyfile::app
