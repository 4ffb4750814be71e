// What becomes of a command that a device did not carry out, in the words that all protocols share. Their tables are their own.
#pragma once

#include <optional>
#include <string>

#include "mechanism/device_task.h"

namespace libcopyfile {

enum class Reaction : uint8_t {
  done,       // it was carried out nevertheless
  again,      // the same once more, after a while; kMaxAgain times in a row
  once_more,  // the same once more, after a while; then declined
  smaller,    // the same with half as many ranges; then declined
  plainer,    // the request that every device understands; then declined
  rename,     // another list identifier
  partly,     // the answer says how much was done: on from there
  new_token,  // the token is gone: another one; declined if that does not help either
  declined,   // something else continues
  failed,
};

inline constexpr unsigned kMaxAgain = 10;

struct Judgement {
  Reaction action = Reaction::failed;
  int code = EIO;
  Scope scope = Scope::file;
  std::string reason;

  // The end of it, where its action has not helped.
  TaskEnd give_up() const;
};

// How often the same was tried: what `again` and `once_more` count.
class Attempts {
 public:
  // How long to wait before trying again; nothing when it was enough.
  std::optional<unsigned> again(const Judgement& judgement);
  void progressed() { count_ = 0; }

 private:
  unsigned count_ = 0;
};

}  // namespace libcopyfile
