#include "iscsi/discovery.h"

#include <set>

#include "wire/iscsi_text.h"

namespace libcopyfile::iscsi {

wire::Bytes target_record(const ServerOptions& options, const std::vector<Portal>& portals,
                          const std::string& reached) {
  wire::Bytes text;
  wire::iscsi::append_key(text, "TargetName", options.target_name);
  if (!options.target_alias.empty())
    wire::iscsi::append_key(text, "TargetAlias", options.target_alias);
  std::set<std::string> known;
  for (const Portal& portal : portals) {
    const bool any = portal.address == "0.0.0.0" || portal.address == "::";
    const bool v6 = portal.address.find(':') != std::string::npos;
    std::string address = any ? reached : v6 ? "[" + portal.address + "]" : portal.address;
    if (address.empty()) continue;
    address += ":" + std::to_string(portal.port) + "," + std::to_string(options.portal_group);
    if (known.insert(address).second) wire::iscsi::append_key(text, "TargetAddress", address);
  }
  return text;
}

}  // namespace libcopyfile::iscsi
