// Commands about the state of a unit, which is always the same: ready, not removable, healthy.
#include "target/primary_handlers.h"

namespace libcopyfile::target {

Handled test_unit_ready(Context& /*context*/) { return Outcome::good(); }

// SPC-4 6.39: what there is to tell is the data; the command itself succeeds.
Handled request_sense(Context& context) {
  const wire::View cdb = context.cdb();
  wire::Sense sense;
  if (context.unit == nullptr) {
    sense.code = wire::codes::kUnitNotSupported;
  } else if (const auto code = context.unit->attentions().take(context.nexus.id)) {
    sense.code = *code;
  }
  context.answer(cdb.bit(1, 0) ? encode_descriptor_sense(sense) : encode_fixed_sense(sense),
                 cdb.u8(4));
  return Outcome::good();
}

// SBC-3 5.25. The unit stays ready whatever it is told: an initiator must not be able to stop it for the others.
Handled start_stop_unit(Context& context) {
  const wire::View cdb = context.cdb();
  const bool start = cdb.bit(4, 0), eject = cdb.bit(4, 1), no_flush = cdb.bit(4, 2);
  const uint8_t condition = cdb.u8(4) >> 4;
  if (condition > 0x0b || (condition > 0x05 && condition < 0x0a) || condition == 0x04) {
    return wrong_cdb_field(4);
  }
  // With a power condition, START and LOEJ mean nothing. Without one, there is nothing to load or eject.
  if (condition == 0 && eject) return wrong_cdb_field(4);
  if (condition != 0 || start || no_flush || context.unit->read_only()) return Outcome::good();
  if (context.may_block == MayBlock::no) return std::nullopt;
  if (const auto flushed = context.unit->image().flush(); !flushed) {
    return Outcome::refused(sense_of(flushed.error()));
  }
  return Outcome::good();
}

// SBC-3 5.10: there is no medium that could be removed, so that is prevented anyway.
Handled prevent_allow_removal(Context& context) {
  // 10b and 11b are obsolete.
  if ((context.cdb().u8(4) & 2) != 0) return wrong_cdb_field(4);
  return Outcome::good();
}

// SPC-4 6.42: the default self-test, which has nothing to test. Pages are for devices that have any.
Handled send_diagnostic(Context& context) {
  const wire::View cdb = context.cdb();
  const bool self_test = cdb.bit(1, 2);
  if ((cdb.u8(1) & 0xe0) != 0) return wrong_cdb_field(1);
  if (!self_test) return wrong_cdb_field(1);
  if (cdb.be16(3) != 0) return wrong_cdb_field(3);
  return Outcome::good();
}

// SPC-4 6.7: page 00h, the list of pages, which has itself alone.
Handled log_sense(Context& context) {
  const wire::View cdb = context.cdb();
  if (cdb.bit(1, 0)) return wrong_cdb_field(1);
  if ((cdb.u8(2) & 0x3f) != 0) return wrong_cdb_field(2);
  if (cdb.u8(3) != 0) return wrong_cdb_field(3);
  if (cdb.be16(5) != 0) return wrong_cdb_field(5);
  context.answer(wire::Bytes{0, 0, 0, 1, 0}, cdb.be16(7));
  return Outcome::good();
}

}  // namespace libcopyfile::target
