// Persistent reservations as values (SPC-4 5.13): who is registered, what is reserved, what that allows.
#pragma once

#include <optional>
#include <vector>

#include "target/initiator_port.h"

namespace libcopyfile::target {

enum class Need : uint8_t;

// The TYPE field (SPC-4 table 218).
enum class PersistentType : uint8_t {
  write_exclusive = 1,
  exclusive_access = 3,
  write_exclusive_registrants = 5,
  exclusive_access_registrants = 6,
  write_exclusive_all = 7,
  exclusive_access_all = 8,
};
std::optional<PersistentType> persistent_type(uint8_t field);
bool keeps_readers_out(PersistentType type);   // exclusive access
bool is_all_registrants(PersistentType type);  // every registered nexus is a holder
bool admits_registrants(PersistentType type);  // "registrants only" and "all registrants"

// A registered I_T nexus: an initiator port, through one port of ours or through any of them (ALL_TG_PT).
struct Registration {
  InitiatorPort port;
  uint16_t relative_port = 0;
  bool all_ports = false;
  uint64_t key = 0;
  bool holder = false;  // of a reservation that is not of "all registrants"

  bool is(const InitiatorPort& other, uint16_t relative) const {
    return (all_ports || relative_port == relative) && port == other;
  }
  bool operator==(const Registration&) const = default;
};

struct PersistentState {
  // Bounds memory and the file: INSUFFICIENT REGISTRATION RESOURCES beyond.
  static constexpr size_t kMostRegistrations = 256;

  uint32_t generation = 0;  // PRGENERATION
  bool aptpl = false;       // activate persist through power loss
  std::vector<Registration> registrations;
  std::optional<PersistentType> type;  // nothing: nobody has reserved

  const Registration* find(const InitiatorPort& port, uint16_t relative_port) const;
  Registration* find(const InitiatorPort& port, uint16_t relative_port);
  bool holds(const Registration& registration) const;
  // Whether a nexus (null: one that is not registered) may do what needs this.
  bool allows(const Registration* from, Need need) const;
  bool operator==(const PersistentState&) const = default;
};

}  // namespace libcopyfile::target
