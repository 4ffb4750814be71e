// What ctl prints for people.
#include <fmt/format.h>

#include <algorithm>

#include "copyfile-target/options.h"
#include "copyfile/columns.h"
#include "copyfile/quote.h"
#include "copyfile/sizes.h"

namespace libcopyfile::daemon {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// Columns beside each other; the first row is the head. Numbers are no wider than others have them, so all stand to the left.
std::string table(const Rows& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], app::columns_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - app::columns_of(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

// Members of an answer, whatever they are: the daemon may be of another version.
uint64_t number(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_number() ? found->get<uint64_t>() : 0;
}
std::string size(const Json& from, const char* key) { return app::format_size(number(from, key)); }
std::string text(const Json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    return "-";
  return app::quoted_if_needed(found->get_ref<const std::string&>());
}
bool flag(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_boolean() && found->get<bool>();
}
double real(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_number() ? found->get<double>() : 0;
}
Json list(const Json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_array() ? *found : Json::array();
}

std::string duration(uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} days", seconds / 86400);
}

std::string seen_by(const Json& unit) {
  std::string made;
  for (const Json& one : list(unit, "seen_by")) {
    const bool anybody = one.value("initiator", "") == "*";
    made += fmt::format("{}{} as {}", made.empty() ? "" : ", ",
                        anybody ? "anybody" : text(one, "initiator"), number(one, "lun"));
  }
  return made.empty() ? "nobody" : made;
}

std::string status(const Json& now) {
  std::string portals;
  for (const Json& portal : list(now, "portals"))
    portals += (portals.empty() ? "" : ", ") + portal.get<std::string>();
  return table({
      {"target", text(now, "target")},
      {"portals", portals},
      {"running for", duration(number(now, "seconds"))},
      {"LUNs", fmt::format("{}", number(now, "luns"))},
      {"sessions", fmt::format("{} of {} logins; {} refused, {} lost", number(now, "sessions"),
                               number(now, "logins"), number(now, "logins_failed"),
                               number(now, "connections_lost"))},
      {"errors", fmt::format("{} of digests, {} of the protocol", number(now, "digest_errors"),
                             number(now, "protocol_errors"))},
      {"copies",
       fmt::format("{} under way, {} in all, {} failed; {} tokens", number(now, "copies_running"),
                   number(now, "copies"), number(now, "copies_failed"), number(now, "tokens"))},
      {"copied", fmt::format("{} shared, {} moved, {} zeroed", size(now, "bytes_shared"),
                             size(now, "bytes_moved"), size(now, "bytes_zeroed"))},
  });
}

std::string sessions(const Json& all) {
  Rows rows{{"INITIATOR", "FROM", "FOR", "COMMANDS", "NOW", "RECEIVED", "SENT", "DIGESTS"}};
  for (const Json& one : all) {
    const bool header = flag(one, "header_digest"), data = flag(one, "data_digest");
    rows.push_back({text(one, "initiator") + (flag(one, "discovery") ? " (discovery)" : ""),
                    text(one, "peer"), duration(number(one, "seconds")),
                    fmt::format("{}", number(one, "commands")),
                    fmt::format("{}", number(one, "under_way")), size(one, "bytes_received"),
                    size(one, "bytes_sent"),
                    header && data ? "header, data"
                    : header       ? "header"
                    : data         ? "data"
                                   : "none"});
  }
  return table(rows);
}

std::string luns(const Json& all) {
  Rows rows{{"LUN", "SIZE", "BLOCK", "MODE", "READ", "WRITTEN", "ERRORS", "SEEN BY", "IMAGE"}};
  for (const Json& one : all) {
    std::string mode = flag(one, "read_only") ? "ro" : "rw";
    if (flag(one, "thin")) mode += ",thin";
    if (!flag(one, "write_cache")) mode += ",write-through";
    if (!flag(one, "shares_blocks")) mode += ",no-sharing";
    const auto clone = one.find("clone_of");
    if (clone != one.end() && clone->is_string()) mode += ",clone";
    rows.push_back({text(one, "name"), size(one, "bytes"),
                    fmt::format("{}", number(one, "block_size")), mode, size(one, "bytes_read"),
                    size(one, "bytes_written"), fmt::format("{}", number(one, "errors")),
                    seen_by(one), text(one, "image")});
  }
  return table(rows);
}

std::string copies(const Json& all) {
  Rows rows{{"NO", "STATE", "FROM", "TO", "DONE", "SHARED", "MOVED", "ZEROED", "SECONDS", "BY",
             "COMMAND", "INITIATOR"}};
  std::string reasons;
  for (const Json& one : all) {
    const std::string state = flag(one, "running")        ? "running"
                              : text(one, "error") == "-" ? "done"
                                                          : text(one, "error");
    rows.push_back({fmt::format("{}", number(one, "number")), state, text(one, "source"),
                    text(one, "destination"),
                    fmt::format("{} of {}", size(one, "bytes"), size(one, "total")),
                    size(one, "bytes_shared"), size(one, "bytes_moved"), size(one, "bytes_zeroed"),
                    fmt::format("{:.2f}", real(one, "seconds")), text(one, "mechanism"),
                    text(one, "command"), text(one, "initiator")});
    if (number(one, "bytes_moved") != 0 && text(one, "reason") != "-")
      reasons += fmt::format("{}: not shared: {}\n", number(one, "number"), text(one, "reason"));
  }
  return table(rows) + reasons;
}

std::string snapshots(const Json& all) {
  Rows rows{{"LUN", "MADE", "SIZE", "IMAGE"}};
  for (const Json& one : all)
    rows.push_back({text(one, "lun"), text(one, "made"), size(one, "bytes"), text(one, "path")});
  return table(rows);
}

std::string clone(const Json& made) {
  std::string what = fmt::format("LUN {}: {}, seen by {}\n", text(made, "name"),
                                 text(made, "image"), seen_by(made));
  return what +
         fmt::format(
             "It is served until the target ends. To keep it, put it into the configuration:\n\n"
             "[[lun]]\nname = {}\nimage = {}\n",
             made.value("name", Json()).dump(), made.value("image", Json()).dump());
}

}  // namespace

std::string ctl_text(const Json& request, const Json& result) {
  const std::string command = request.value("command", "");
  if (command == "status") return status(result);
  if (result.is_array() && result.empty()) return fmt::format("no {}\n", command);
  if (command == "sessions") return sessions(result);
  if (command == "luns") return luns(result);
  if (command == "copies") return copies(result);
  if (command == "snapshots") return snapshots(result);
  if (command == "clone") return clone(result);
  if (command == "snapshot") return text(result, "path") + "\n";
  if (command == "drop") return fmt::format("{} sessions\n", number(result, "sessions"));
  return "";
}

}  // namespace libcopyfile::daemon
