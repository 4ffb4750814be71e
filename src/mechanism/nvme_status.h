// What becomes of a command that an NVMe controller did not carry out.
#pragma once

#include <span>

#include "mechanism/nvme_task.h"

namespace libcopyfile {

// Types of status codes.
enum class StatusType : uint8_t { generic = 0, command = 1, media = 2, path = 3 };

struct NvmeStatusRow {
  StatusType type;
  uint8_t status;
  Reaction action;
  Scope scope;
  int code;  // the errno of declined and failed, also in the end of the others
  const char* reason;
};
std::span<const NvmeStatusRow> nvme_status_table();

bool succeeded(const NvmeReply& reply);
// REQUIRES a reply that is not a success. What no table lists is a failure.
Judgement judge(const NvmeReply& reply);

}  // namespace libcopyfile
