#include "copyfile-target/access.h"

namespace libcopyfile::daemon {
namespace {

// RFC 3722 folds case; what is not ASCII is in no name that is_iscsi_name() lets into the table.
const Access::Entry* entry_of(const Access::Table& table, std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  // An initiator that calls itself "*" is one of those who are not named.
  auto found = table.find(name);
  if (found == table.end()) found = table.find("*");
  return found != table.end() ? &found->second : nullptr;
}

}  // namespace

void Access::set(Table table) {
  auto made = std::make_shared<const Table>(std::move(table));
  const std::lock_guard lock(mutex_);
  table_.swap(made);
}

std::shared_ptr<const Access::Table> Access::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

std::optional<iscsi::Authentication> Access::authentication(const std::string& initiator) const {
  const auto now = table();
  const Entry* entry = entry_of(*now, initiator);
  return entry != nullptr ? std::optional(entry->authentication) : std::nullopt;
}

target::LunMap Access::luns(const std::string& initiator) const {
  const auto now = table();
  const Entry* entry = entry_of(*now, initiator);
  return entry != nullptr ? entry->luns : target::LunMap();
}

}  // namespace libcopyfile::daemon
