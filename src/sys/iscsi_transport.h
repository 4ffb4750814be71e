// Logical units by iscsi:// URLs, through libiscsi.
#pragma once

#include <functional>

#include "sys/unit_transport.h"

namespace libcopyfile {

// Who we are, and what is the same for all URLs. What a URL says for itself comes first.
struct IscsiSettings {
  std::string initiator;
  std::string user, password;
  std::string target_user, target_password;
  unsigned login_ms = 15'000;      // to connect and log in
  unsigned reconnect_ms = 20'000;  // to come back after a connection broke
  unsigned abort_ms = 5'000;       // for the answer to ABORT TASK
  // Asked while a login is waited for; true ends it.
  std::function<bool()> interrupted;
};

// The library is loaded by the first open().
std::unique_ptr<UnitTransport> make_iscsi_transport(const IscsiSettings& settings);

}  // namespace libcopyfile
