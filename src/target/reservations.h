// Reservations of one logical unit: RESERVE(6) and RELEASE(6) (SPC-2), and persistent ones (SPC-4 5.13), which know initiator ports by
// TransportID and survive the loss of nexuses and, with APTPL, of power.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "target/attentions.h"
#include "target/persistent_out.h"
#include "target/reservation_file.h"
#include "target/task.h"

namespace libcopyfile::target {

// What a command needs of the logical unit, as far as reservations are concerned (SPC-4 table 68, SBC-3 table 13).
enum class Need : uint8_t {
  nothing,  // allowed whoever holds what (INQUIRY, REPORT LUNS, REQUEST SENSE, PERSISTENT RESERVE IN...)
  reading,   // allowed in the presence of write exclusive reservations
  writing,   // not allowed in the presence of anybody else's reservation
  managing,  // conflicts with SPC-2 reservations only; persistent ones allow it, or it decides itself (TEST UNIT READY,
             // PERSISTENT RESERVE OUT)
};

// Any thread at any time; persistent_out(), reserve() and load() may wait for a disk.
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
  void reset();  // LOGICAL UNIT RESET: SPC-2 reservations end; persistent ones stay

  // The commands themselves (reservation_commands.cc decodes and calls).
  Outcome reserve(const Nexus& nexus);
  Outcome release(const Nexus& nexus);
  // A change that is to survive power loss is on stable storage when this returns; what can't be written did not happen
  // (4/44/00). `preempted` gets the nexuses whose tasks the caller ends before it answers (PREEMPT AND ABORT).
  Outcome persistent_out(const Nexus& nexus, wire::View cdb, wire::View parameters,
                         std::vector<NexusId>& preempted);
  // EINVAL for a service action that is none, EBUSY where a reservation of SPC-2 is in force: RESERVATION CONFLICT.
  Result<wire::Bytes> persistent_in(uint8_t service_action) const;

  // For ctl.
  struct Holder {
    std::string initiator;
    uint64_t key = 0;
    bool holds = false;
    uint8_t type = 0;
  };
  std::vector<Holder> holders() const;

 private:
  struct Open {
    InitiatorPort port;
    uint16_t relative_port = 0;
    std::string initiator;
  };
  wire::Decoded<PersistentRequest> decode(wire::View cdb, wire::View parameters) const;
  std::vector<TransportId> ports_of(const TransportId& device, uint16_t relative_port) const;
  Done keep(const PersistentState& next);
  void put(PersistentChange change, NexusId from, std::vector<NexusId>& preempted);
  void look_again();

  UnitAttentions& attentions_;
  const ReservationFile file_;
  std::mutex change_;                // one change at a time, with its file; before mutex_
  mutable std::shared_mutex mutex_;  // of all below
  PersistentState state_;
  NexusId reserved_by_ = 0;  // SPC-2
  std::map<NexusId, Open> nexuses_;
  std::atomic<bool> free_{
      true};  // nobody has reserved anything: the usual case, which costs reads and writes no lock
};

}  // namespace libcopyfile::target
