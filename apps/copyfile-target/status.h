// What the target tells about itself: to ctl as JSON, to Prometheus as text.
#pragma once

#include <string>

#include "copyfile-target/json.h"
#include "copyfile-target/service.h"

namespace libcopyfile::daemon {

Json status_of(const Service& service);
Json sessions_of(const Service& service);
Json units_of(const Service& service);
Json copies_of(const Service& service);

// The exposition format of Prometheus, version 0.0.4. No label comes from an initiator: they could make up any number of them.
std::string metrics_of(const Service& service);

}  // namespace libcopyfile::daemon
