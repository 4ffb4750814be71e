// RESERVE(6), RELEASE(6), RESERVE(10), RELEASE(10) of SPC-2, PERSISTENT RESERVE IN and OUT of SPC-4.
#include "target/command.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

// Reservations of elements and for third parties are obsolete (SPC-3): their bits are refused by the table.
Handled reserve(Context& context) {
  // It may have to wait for a change of persistent reservations, and with it for a disk.
  if (context.may_block == MayBlock::no) return std::nullopt;
  return context.unit->reservations().reserve(context.nexus);
}

Handled release(Context& context) { return context.unit->reservations().release(context.nexus); }

Handled persistent_in(Context& context) {
  const wire::View cdb = context.cdb();
  const Result<wire::Bytes> data = context.unit->reservations().persistent_in(cdb.u8(1) & 0x1fU);
  if (!data) {
    if (data.error().code == EBUSY) return Outcome::of(Status::reservation_conflict);
    return Outcome::refused(wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, 1));
  }
  context.answer(*data, cdb.be16(7));
  return Outcome::good();
}

Handled persistent_out(Context& context) {
  if (context.may_block == MayBlock::no) return std::nullopt;
  context.task.transfer_length = context.cdb().be32(5);
  return context.unit->reservations().persistent_out(context.nexus, context.cdb(),
                                                     context.data_out(), context.preempted);
}

constexpr Command old(uint8_t opcode, uint8_t length, std::string_view name, Handler run) {
  // Whether there is a conflict they find out themselves: who may not reserve may yet release.
  return {.opcode = opcode,
          .length = length,
          .usage = {opcode},
          .name = name,
          .need = Need::nothing,
          .where = Where::io,
          .run = run};
}

constexpr Command in(uint16_t action, std::string_view name) {
  return {.opcode = 0x5e,
          .service_action = action,
          .length = 10,
          .usage = {0x5e, 0x1f, 0, 0, 0, 0, 0, 0xff, 0xff, 0},
          .name = name,
          .need = Need::managing,
          .where = Where::here,
          .run = persistent_in};
}

constexpr Command out(uint16_t action, std::string_view name) {
  // SCOPE and TYPE are ignored where an action has no use for them, not refused.
  return {.opcode = 0x5f,
          .service_action = action,
          .length = 10,
          .usage = {0x5f, 0x1f, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0},
          .name = name,
          .need = Need::managing,
          .where = Where::io,
          .run = persistent_out};
}

constexpr Command kCommands[] = {
    old(0x16, 6, "RESERVE(6)", reserve),
    old(0x17, 6, "RELEASE(6)", release),
    old(0x56, 10, "RESERVE(10)", reserve),
    old(0x57, 10, "RELEASE(10)", release),
    in(0x00, "PERSISTENT RESERVE IN (READ KEYS)"),
    in(0x01, "PERSISTENT RESERVE IN (READ RESERVATION)"),
    in(0x02, "PERSISTENT RESERVE IN (REPORT CAPABILITIES)"),
    in(0x03, "PERSISTENT RESERVE IN (READ FULL STATUS)"),
    out(0x00, "PERSISTENT RESERVE OUT (REGISTER)"),
    out(0x01, "PERSISTENT RESERVE OUT (RESERVE)"),
    out(0x02, "PERSISTENT RESERVE OUT (RELEASE)"),
    out(0x03, "PERSISTENT RESERVE OUT (CLEAR)"),
    out(0x04, "PERSISTENT RESERVE OUT (PREEMPT)"),
    out(0x05, "PERSISTENT RESERVE OUT (PREEMPT AND ABORT)"),
    out(0x06, "PERSISTENT RESERVE OUT (REGISTER AND IGNORE EXISTING KEY)"),
    out(0x07, "PERSISTENT RESERVE OUT (REGISTER AND MOVE)"),
};

}  // namespace

std::span<const Command> reservation_commands() { return kCommands; }

}  // namespace libcopyfile::target
