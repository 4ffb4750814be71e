// Reservations of one logical unit: RESERVE(6) and RELEASE(6) (SPC-2), and persistent ones (SPC-4 5.13), which know initiator ports by
// TransportID and survive the loss of nexuses and, with APTPL, of power.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "target/attentions.h"
#include "target/task.h"

namespace libcopyfile::target {

// What a command needs of the logical unit, as far as reservations are concerned (SPC-4 table 68, SBC-3 table 13).
enum class Need : uint8_t {
  nothing,      // allowed whoever holds what (INQUIRY, REPORT LUNS, REQUEST SENSE, PERSISTENT RESERVE IN...)
  reading,      // allowed in the presence of write exclusive reservations
  writing,      // not allowed in the presence of anybody else's reservation
  managing,     // conflicts with SPC-2 reservations only; for persistent ones it decides itself (PERSISTENT RESERVE OUT)
};

class Reservations {
 public:
  // `file`: where persistent reservations with APTPL are kept, empty for nowhere (APTPL is refused then). `attentions` outlive this.
  Reservations(UnitAttentions& attentions, std::string file);
  // Reads what the file holds. A file that is damaged is an error: nothing is guessed, the unit must not be served.
  Done load();

  // Whether the nexus may do it now: good, or reservation_conflict.
  Status allows(const Nexus& nexus, Need need) const;

  void nexus_opened(const Nexus& nexus);
  void nexus_lost(NexusId nexus);  // SPC-2 reservations end; persistent ones stay
  void reset();                    // LOGICAL UNIT RESET: SPC-2 reservations end; persistent ones stay

  // The commands themselves (reservation_commands.cc decodes and calls).
  Outcome reserve(const Nexus& nexus);
  Outcome release(const Nexus& nexus);
  Outcome persistent_out(const Nexus& nexus, wire::View cdb, wire::View parameters);
  Result<wire::Bytes> persistent_in(uint8_t service_action) const;

  // For ctl.
  struct Holder {
    std::string initiator;
    uint64_t key = 0;
    bool holds = false;
    uint8_t type = 0;
  };
  std::vector<Holder> holders() const;
};

}  // namespace libcopyfile::target
