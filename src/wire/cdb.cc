#include "wire/cdb.h"

#include "wire/sense_codes.h"

namespace libcopyfile::wire {
namespace {

constexpr uint8_t kReadCapacity16 = 0x10;  // service action of 9Eh
constexpr uint8_t kServiceAction = 0x1f;   // its place in byte 1

Cdb with_opcode(Opcode opcode, uint8_t length = 16) {
  Cdb cdb;
  cdb.bytes[0] = static_cast<uint8_t>(opcode);
  cdb.length = length;
  return cdb;
}

bool is_token_command(CopyOut action) {
  return action == CopyOut::populate_token || action == CopyOut::write_using_token;
}

Decoded<Command> decode_copy_out(View cdb) {
  const auto action = static_cast<CopyOut>(cdb.u8(1) & kServiceAction);
  CopyOutCdb out{action, 0, cdb.be32(10), 0};
  switch (action) {
    case CopyOut::extended_copy_lid1:
    case CopyOut::extended_copy_lid4: return out;
    case CopyOut::populate_token:
    case CopyOut::write_using_token:
      out.list_id = cdb.be32(6);
      out.group = cdb.u8(14) & 0x1f;
      return out;
    case CopyOut::copy_operation_abort:
      out.list_id = cdb.be32(2);
      out.parameter_length = 0;
      return out;
  }
  return tl::unexpected(refusal_of_cdb(codes::kInvalidFieldInCdb, 1));
}

Decoded<Command> decode_copy_in(View cdb) {
  const auto action = static_cast<CopyIn>(cdb.u8(1) & kServiceAction);
  CopyInCdb in{action, 0, cdb.be32(10)};
  switch (action) {
    case CopyIn::operating_parameters:
    case CopyIn::report_all_rod_tokens: return in;
    case CopyIn::copy_status_lid1:
    case CopyIn::failed_segment_details: in.list_id = cdb.u8(2); return in;
    case CopyIn::copy_status_lid4:
    case CopyIn::rod_token_information: in.list_id = cdb.be32(2); return in;
  }
  return tl::unexpected(refusal_of_cdb(codes::kInvalidFieldInCdb, 1));
}

Decoded<Command> decode_inquiry(View cdb) {
  const bool vital = cdb.bit(1, 0);
  // A page code without the bit that asks for a page (SPC-4 6.4.1).
  if (!vital && cdb.u8(2) != 0) return tl::unexpected(refusal_of_cdb(codes::kInvalidFieldInCdb, 2));
  InquiryCdb inquiry;
  if (vital) inquiry.page = cdb.u8(2);
  inquiry.allocation_length = cdb.be16(3);
  return inquiry;
}

// By the group code in the top three bits of the opcode (SPC-4 4.2.5.1).
size_t cdb_length(uint8_t opcode) {
  switch (opcode >> 5) {
    case 0: return 6;
    case 1:
    case 2: return 10;
    case 5: return 12;
    default: return 16;
  }
}

}  // namespace

Cdb encode(const TestUnitReadyCdb&) { return with_opcode(Opcode::test_unit_ready, 6); }

Cdb encode(const InquiryCdb& command) {
  Cdb cdb = with_opcode(Opcode::inquiry, 6);
  Writer out(cdb.bytes);
  out.u8(1, command.page ? 1 : 0);
  out.u8(2, command.page.value_or(0));
  out.be16(3, command.allocation_length);
  return cdb;
}

Cdb encode(const ReadCapacityCdb& command) {
  Cdb cdb = with_opcode(Opcode::service_action_in_16);
  Writer out(cdb.bytes);
  out.u8(1, kReadCapacity16);
  out.be32(10, command.allocation_length);
  return cdb;
}

Cdb encode(const BlocksCdb& command) {
  Cdb cdb = with_opcode(command.opcode);
  Writer out(cdb.bytes);
  out.be64(2, command.lba);
  out.be32(10, command.blocks);
  return cdb;
}

Cdb encode(const CopyOutCdb& command) {
  Cdb cdb = with_opcode(Opcode::third_party_copy_out);
  Writer out(cdb.bytes);
  out.u8(1, static_cast<uint8_t>(command.action));
  if (command.action == CopyOut::copy_operation_abort) {
    out.be32(2, command.list_id);
    return cdb;
  }
  if (is_token_command(command.action)) {
    out.be32(6, command.list_id);
    out.u8(14, command.group & 0x1f);
  }
  out.be32(10, command.parameter_length);
  return cdb;
}

Cdb encode(const CopyInCdb& command) {
  Cdb cdb = with_opcode(Opcode::third_party_copy_in);
  Writer out(cdb.bytes);
  out.u8(1, static_cast<uint8_t>(command.action));
  switch (command.action) {
    case CopyIn::operating_parameters:
    case CopyIn::report_all_rod_tokens: break;
    case CopyIn::copy_status_lid1:
    case CopyIn::failed_segment_details: out.u8(2, static_cast<uint8_t>(command.list_id)); break;
    case CopyIn::copy_status_lid4:
    case CopyIn::rod_token_information: out.be32(2, command.list_id); break;
  }
  out.be32(10, command.allocation_length);
  return cdb;
}

Cdb encode(const Command& command) {
  return std::visit([](const auto& one) { return encode(one); }, command);
}

Decoded<Command> decode_cdb(View cdb) {
  if (cdb.empty() || cdb.size() < cdb_length(cdb.u8(0))) {
    return tl::unexpected(refusal_of_cdb(codes::kInvalidOperation, 0));
  }
  const auto opcode = static_cast<Opcode>(cdb.u8(0));
  switch (opcode) {
    case Opcode::test_unit_ready: return TestUnitReadyCdb{};
    case Opcode::inquiry: return decode_inquiry(cdb);
    case Opcode::read_16:
    case Opcode::write_16:
    case Opcode::synchronize_cache_16: return BlocksCdb{opcode, cdb.be64(2), cdb.be32(10)};
    case Opcode::service_action_in_16:
      if ((cdb.u8(1) & kServiceAction) == kReadCapacity16) return ReadCapacityCdb{cdb.be32(10)};
      return tl::unexpected(refusal_of_cdb(codes::kInvalidFieldInCdb, 1));
    case Opcode::third_party_copy_out: return decode_copy_out(cdb);
    case Opcode::third_party_copy_in: return decode_copy_in(cdb);
  }
  return tl::unexpected(refusal_of_cdb(codes::kInvalidOperation, 0));
}

}  // namespace libcopyfile::wire
