// The configuration: what is served, where, and to whom. Read and checked as a whole; nothing is applied here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "iscsi/server.h"
#include "target/copy_manager.h"

namespace libcopyfile::daemon {

struct LunConfig {
  std::string name;
  std::string image;  // absolute
  uint32_t block_size = 512;
  bool read_only = false;
  bool thin = true;
  bool write_cache = true;
  std::string serial;  // never empty
  unsigned line = 0;

  // Whether it is the same unit, wherever it stands in the file.
  bool same_unit(const LunConfig& other) const;
};

// LUN to name.
using LunNumbers = std::map<uint16_t, std::string>;

struct InitiatorConfig {
  std::string name;  // "*": who is not named otherwise
  iscsi::Authentication authentication;
  LunNumbers luns;
  unsigned line = 0;
};

struct Config {
  std::string target_name, target_alias;
  std::vector<iscsi::Portal> portals;
  std::string state_directory;  // of persistent reservations; empty: they don't survive
  std::string control;          // the socket; empty: the default place
  std::optional<iscsi::Portal> metrics;
  bool json_log = false;
  unsigned drain_seconds = 10;
  unsigned io_threads = 4, copy_threads = 2;
  iscsi::Digest header_digest = iscsi::Digest::allowed, data_digest = iscsi::Digest::allowed;
  iscsi::Limits limits;
  target::CopyLimits copies;
  std::vector<LunConfig> luns;
  std::vector<InitiatorConfig> initiators;

  const LunConfig* lun(std::string_view name) const;
};

struct Problem {
  unsigned line = 0;  // 0: of no line
  std::string text;
};
using Problems = std::vector<Problem>;
// "FILE:3: TEXT", a line each.
std::string describe(const Problems& problems, const std::string& file);

// The secret in a file, or why there is none.
using SecretReader = std::function<tl::expected<std::string, std::string>(const std::string& path)>;

// All problems, in the order of lines. Relative names of files are meant from `directory`, which is absolute.
tl::expected<Config, Problems> parse_config(std::string_view text, const std::string& directory,
                                            const SecretReader& secrets);
tl::expected<Config, Problems> read_config(const std::string& path);

// A configuration without a file: these images, on loopback, for anybody there.
struct QuickOptions {
  std::vector<std::string> images;
  std::vector<iscsi::Portal> portals;  // none: 127.0.0.1:3260
  std::string target_name;
  uint32_t block_size = 512;
  bool read_only = false;
};
tl::expected<Config, Problems> quick_config(const QuickOptions& options);

// What no single value shows: names that are used twice or lead nowhere, and who may not be served so (config_check.cc).
void check(const Config& config, Problems& problems);
// "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT".
tl::expected<iscsi::Portal, std::string> parse_portal(std::string_view text, uint16_t default_port);
bool is_loopback(const iscsi::Portal& portal);
std::string text_of(const iscsi::Portal& portal);
// RFC 3720 3.2.6.
bool is_iscsi_name(std::string_view name);
// For a LUN without one: 16 digits, the same ever after, different for any other LUN of any other target.
std::string default_serial(std::string_view target, std::string_view lun);

}  // namespace libcopyfile::daemon
