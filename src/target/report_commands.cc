// What the target tells of itself as a whole: units, commands, task management, ports.
#include "target/device.h"
#include "target/primary_handlers.h"

namespace libcopyfile::target {
namespace {

using wire::Bytes;
using wire::View;

// SPC-4 6.33 says nothing of less, but no answer fits in less than its own head.
constexpr uint32_t kLeastForLuns = 16;

enum class SelectReport : uint8_t { addressable = 0, well_known = 1, all = 2 };

// REPORT SUPPORTED OPERATION CODES (SPC-4 6.36).
enum class Options : uint8_t { all = 0, opcode = 1, service_action = 2, either = 3 };
constexpr uint8_t kNotSupported = 1, kAsTheStandardSays = 3;
constexpr size_t kTimeoutsSize = 12;

template <class Function>
void for_each_command(Function function) {
  for (const auto commands :
       {primary_commands(), block_commands(), reservation_commands(), copy_commands()}) {
    for (const Command& command : commands) function(command);
  }
}

// Command timeouts descriptor: 0 is "none is given".
void append_timeouts(Bytes& bytes) {
  const size_t at = bytes.size();
  bytes.resize(at + kTimeoutsSize);
  wire::Writer(bytes).be16(at, kTimeoutsSize - 2);
}

Bytes all_commands(bool with_timeouts) {
  Bytes bytes(4);
  for_each_command([&](const Command& command) {
    const size_t at = bytes.size();
    bytes.resize(at + 8);
    wire::Writer out(bytes);
    out.u8(at, command.opcode);
    out.be16(at + 2, command.service_action.value_or(0));
    out.u8(at + 5, static_cast<uint8_t>((with_timeouts ? 2 : 0) |
                                        (command.service_action.has_value() ? 1 : 0)));
    out.be16(at + 6, command.length);
    if (with_timeouts) append_timeouts(bytes);
  });
  wire::Writer(bytes).be32(0, static_cast<uint32_t>(bytes.size() - 4));
  return bytes;
}

Bytes one_command(const Command* command, bool with_timeouts) {
  Bytes bytes(4);
  bytes[1] = kNotSupported;
  if (command == nullptr) return bytes;
  bytes[1] = static_cast<uint8_t>(kAsTheStandardSays | (with_timeouts ? 0x80 : 0));
  Bytes usage(command->usage.begin(), command->usage.begin() + command->length);
  usage[0] = command->opcode;
  if (command->service_action) {
    usage[1] = static_cast<uint8_t>((usage[1] & 0xe0) | (*command->service_action & 0x1f));
  }
  // CONTROL: NACA is looked at, to refuse it.
  usage.back() |= 0x04;
  wire::Writer(bytes).be16(2, command->length);
  bytes.insert(bytes.end(), usage.begin(), usage.end());
  if (with_timeouts) append_timeouts(bytes);
  return bytes;
}

}  // namespace

Handled report_luns(Context& context) {
  const View cdb = context.cdb();
  const uint8_t which = cdb.u8(2);
  const uint32_t allocation_length = cdb.be32(6);
  if (which > static_cast<uint8_t>(SelectReport::all)) return wrong_cdb_field(2);
  if (allocation_length < kLeastForLuns) return wrong_cdb_field(6);
  Bytes bytes(8);
  // There are no well-known logical units.
  if (which != static_cast<uint8_t>(SelectReport::well_known)) {
    for (const auto& [number, unit] : context.device.units_of(context.nexus.id)) {
      const size_t at = bytes.size();
      bytes.resize(at + 8);
      wire::Writer(bytes).be64(at, lun_field(number));
    }
  }
  wire::Writer(bytes).be32(0, static_cast<uint32_t>(bytes.size() - 8));
  context.answer(bytes, allocation_length);
  return Outcome::good();
}

Handled report_operation_codes(Context& context) {
  const View cdb = context.cdb();
  const bool with_timeouts = cdb.bit(2, 7);
  const uint8_t options = cdb.u8(2) & 7;
  const uint8_t opcode = cdb.u8(3);
  const uint16_t service_action = cdb.be16(4);
  const uint32_t allocation_length = cdb.be32(6);
  if (options > static_cast<uint8_t>(Options::either)) return wrong_cdb_field(2);
  if (static_cast<Options>(options) == Options::all) {
    context.answer(all_commands(with_timeouts), allocation_length);
    return Outcome::good();
  }
  const Command* plain = nullptr;
  const Command* with_action = nullptr;
  bool has_actions = false;
  for_each_command([&](const Command& command) {
    if (command.opcode != opcode) return;
    if (!command.service_action) {
      plain = &command;
    } else {
      has_actions = true;
      if (*command.service_action == service_action) with_action = &command;
    }
  });
  // Options 1 and 2 know which kind of opcode they ask for; 3 takes either, and says "not supported" of what does not match.
  const Command* found = nullptr;
  switch (static_cast<Options>(options)) {
    case Options::opcode:
      if (has_actions) return wrong_cdb_field(2);
      found = plain;
      break;
    case Options::service_action:
      if (plain != nullptr) return wrong_cdb_field(2);
      found = with_action;
      break;
    case Options::either:
    case Options::all:
      found = has_actions ? with_action : service_action == 0 ? plain : nullptr;
      break;
  }
  context.answer(one_command(found, with_timeouts), allocation_length);
  return Outcome::good();
}

Handled report_task_management(Context& context) {
  const View cdb = context.cdb();
  const bool extended = cdb.bit(2, 7);
  const uint32_t allocation_length = cdb.be32(6);
  if (allocation_length < 4) return wrong_cdb_field(6);
  Bytes bytes(extended ? 16 : 4);
  // ATS, ATSS, CTSS, LURS (SPC-4 6.37).
  bytes[0] = 0x80 | 0x40 | 0x10 | 0x08;
  if (extended) bytes[3] = 0x0c;
  context.answer(bytes, allocation_length);
  return Outcome::good();
}

// One group, and all ports in it are as good as each other (SPC-4 6.38). A nexus is told of the port that it came by.
Handled report_target_port_groups(Context& context) {
  const View cdb = context.cdb();
  const uint8_t format = cdb.u8(1) >> 5;
  const uint32_t allocation_length = cdb.be32(6);
  if (format > 1) return wrong_cdb_field(1);
  const size_t at = format == 1 ? 8 : 4;
  Bytes bytes(at + 12);
  wire::Writer out(bytes);
  out.be32(0, static_cast<uint32_t>(bytes.size() - 4));
  if (format == 1) out.u8(4, 0x10);
  out.u8(at, 0);         // active/optimized
  out.u8(at + 1, 0x01);  // AO_SUP
  out.be16(at + 2, 1);   // TARGET PORT GROUP, as page 83h has it
  out.u8(at + 7, 1);     // TARGET PORT COUNT
  out.be16(at + 10, context.nexus.relative_port);
  context.answer(bytes, allocation_length);
  return Outcome::good();
}

}  // namespace libcopyfile::target
