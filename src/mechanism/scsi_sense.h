// What becomes of a command that a logical unit did not carry out: one table for all copies by SCSI.
#pragma once

#include <span>

#include "mechanism/scsi_task.h"

namespace libcopyfile {

enum class SenseAction : uint8_t {
  done,       // it was carried out nevertheless
  again,      // the same once more, after a while; kMaxAgain times in a row
  once_more,  // the same once more, after a while; then declined
  smaller,    // the same with half as many descriptors; then declined
  plainer,    // the request that every target understands; then declined
  rename,     // another list identifier
  partly,     // INFORMATION says how much was done: on from there
  new_token,  // the token is gone: another one; declined if that does not help either
  declined,   // something else continues
  failed,
};

inline constexpr unsigned kMaxAgain = 10;

struct SenseRow {
  int key;  // -1: any
  int asc;
  int ascq;  // -1: any
  SenseAction action;
  int code;  // the errno of declined and failed, also in the end of the others
  Scope scope;
  const char* reason;
};

struct StatusRow {
  uint8_t status;
  SenseAction action;
  int code;
  const char* reason;
};

// The tables; the first row that fits counts.
std::span<const SenseRow> sense_table();
std::span<const StatusRow> status_table();

struct Judgement {
  SenseAction action = SenseAction::failed;
  int code = EIO;
  Scope scope = Scope::file;
  std::string reason;

  // The end of it, where its action has not helped.
  TaskStep give_up() const;
};

// REQUIRES a reply that is not a success. What no table lists is a failure.
Judgement judge(const ScsiReply& reply);
bool succeeded(const ScsiReply& reply);

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
