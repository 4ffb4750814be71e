#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "copyfile-target/config.h"
#include "verify/hasher.h"

namespace libcopyfile::daemon {
namespace {

constexpr std::string_view kLunLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
constexpr size_t kLongestLun = 64, kLongestSerial = 20, kLongestUser = 255;

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void check_luns(const Config& config, Problems& problems) {
  std::set<std::string_view> names, images, serials;
  for (const LunConfig& lun : config.luns) {
    const auto refuse = [&](std::string text) { problems.push_back({lun.line, std::move(text)}); };
    if (lun.name.size() > kLongestLun ||
        lun.name.find_first_not_of(kLunLetters) != std::string::npos)
      refuse(fmt::format("[[lun]]: 'name' is at most {} of letters, digits, '.', '_' and '-'",
                         kLongestLun));
    if (!lun.name.empty() && !names.insert(lun.name).second)
      refuse(fmt::format("[[lun]]: there are two of the name '{}'", lun.name));
    if (!lun.image.empty() && !images.insert(lun.image).second)
      refuse(fmt::format("[[lun]] '{}': another one has this image, too", lun.name));
    if (lun.serial.size() > kLongestSerial || !is_printable(lun.serial))
      refuse(fmt::format("[[lun]] '{}': 'serial' is at most {} printable characters", lun.name,
                         kLongestSerial));
    // Initiators with two paths to what they take for one disk destroy it.
    if (!serials.insert(lun.serial).second)
      refuse(fmt::format("[[lun]] '{}': another one has this serial, too", lun.name));
  }
}

void check_secrets(const InitiatorConfig& initiator, Problems& problems) {
  const auto refuse = [&](std::string text) {
    problems.push_back(
        {initiator.line, fmt::format("[[initiator]] '{}': {}", initiator.name, text)});
  };
  const auto& [incoming, outgoing] = initiator.authentication;
  for (const auto& secret : {incoming, outgoing}) {
    if (secret && (secret->user.size() > kLongestUser || !is_printable(secret->user)))
      refuse(fmt::format("a user is at most {} printable characters", kLongestUser));
  }
  if (!outgoing) return;
  if (!incoming) {
    refuse("mutual CHAP needs 'user' and 'secret-file', too");
  } else if (!incoming->password.empty() && incoming->password == outgoing->password) {
    // RFC 7143 9.2.1: else the answer to our challenge is got by asking us.
    refuse("the secrets of the two directions must differ");
  }
}

void check_initiators(const Config& config, Problems& problems) {
  const auto open = std::find_if_not(config.portals.begin(), config.portals.end(), is_loopback);
  std::set<std::string_view> names;
  for (const InitiatorConfig& initiator : config.initiators) {
    const auto refuse = [&](std::string text) {
      problems.push_back(
          {initiator.line, fmt::format("[[initiator]] '{}': {}", initiator.name, text)});
    };
    if (!initiator.name.empty() && !names.insert(initiator.name).second)
      refuse("it is there twice");
    if (open != config.portals.end() && !initiator.authentication.incoming)
      refuse(
          fmt::format("'user' and 'secret-file' are missing: portal {} is not loopback, where "
                      "nobody is served who does not show who it is",
                      text_of(*open)));
    check_secrets(initiator, problems);
    std::set<std::string_view> seen;
    for (const auto& [number, name] : initiator.luns) {
      if (config.lun(name) == nullptr) refuse(fmt::format("there is no [[lun]] '{}'", name));
      if (!seen.insert(name).second) refuse(fmt::format("it sees '{}' twice", name));
    }
  }
}

}  // namespace

bool LunConfig::same_unit(const LunConfig& other) const {
  return name == other.name && image == other.image && block_size == other.block_size &&
         read_only == other.read_only && thin == other.thin && write_cache == other.write_cache &&
         serial == other.serial;
}

const LunConfig* Config::lun(std::string_view name) const {
  const auto found = std::find_if(luns.begin(), luns.end(),
                                  [&](const LunConfig& lun) { return lun.name == name; });
  return found != luns.end() ? &*found : nullptr;
}

std::string describe(const Problems& problems, const std::string& file) {
  std::string text;
  for (const Problem& problem : problems) {
    text += file;
    if (problem.line != 0) text += ":" + std::to_string(problem.line);
    text += ": " + problem.text + "\n";
  }
  return text;
}

void check(const Config& config, Problems& problems) {
  check_luns(config, problems);
  if (config.luns.empty()) problems.push_back({0, "there is no [[lun]]"});
  check_initiators(config, problems);
  if (config.initiators.empty())
    problems.push_back({0, "there is no [[initiator]]: nobody could log in"});
}

tl::expected<iscsi::Portal, std::string> parse_portal(std::string_view text,
                                                      uint16_t default_port) {
  iscsi::Portal portal{std::string(text), default_port};
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end != std::string_view::npos) {
      portal.address = text.substr(1, end - 1);
      port = text.substr(end + 1);
      has_port = !port.empty();
      if (has_port && port[0] == ':') port.remove_prefix(1);
    }
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    portal.address = text.substr(0, text.find(':'));
    port = text.substr(text.find(':') + 1);
    has_port = true;
  }
  std::array<uint8_t, 16> bytes{};
  const bool known = ::inet_pton(AF_INET, portal.address.c_str(), bytes.data()) == 1 ||
                     ::inet_pton(AF_INET6, portal.address.c_str(), bytes.data()) == 1;
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string_view::npos;
  const unsigned long number = digits ? std::stoul(std::string(port)) : 0;
  if (!known || (has_port && (!digits || number > 65535)))
    return tl::make_unexpected(fmt::format(
        "'{}' is no portal: a numeric address, and a port: \"192.0.2.1:3260\", \"[::1]:3260\"",
        text));
  if (has_port) portal.port = static_cast<uint16_t>(number);
  return portal;
}

bool is_loopback(const iscsi::Portal& portal) {
  std::array<uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, portal.address.c_str(), bytes.data()) == 1) return bytes[0] == 127;
  if (::inet_pton(AF_INET6, portal.address.c_str(), bytes.data()) != 1) return false;
  // ::1, and 127.0.0.0/8 mapped into IPv6: ::ffff:127.x.y.z
  const bool zeros =
      std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; });
  if (zeros && bytes[10] == 0xff && bytes[11] == 0xff) return bytes[12] == 127;
  return zeros && bytes[15] == 1 &&
         std::all_of(bytes.begin() + 10, bytes.begin() + 15, [](uint8_t b) { return b == 0; });
}

std::string text_of(const iscsi::Portal& portal) {
  if (portal.address.find(':') == std::string::npos)
    return fmt::format("{}:{}", portal.address, portal.port);
  return fmt::format("[{}]:{}", portal.address, portal.port);
}

bool is_iscsi_name(std::string_view name) {
  const bool known =
      name.starts_with("iqn.") || name.starts_with("eui.") || name.starts_with("naa.");
  return known && name.size() > 4 && name.size() <= 223 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.:-") ==
             std::string_view::npos;
}

std::string default_serial(std::string_view target, std::string_view lun) {
  // Names hold no line feed, so nobody else's pair gives the same text.
  const std::string text = fmt::format("{}\n{}", target, lun);
  Result<Hasher> hasher = Hasher::make(Algorithm::xxh3_128);
  if (!hasher) return std::string(lun.substr(0, kLongestSerial));
  hasher->add(std::as_bytes(std::span(text)));
  const Result<Digest> digest = hasher->finish();
  return digest ? digest->hex().substr(0, 16) : std::string(lun.substr(0, kLongestSerial));
}

tl::expected<Config, Problems> quick_config(const QuickOptions& options) {
  Config config;
  config.target_name =
      options.target_name.empty() ? "iqn.2026-01.invalid.copyfile:disks" : options.target_name;
  config.portals = options.portals;
  if (config.portals.empty()) config.portals.push_back({"127.0.0.1", 3260});
  InitiatorConfig anybody{"*", {}, {}, 0};
  for (const std::string& image : options.images) {
    LunConfig lun;
    std::error_code ignored;
    lun.name = fmt::format("disk{}", config.luns.size());
    lun.image = std::filesystem::absolute(image, ignored).lexically_normal().string();
    lun.block_size = options.block_size;
    lun.read_only = options.read_only;
    // By the name of the file, not by its place on the command line: a disk stays the disk it is.
    lun.serial = default_serial(config.target_name, lun.image);
    anybody.luns.emplace(static_cast<uint16_t>(config.luns.size()), lun.name);
    config.luns.push_back(std::move(lun));
  }
  config.initiators.push_back(std::move(anybody));
  Problems problems;
  if (!is_iscsi_name(config.target_name)) problems.push_back({0, "--name is no iSCSI name"});
  check(config, problems);
  if (!problems.empty()) return tl::make_unexpected(std::move(problems));
  return config;
}

}  // namespace libcopyfile::daemon
