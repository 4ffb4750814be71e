// How persistent reservations know an iSCSI initiator port.
#pragma once

#include <string>

#include "wire/iscsi_pdu.h"

namespace libcopyfile::iscsi {

// SPC-4 7.6.4.6, format 01b: the name and the ISID.
wire::Bytes transport_id(const std::string& initiator, const wire::iscsi::Isid& isid);

}  // namespace libcopyfile::iscsi
