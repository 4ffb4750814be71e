#include "copyfile-target/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "copyfile-target/secret_file.h"
#include "copyfile-target/toml_reader.h"
#include "sys/protected_file.h"

namespace libcopyfile::daemon {

void TomlReader::wrong(const toml::node& node, const char* key, const char* expected) {
  problem(line_of(node), fmt::format("{}: '{}' is {}", what_, key, expected));
}

const toml::node* TomlReader::node(const char* key) {
  known_.insert(key);
  return table_.get(key);
}

unsigned TomlReader::line(const char* key) const {
  const toml::node* found = table_.get(key);
  return found != nullptr ? line_of(*found) : line();
}

void TomlReader::read(const char* key, std::string& into) {
  const toml::node* found = node(key);
  if (found == nullptr) return;
  const auto* text = found->as_string();
  if (text == nullptr || text->get().empty()) return wrong(*found, key, "a text in quotes");
  if (text->get().find('\0') != std::string::npos)
    return wrong(*found, key, "a text without zeros");
  into = text->get();
}

void TomlReader::read(const char* key, bool& into) {
  const toml::node* found = node(key);
  if (found == nullptr) return;
  const auto* value = found->as_boolean();
  if (value == nullptr) return wrong(*found, key, "true or false");
  into = value->get();
}

std::optional<int64_t> TomlReader::integer(const char* key, int64_t least, int64_t most) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  const auto* value = found->as_integer();
  if (value != nullptr && value->get() >= least && value->get() <= most) return value->get();
  wrong(*found, key, fmt::format("a whole number from {} to {}", least, most).c_str());
  return std::nullopt;
}

std::vector<std::pair<std::string, unsigned>> TomlReader::strings(const char* key) {
  std::vector<std::pair<std::string, unsigned>> made;
  const toml::node* found = node(key);
  if (found == nullptr) return made;
  const toml::array* list = found->as_array();
  if (list == nullptr || list->empty()) {
    wrong(*found, key, "a list of texts in quotes: [\"...\"]");
    return made;
  }
  for (const toml::node& entry : *list) {
    const auto* text = entry.as_string();
    if (text != nullptr) {
      made.emplace_back(text->get(), line_of(entry));
    } else {
      wrong(entry, key, "a list of texts in quotes: [\"...\"]");
    }
  }
  return made;
}

void TomlReader::finish() {
  for (const auto& [key, value] : table_) {
    if (!known_.contains(key.str()))
      problem(key.source().begin.line,
              fmt::format("{}: there is no option '{}'", what_, key.str()));
  }
}

namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestFile = size_t{1} << 20;
constexpr uint16_t kPort = 3260, kMetricsPort = 9860;
constexpr uint64_t kMiB = uint64_t{1} << 20;

// What all parts of a file share while it is read.
struct Reading {
  const std::string& directory;
  const SecretReader& secrets;
  Problems& problems;
  Config config;

  std::string absolute(const std::string& path) const {
    return (fs::path(directory) / path).lexically_normal().string();
  }
};

void read_digest(TomlReader& table, const char* key, iscsi::Digest& into) {
  std::string text;
  table.read(key, text);
  if (text.empty()) return;
  if (text == "allowed") {
    into = iscsi::Digest::allowed;
  } else if (text == "required") {
    into = iscsi::Digest::required;
  } else if (text == "never") {
    into = iscsi::Digest::never;
  } else {
    table.problem(table.line(key),
                  fmt::format("'{}' is \"allowed\", \"required\" or \"never\"", key));
  }
}

void read_file_name(const Reading& reading, TomlReader& table, const char* key, std::string& into) {
  std::string text;
  table.read(key, text);
  if (!text.empty()) into = reading.absolute(text);
}

void read_portals(TomlReader& table, Config& config) {
  for (const auto& [text, line] : table.strings("portals")) {
    if (const auto portal = parse_portal(text, kPort)) {
      config.portals.push_back(*portal);
    } else {
      table.problem(line, portal.error());
    }
  }
  // Also where all of them were wrong: then it is not about portals any more.
  if (config.portals.empty()) config.portals.push_back({"127.0.0.1", kPort});
}

void read_metrics(TomlReader& table, Config& config) {
  std::string text;
  table.read("metrics", text);
  if (text.empty()) return;
  const auto portal = parse_portal(text, kMetricsPort);
  if (!portal) {
    table.problem(table.line("metrics"), portal.error());
  } else if (!is_loopback(*portal)) {
    table.problem(table.line("metrics"),
                  "'metrics' is an address of loopback: nobody is asked there who they are");
  } else {
    config.metrics = *portal;
  }
}

void read_target(Reading& reading, const toml::table& node) {
  TomlReader table(node, "[target]", reading.problems);
  Config& config = reading.config;
  table.read("name", config.target_name);
  if (config.target_name.empty() && table.node("name") == nullptr) table.missing("name");
  if (!config.target_name.empty() && !is_iscsi_name(config.target_name))
    table.problem(table.line("name"),
                  "'name' is an iSCSI name in small letters, like iqn.2026-01.com.example:disks");
  table.read("alias", config.target_alias);
  if (config.target_alias.size() > 255)
    table.problem(table.line("alias"), "'alias' has at most 255 bytes");
  read_portals(table, config);
  read_file_name(reading, table, "state-directory", config.state_directory);
  read_file_name(reading, table, "control", config.control);
  read_metrics(table, config);
  std::string log = "text";
  table.read("log", log);
  if (log != "text" && log != "json")
    table.problem(table.line("log"), "'log' is \"text\" or \"json\"");
  config.json_log = log == "json";
  table.read("drain-seconds", config.drain_seconds, 0, 3600);
  table.read("io-threads", config.io_threads, 1, 64);
  table.read("copy-threads", config.copy_threads, 1, 64);
  read_digest(table, "header-digest", config.header_digest);
  read_digest(table, "data-digest", config.data_digest);
  table.finish();
}

void read_limits(Reading& reading, const toml::table& node) {
  TomlReader table(node, "[limits]", reading.problems);
  iscsi::Limits& limits = reading.config.limits;
  target::CopyLimits& copies = reading.config.copies;
  table.read("sessions", limits.sessions, 1, 65535);
  table.read("sessions-per-initiator", limits.sessions_per_initiator, 1, 65535);
  table.read("login-seconds", limits.login_seconds, 1, 600);
  table.read("commands", limits.commands, 1, 1024);
  uint64_t session = limits.session_bytes / kMiB, total = limits.total_bytes / kMiB;
  table.read("session-memory-mib", session, 16, 4096);
  table.read("memory-mib", total, 16, 1 << 20);
  limits.session_bytes = session * kMiB;
  limits.total_bytes = total * kMiB;
  if (total < session)
    table.problem(table.line("memory-mib"), "'memory-mib' is less than 'session-memory-mib'");
  table.read("ping-seconds", limits.ping_seconds, 1, 3600);
  table.read("ping-timeout-seconds", limits.ping_timeout_seconds, 1, 3600);
  table.read("send-seconds", limits.send_seconds, 1, 3600);
  table.read("copies", copies.concurrent, 1, 255);
  table.read("token-seconds", copies.default_token_timeout, 1, 86400);
  table.read("token-most-seconds", copies.max_token_timeout, 1, 86400);
  if (copies.max_token_timeout < copies.default_token_timeout)
    table.problem(table.line("token-seconds"), "'token-seconds' is more than 'token-most-seconds'");
  table.read("tokens-per-initiator", copies.max_tokens_per_initiator, 0, 65535);
  table.finish();
}

void read_lun(Reading& reading, const toml::table& node) {
  TomlReader table(node, "[[lun]]", reading.problems);
  LunConfig lun;
  lun.line = table.line();
  table.read("name", lun.name);
  if (table.node("name") == nullptr) table.missing("name");
  read_file_name(reading, table, "image", lun.image);
  if (table.node("image") == nullptr) table.missing("image");
  table.read("block-size", lun.block_size, 512, 4096);
  if (lun.block_size != 512 && lun.block_size != 4096)
    table.problem(table.line("block-size"), "[[lun]]: 'block-size' is 512 or 4096");
  table.read("read-only", lun.read_only);
  table.read("thin", lun.thin);
  table.read("write-cache", lun.write_cache);
  table.read("serial", lun.serial);
  table.finish();
  reading.config.luns.push_back(std::move(lun));
}

std::optional<iscsi::Secret> read_secret(const Reading& reading, TomlReader& table,
                                         const char* user_key, const char* file_key) {
  std::string user, file;
  table.read(user_key, user);
  read_file_name(reading, table, file_key, file);
  if (table.node(user_key) == nullptr && table.node(file_key) == nullptr) return std::nullopt;
  if (table.node(user_key) == nullptr) table.missing(user_key);
  if (table.node(file_key) == nullptr) table.missing(file_key);
  if (file.empty()) return iscsi::Secret{user, ""};
  const auto secret = reading.secrets(file);
  if (!secret) table.problem(table.line(file_key), secret.error());
  return iscsi::Secret{user, secret.value_or("")};
}

void read_lun_numbers(TomlReader& table, LunNumbers& luns) {
  const toml::node* node = table.node("luns");
  if (node == nullptr) return table.missing("luns");
  if (node->is_array()) {
    for (const auto& [name, line] : table.strings("luns"))
      luns.emplace(static_cast<uint16_t>(luns.size()), name);
    return;
  }
  const toml::table* numbers = node->as_table();
  if (numbers == nullptr)
    return table.problem(line_of(*node), "'luns' is a list [\"NAME\"] or a table {0 = \"NAME\"}");
  for (const auto& [key, value] : *numbers) {
    const std::string_view text = key.str();
    const auto* name = value.as_string();
    const bool digits =
        !text.empty() && text.size() <= 5 &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    const int number = digits ? std::stoi(std::string(text)) : -1;
    if (number < 0 || number > 16383 || name == nullptr) {
      table.problem(key.source().begin.line,
                    "'luns': a LUN is a number from 0 to 16383, = \"NAME\"");
    } else if (!luns.emplace(static_cast<uint16_t>(number), name->get()).second) {
      table.problem(key.source().begin.line, fmt::format("'luns': LUN {} is there twice", number));
    }
  }
}

void read_initiator(Reading& reading, const toml::table& node) {
  TomlReader table(node, "[[initiator]]", reading.problems);
  InitiatorConfig initiator;
  initiator.line = table.line();
  table.read("name", initiator.name);
  if (table.node("name") == nullptr) table.missing("name");
  if (!initiator.name.empty() && initiator.name != "*" && !is_iscsi_name(initiator.name))
    table.problem(
        table.line("name"),
        "'name' is the iSCSI name of an initiator in small letters, or \"*\" for all others");
  initiator.authentication.incoming = read_secret(reading, table, "user", "secret-file");
  initiator.authentication.outgoing =
      read_secret(reading, table, "mutual-user", "mutual-secret-file");
  read_lun_numbers(table, initiator.luns);
  table.finish();
  reading.config.initiators.push_back(std::move(initiator));
}

void read_tables(Reading& reading, const toml::node& node, const char* name,
                 void (*read)(Reading&, const toml::table&)) {
  const toml::array* list = node.as_array();
  if (list == nullptr || !list->is_array_of_tables()) {
    reading.problems.push_back({line_of(node), fmt::format("'{0}' is a table [[{0}]]", name)});
    return;
  }
  for (const toml::node& entry : *list) read(reading, *entry.as_table());
}

void read_table(Reading& reading, const toml::node& node, const char* name,
                void (*read)(Reading&, const toml::table&)) {
  if (const toml::table* table = node.as_table()) return read(reading, *table);
  reading.problems.push_back({line_of(node), fmt::format("'{0}' is a table [{0}]", name)});
}

void read_file(Reading& reading, const toml::table& file) {
  TomlReader top(file, "the file", reading.problems);
  if (const toml::node* node = top.node("target")) {
    read_table(reading, *node, "target", read_target);
  } else {
    reading.problems.push_back({0, "there is no [target]"});
  }
  if (const toml::node* node = top.node("limits"))
    read_table(reading, *node, "limits", read_limits);
  if (const toml::node* node = top.node("lun")) read_tables(reading, *node, "lun", read_lun);
  if (const toml::node* node = top.node("initiator"))
    read_tables(reading, *node, "initiator", read_initiator);
  top.finish();
}

}  // namespace

tl::expected<Config, Problems> parse_config(std::string_view text, const std::string& directory,
                                            const SecretReader& secrets) {
  Problems problems;
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    problems.push_back(
        {parsed.error().source().begin.line, std::string(parsed.error().description())});
    return tl::make_unexpected(std::move(problems));
  }
  Reading reading{directory, secrets, problems, {}};
  read_file(reading, parsed.table());
  for (LunConfig& lun : reading.config.luns) {
    if (lun.serial.empty()) lun.serial = default_serial(reading.config.target_name, lun.name);
  }
  check(reading.config, problems);
  if (problems.empty()) return std::move(reading.config);
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return tl::make_unexpected(std::move(problems));
}

tl::expected<Config, Problems> read_config(const std::string& path) {
  const Result<ProtectedText> file = read_protected(path, kLargestFile);
  if (!file) return tl::make_unexpected(Problems{{0, file.error().message()}});
  if (!file->protection.regular) return tl::make_unexpected(Problems{{0, "it is no regular file"}});
  std::error_code ignored;
  const fs::path absolute = fs::absolute(path, ignored);
  return parse_config(file->text, absolute.parent_path().string(), read_secret_file);
}

}  // namespace libcopyfile::daemon
