// READ CAPACITY (SBC-3 5.15, 5.16).
#include "target/block_limits.h"
#include "target/primary_handlers.h"

namespace libcopyfile::target {
namespace {

// REQUIRES an image of at least one block, as units have (a unit without one answers with 0, as if it had one).
uint64_t last_lba(const LogicalUnit& unit) { return std::max<uint64_t>(unit.blocks(), 1) - 1; }

}  // namespace

Handled read_capacity_10(Context& context) {
  const wire::View cdb = context.cdb();
  // PMI is obsolete; without it, there is no LBA to ask from.
  if (!cdb.bit(8, 0) && cdb.be32(2) != 0) return wrong_cdb_field(2);
  wire::Bytes bytes(8);
  wire::Writer out(bytes);
  // What does not fit says: ask with READ CAPACITY(16).
  out.be32(0, static_cast<uint32_t>(std::min<uint64_t>(last_lba(*context.unit), UINT32_MAX)));
  out.be32(4, context.unit->block_length());
  context.answer(bytes, bytes.size());
  return Outcome::good();
}

Handled read_capacity_16(Context& context) {
  const wire::View cdb = context.cdb();
  if (!cdb.bit(14, 0) && cdb.be64(2) != 0) return wrong_cdb_field(2);
  const LogicalUnit& unit = *context.unit;
  wire::Capacity capacity;
  capacity.last_lba = last_lba(unit);
  capacity.block_length = unit.block_length();
  capacity.physical_exponent = physical_exponent(unit);
  capacity.provisioned = unit.options().thin;
  capacity.zero_when_unmapped = unit.options().thin;
  context.answer(encode(capacity), cdb.be32(10));
  return Outcome::good();
}

}  // namespace libcopyfile::target
