// The URL of a logical unit, as libiscsi and QEMU read it:
//   iscsi://[USER[%PASSWORD]@]HOST[:PORT]/TARGET/LUN[?header_digest=crc32c&target_user=USER&target_password=PASSWORD]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace libcopyfile {

struct IscsiUrl {
  std::string host;  // an IPv6 address without its brackets
  uint16_t port = kPort;
  std::string target;
  uint16_t lun = 0;
  bool header_digest = false;  // insisted on
  std::string user, password;
  std::string target_user, target_password;  // by which the target shows that it is the one

  static constexpr uint16_t kPort = 3260;

  // "host:port", as libiscsi takes it.
  std::string portal() const;
  // One text for all URLs of a unit by this portal. Names of targets and hosts know no case.
  std::string canonical() const;
};

bool is_iscsi_url(std::string_view text);
// The reason of a failure quotes nothing of the URL: there may be a password in it.
tl::expected<IscsiUrl, std::string> parse_iscsi_url(std::string_view text);
// The URL for messages: without user, passwords and what else stands behind '?'.
std::string without_secrets(std::string_view url);

}  // namespace libcopyfile
