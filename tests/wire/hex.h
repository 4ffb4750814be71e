// Bytes as the standards print them.
#pragma once

#include <string>
#include <string_view>

#include "wire/bytes.h"

namespace libcopyfile::test {

// "83 00 ff": two digits each, separated as one likes; "00*12" is that byte twelve times.
wire::Bytes hex(std::string_view text);
// Sixteen a line, so that a difference is seen.
std::string dump(wire::View bytes);

}  // namespace libcopyfile::test
