// File systems by their magic numbers (statfs(2)).
#pragma once

#include <cstdint>
#include <string_view>

#include "facts/facts.h"

namespace libcopyfile {

FsClass class_of(uint64_t magic);
// "ext4", "xfs", ...; "0x1234" style is the caller's business for the empty answer.
std::string_view fs_name(uint64_t magic);

}  // namespace libcopyfile
