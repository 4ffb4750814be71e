// What becomes of a command that a logical unit did not carry out: one table for all copies by SCSI.
#pragma once

#include <span>

#include "mechanism/scsi_task.h"

namespace libcopyfile {

using SenseAction = Reaction;

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

// REQUIRES a reply that is not a success. What no table lists is a failure.
Judgement judge(const ScsiReply& reply);
bool succeeded(const ScsiReply& reply);

}  // namespace libcopyfile
