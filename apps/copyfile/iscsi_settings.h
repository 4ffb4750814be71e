// Who this host is to iSCSI targets: from the environment, as the tools of libiscsi take it, and from /etc.
#pragma once

#include <string>
#include <string_view>

#include "sys/iscsi_transport.h"

namespace libcopyfile::app {

IscsiSettings iscsi_settings();

// The name in the text of /etc/iscsi/initiatorname.iscsi (open-iscsi); empty where there is none.
std::string initiator_in(std::string_view text);
// A name for a host that has none.
std::string initiator_for(std::string_view host);

}  // namespace libcopyfile::app
