// PERSISTENT RESERVE IN (SPC-4 6.15): the parameter data, whole; the caller cuts it to the allocation length.
#pragma once

#include "target/persistent_state.h"

namespace libcopyfile::target {

enum class PersistentIn : uint8_t { keys = 0, reservation = 1, capabilities = 2, full_status = 3 };

// `keeps`: whether APTPL can be had.
wire::Bytes encode_persistent_in(const PersistentState& state, PersistentIn what, bool keeps);

}  // namespace libcopyfile::target
