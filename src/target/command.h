// The table of commands: one row a command, from which come dispatching, the answer to REPORT SUPPORTED OPERATION CODES, what
// reservations say, and where it runs. Families have their rows beside their handlers.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "target/logical_unit.h"
#include "target/task.h"

namespace libcopyfile::target {

class Device;

// Where a handler runs.
enum class Where : uint8_t {
  here,  // never waits for a disk: on the thread that submits
  io,  // on the submitting thread as long as it would not block (Context::may_block == no), else on a thread of the I/O pool
  // Looked at on the submitting thread, so that copies that wait for a thread are known to who asks about them or stops them, and
  // carried out (Context::rest) on a thread of the copy pool, which is small and of lower priority.
  copy,
};

struct Context {
  Device& device;
  const Nexus& nexus;
  LogicalUnit* unit =
      nullptr;  // null: the LUN is none that the initiator may see (INQUIRY, REPORT LUNS, REQUEST SENSE only)
  Task& task;
  MayBlock may_block = MayBlock::yes;
  // The task was aborted meanwhile: long handlers look at it between pieces.
  const std::atomic<bool>& aborted;
  // PREEMPT AND ABORT: tasks of these nexuses on this unit end without an answer before this one is answered. Of Where::io, with
  // may_block == yes only.
  std::vector<NexusId> preempted;
  // Of Where::copy, with an answer of nothing: what is left to do. Called once, `aborted` being the task's, or never, where the
  // queue has no room.
  using Rest = std::function<Outcome(const std::atomic<bool>& aborted)>;
  Rest rest;

  wire::View cdb() const { return task.command(); }
  wire::View data_out() const { return task.data_out.view(); }
  // Answers with `data`, cut to `allocation_length`.
  void answer(wire::View data, uint64_t allocation_length);
};

// Nothing: it would have blocked; it is called again from the start with may_block == yes, or the rest that it left is. Must not have
// had an effect in the first case.
using Handled = std::optional<Outcome>;
// Four steps, each its own function: decode the CDB and the parameter data, validate against the unit, act, map errors to sense data.
using Handler = Handled (*)(Context& context);

struct Command {
  uint8_t opcode = 0;
  std::optional<uint16_t>
      service_action;  // where byte 1 bits 4..0 (or bytes 8, 9 of 7Fh) tell commands apart
  uint8_t length = 0;  // of the CDB
  // CDB USAGE DATA of REPORT SUPPORTED OPERATION CODES: bits that are evaluated. A CDB with other bits set is refused with 5/24/00.
  std::array<uint8_t, 16> usage{};
  std::string_view name;  // as the standard writes it
  Need need = Need::nothing;
  Where where = Where::here;
  bool without_unit = false;  // carried out where there is no such LUN
  bool past_attention =
      false;  // not stopped by a unit attention (SPC-4: INQUIRY, REPORT LUNS, REQUEST SENSE)
  Handler run = nullptr;
};

std::span<const Command> primary_commands();      // primary_commands.cc
std::span<const Command> block_commands();        // block_commands.cc
std::span<const Command> reservation_commands();  // reservation_commands.cc
std::span<const Command> copy_commands();         // copy_commands.cc

// The row for a CDB; null: 5/20/00, or 5/24/00 where the opcode is known and the service action is not (`known_opcode`).
const Command* find_command(wire::View cdb, bool& known_opcode);

// errno of an image to sense data: ENOSPC, EDQUOT 7/27/07; EROFS 7/27/00; EIO reading 3/11/00, writing 3/0C/00; else 4/44/00.
wire::Sense sense_of(const Error& error);
// LBA and count against the unit: 5/21/00 with the field.
std::optional<Outcome> beyond_end(const LogicalUnit& unit, uint64_t lba, uint64_t blocks);

}  // namespace libcopyfile::target
