// What initiator and target agree on at login (RFC 7143, 13), and how each key is agreed on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "iscsi/server.h"
#include "wire/iscsi_pdu.h"

namespace libcopyfile::iscsi {

struct Parameters {
  std::string initiator, initiator_alias;
  std::string target;
  wire::iscsi::Isid isid{};
  uint16_t connection = 0;
  bool discovery = false;

  bool header_digest = false, data_digest = false;
  // The longest data segment that the initiator takes; the standard's default until it says something else.
  uint32_t initiator_data_segment = 8192;
  uint32_t max_burst = 262144, first_burst = 65536;
  bool initial_r2t = true, immediate_data = true;
  uint32_t outstanding_r2t = 1;

  // How much an initiator may send of a command's data unasked.
  uint32_t unsolicited() const { return first_burst < max_burst ? first_burst : max_burst; }
};

// What we declare before anything is agreed on: the longest data segment of a login request (13.12).
inline constexpr uint32_t kLoginDataSegment = 8192;

inline constexpr std::string_view kRejected = "Reject", kNotUnderstood = "NotUnderstood",
                                  kIrrelevant = "Irrelevant";

// Agrees on an operational key, and gives the answer to it; an empty one: the key is a declaration and gets none.
std::string negotiate(std::string_view key, std::string_view value, const ServerOptions& options,
                      Parameters& parameters);

}  // namespace libcopyfile::iscsi
