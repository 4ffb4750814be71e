// Initiator ports as reservations know them: by TransportID (SPC-4 7.6.4) in one form, so that equal ports are equal bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "target/task.h"

namespace libcopyfile::target {

// A TransportID. Of iSCSI: the name in lower case, the ISID with 12 digits, padded to a multiple of four bytes. Of what is no iSCSI:
// the bytes as the front end gave them.
using InitiatorPort = wire::Bytes;

struct TransportId {
  InitiatorPort port;
  std::string name;     // of the initiator, in lower case
  bool device = false;  // format 00b: the initiator device, and not one port of it
  size_t length = 0;    // how many bytes it took
};

// The TransportID at the beginning of `data`. Nothing: it is cut off, none of iSCSI, or no name and ISID as RFC 7143 writes them.
std::optional<TransportId> decode_transport_id(wire::View data);

// "iqn.2026-01.example:host" and "00023d000001" (digits of a 48-bit number).
InitiatorPort iscsi_port(std::string_view name, std::string_view isid);
InitiatorPort port_of(const Nexus& nexus);
// For people: "iqn.2026-01.example:host,i,0x00023d000001"; hexadecimal digits for what is no iSCSI.
std::string describe(const InitiatorPort& port);

std::string to_hex(wire::View bytes);

}  // namespace libcopyfile::target
