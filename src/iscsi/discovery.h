// What initiators find out by SendTargets (RFC 7143, appendix C).
#pragma once

#include <string>
#include <vector>

#include "iscsi/server.h"
#include "wire/bytes.h"

namespace libcopyfile::iscsi {

// The answer: the target and where it listens. `reached`: the address by which the asker came, in place of "all addresses".
wire::Bytes target_record(const ServerOptions& options, const std::vector<Portal>& portals,
                          const std::string& reached);

}  // namespace libcopyfile::iscsi
