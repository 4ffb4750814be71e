// What devices can do for each other, or why not.
#pragma once

#include <string>

#include "facts/facts.h"

namespace libcopyfile {

template <class T>
using Negotiated = tl::expected<T, Verdict>;

// "512 bytes", "64 KiB": for reasons.
std::string bytes_text(uint64_t bytes);

}  // namespace libcopyfile
