#include "testing/block_log.h"

#include <cstring>

#include "testing/scratch_error.h"

namespace libcopyfile::test {

std::vector<BlockEvent> parse_block_log(std::span<const std::byte> log) {
  std::vector<BlockEvent> events;
  for (size_t at = 0; at < log.size();) {
    BlockRecord record;
    if (log.size() - at < sizeof record) throw ScratchError("the log ends within a record");
    std::memcpy(&record, log.data() + at, sizeof record);
    at += sizeof record;
    if (record.magic != BlockRecord::kMagic) throw ScratchError("the log holds something else");
    BlockEvent event{record.op, record.offset, record.length, {}};
    if (record.op == BlockOp::write || record.op == BlockOp::mark) {
      if (log.size() - at < record.length) throw ScratchError("the log ends within its data");
      event.data = log.subspan(at, record.length);
      at += record.length;
    }
    events.push_back(event);
  }
  return events;
}

}  // namespace libcopyfile::test
