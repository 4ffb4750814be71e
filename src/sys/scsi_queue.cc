#include "sys/scsi_queue.h"

namespace libcopyfile {

Result<ScsiCompletion> transact(ScsiQueue& queue, const ScsiRequest& request) {
  if (Done sent = queue.submit(request); !sent) return fail(sent.error());
  ScsiCompletion completion;
  for (;;) {
    const Result<size_t> count = queue.reap({&completion, 1}, request.timeout_ms);
    if (!count) return fail(count.error());
    if (*count == 1) return completion;
  }
}

}  // namespace libcopyfile
