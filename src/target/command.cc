#include "target/command.h"

#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

constexpr uint8_t kVariableLength = 0x7f;

uint16_t service_action_of(wire::View cdb) {
  return cdb.u8(0) == kVariableLength ? cdb.be16(8) : static_cast<uint16_t>(cdb.u8(1) & 0x1f);
}

}  // namespace

void Context::answer(wire::View data, uint64_t allocation_length) {
  const size_t length = std::min<uint64_t>(data.size(), allocation_length);
  task.data_in = TransferBuffer(data.part(0, length));
  task.transfer_length = task.data_in.size();
}

const Command* find_command(wire::View cdb, bool& known_opcode) {
  known_opcode = false;
  for (const auto commands :
       {primary_commands(), block_commands(), reservation_commands(), copy_commands()}) {
    for (const Command& command : commands) {
      if (command.opcode != cdb.u8(0)) continue;
      known_opcode = true;
      if (!command.service_action || *command.service_action == service_action_of(cdb)) {
        return &command;
      }
    }
  }
  return nullptr;
}

wire::Sense sense_of(const Error& error) {
  using namespace wire::codes;
  if (is_no_space(error.code)) return wire::refusal(kNoSpace);
  switch (error.code) {
    case EROFS: return wire::refusal(kWriteProtected);
    case EIO: return wire::refusal(error.op == Op::read ? kUnrecoveredReadError : kWriteError);
    default: return wire::refusal(kInternalFailure);
  }
}

std::optional<Outcome> beyond_end(const LogicalUnit& unit, uint64_t lba, uint64_t blocks) {
  const uint64_t all = unit.blocks();
  // The first one behind the end is none of the unit's, not even for a transfer of nothing.
  if (lba < all && blocks <= all - lba) return std::nullopt;
  wire::Sense sense = wire::refusal(wire::codes::kLbaOutOfRange);
  // SBC-3 4.18.1: the first block that is not there, for initiators that want to know how far they would have come.
  sense.information = std::max(lba, all);
  return Outcome::refused(std::move(sense));
}

}  // namespace libcopyfile::target
