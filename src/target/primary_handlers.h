// Handlers of the primary commands, by file. All are Handlers (command.h); primary_commands.cc has the rows.
#pragma once

#include "target/command.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {

inline Outcome wrong_cdb_field(size_t byte) {
  return Outcome::refused(wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, byte));
}

// inquiry.cc
Handled inquiry(Context& context);

// capacity_commands.cc
Handled read_capacity_10(Context& context);
Handled read_capacity_16(Context& context);

// mode_commands.cc
Handled mode_sense_6(Context& context);
Handled mode_sense_10(Context& context);
Handled mode_select_6(Context& context);
Handled mode_select_10(Context& context);

// report_commands.cc
Handled report_luns(Context& context);
Handled report_operation_codes(Context& context);
Handled report_task_management(Context& context);
Handled report_target_port_groups(Context& context);

// unit_commands.cc
Handled test_unit_ready(Context& context);
Handled request_sense(Context& context);
Handled start_stop_unit(Context& context);
Handled prevent_allow_removal(Context& context);
Handled send_diagnostic(Context& context);
Handled log_sense(Context& context);

}  // namespace libcopyfile::target
