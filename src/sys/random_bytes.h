// Random bytes that nobody can guess (getrandom(2)).
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"

namespace libcopyfile {

Done fill_random(std::span<uint8_t> bytes);

}  // namespace libcopyfile
