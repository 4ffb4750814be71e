// Who may log in, and which units each sees.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "iscsi/server.h"
#include "target/device.h"

namespace libcopyfile::daemon {

// Any thread at any time. It is exchanged as a whole, so that nobody sees half of a change.
class Access {
 public:
  struct Entry {
    iscsi::Authentication authentication;
    target::LunMap luns;
  };
  // By the name of the initiator in small letters; "*" is for those who are not named.
  using Table = std::map<std::string, Entry>;

  void set(Table table);
  // Nothing: may not log in.
  std::optional<iscsi::Authentication> authentication(const std::string& initiator) const;
  target::LunMap luns(const std::string& initiator) const;

 private:
  std::shared_ptr<const Table> table() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Table> table_ = std::make_shared<Table>();
};

}  // namespace libcopyfile::daemon
