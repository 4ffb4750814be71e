// PERSISTENT RESERVE OUT (SPC-4 6.16): what is asked for, and what becomes of the state by it. Pure.
#pragma once

#include <tl/expected.hpp>
#include <vector>

#include "target/persistent_state.h"
#include "wire/sense.h"

namespace libcopyfile::target {

enum class PersistentAction : uint8_t {
  register_key = 0,
  reserve = 1,
  release = 2,
  clear = 3,
  preempt = 4,
  preempt_and_abort = 5,
  register_and_ignore = 6,
  register_and_move = 7,
};

struct PersistentRequest {
  PersistentAction action = PersistentAction::register_key;
  uint8_t scope = 0, type = 0;  // as they came: not every action looks at them
  uint64_t key = 0;             // RESERVATION KEY
  uint64_t action_key = 0;      // SERVICE ACTION RESERVATION KEY
  bool aptpl = false;
  bool all_ports = false;          // ALL_TG_PT
  bool for_others = false;         // SPEC_I_PT
  bool unregister = false;         // UNREG of REGISTER AND MOVE
  uint16_t relative_port = 0;      // of ours, to which REGISTER AND MOVE moves
  std::vector<TransportId> ports;  // of SPEC_I_PT, or the one of REGISTER AND MOVE
};

// The CDB and its parameter list, of which `parameters` is what arrived.
wire::Decoded<PersistentRequest> decode_persistent_out(wire::View cdb, wire::View parameters);

struct PersistentChange {
  PersistentState next;
  struct Notice {
    Registration whom;
    wire::SenseCode code;
  };
  std::vector<Notice> notices;  // unit attentions, but not for the nexus that sent the command
  std::vector<Registration> preempted;  // whose tasks end: PREEMPT AND ABORT
};

// What the state is after `request` of the nexus (port, relative_port), or how it is refused. REQUIRES: no TransportId in
// request.ports is one of a device (the caller knows which ports of it there are).
tl::expected<PersistentChange, Outcome> change(const PersistentState& state,
                                               const InitiatorPort& port, uint16_t relative_port,
                                               const PersistentRequest& request);

}  // namespace libcopyfile::target
