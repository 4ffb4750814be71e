// A SCSI command of a session, from its header to its response.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "iscsi/budget.h"
#include "target/task.h"

namespace libcopyfile::iscsi {

// What one R2T asked for.
struct Burst {
  uint32_t transfer_tag = 0;
  uint32_t offset = 0, length = 0;
  uint32_t received = 0, data_sn = 0;
};

struct Command {
  uint32_t tag = 0, cmd_sn = 0;
  uint64_t lun = 0;
  bool immediate = false;
  bool read = false, write = false;
  uint32_t expected = 0;  // Expected Data Transfer Length, either way

  target::TaskPtr task;    // until it is submitted
  bool delivered = false;  // all commands before it have come (CmdSN)
  bool submitted = false;
  bool aborted = false;
  std::optional<target::Outcome> failure;  // of its data: it never gets to the device

  // Its data on their way in. What is more than a command may have is not asked for.
  uint32_t wanted = 0;
  uint32_t received = 0, asked = 0;
  bool whole = false;        // there is memory for all that is wanted
  bool unsolicited = false;  // data come unasked until one has the F bit
  uint32_t unsolicited_most = 0, unsolicited_sn = 0;
  std::vector<Burst> bursts;  // under way, in order
  uint32_t r2t_sn = 0;
  uint64_t moved = 0;  // when data came last, or were asked for
  Lease lease;

  bool waits_for_data() const { return unsolicited || !bursts.empty(); }
  bool has_all_data() const { return received == wanted && !waits_for_data(); }
};

}  // namespace libcopyfile::iscsi
