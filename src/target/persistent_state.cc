#include "target/persistent_state.h"

#include "target/reservations.h"

namespace libcopyfile::target {

std::optional<PersistentType> persistent_type(uint8_t field) {
  switch (field) {
    case 1:
    case 3:
    case 5:
    case 6:
    case 7:
    case 8: return static_cast<PersistentType>(field);
    default: return std::nullopt;
  }
}

bool keeps_readers_out(PersistentType type) {
  return type == PersistentType::exclusive_access ||
         type == PersistentType::exclusive_access_registrants ||
         type == PersistentType::exclusive_access_all;
}

bool is_all_registrants(PersistentType type) {
  return type == PersistentType::write_exclusive_all ||
         type == PersistentType::exclusive_access_all;
}

bool admits_registrants(PersistentType type) {
  return is_all_registrants(type) || type == PersistentType::write_exclusive_registrants ||
         type == PersistentType::exclusive_access_registrants;
}

const Registration* PersistentState::find(const InitiatorPort& port, uint16_t relative_port) const {
  const auto found =
      std::find_if(registrations.begin(), registrations.end(),
                   [&](const Registration& one) { return one.is(port, relative_port); });
  return found == registrations.end() ? nullptr : &*found;
}

Registration* PersistentState::find(const InitiatorPort& port, uint16_t relative_port) {
  return const_cast<Registration*>(std::as_const(*this).find(port, relative_port));
}

bool PersistentState::holds(const Registration& registration) const {
  return type && (is_all_registrants(*type) || registration.holder);
}

bool PersistentState::allows(const Registration* from, Need need) const {
  if (!type || need == Need::nothing || need == Need::managing) return true;
  if (from != nullptr && (admits_registrants(*type) || from->holder)) return true;
  return need == Need::reading && !keeps_readers_out(*type);
}

}  // namespace libcopyfile::target
