// libiscsi, an iSCSI initiator that needs neither the kernel's nor root. Loaded when the first URL is opened: a program that
// never does, does not pay for its start, nor has to have it installed.
#pragma once

// clang-format off
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
// clang-format on

#include "base/error.h"

namespace libcopyfile {

// The functions that are needed, under their own names without the prefix.
struct Libiscsi {
  decltype(&::iscsi_create_context) create_context;
  decltype(&::iscsi_destroy_context) destroy_context;
  decltype(&::iscsi_set_targetname) set_targetname;
  decltype(&::iscsi_set_session_type) set_session_type;
  decltype(&::iscsi_set_header_digest) set_header_digest;
  decltype(&::iscsi_set_isid_random) set_isid_random;
  decltype(&::iscsi_set_initiator_username_pwd) set_initiator_username_pwd;
  decltype(&::iscsi_set_target_username_pwd) set_target_username_pwd;
  decltype(&::iscsi_set_noautoreconnect) set_noautoreconnect;
  decltype(&::iscsi_full_connect_async) full_connect_async;
  decltype(&::iscsi_logout_async) logout_async;
  decltype(&::iscsi_get_fd) get_fd;
  decltype(&::iscsi_which_events) which_events;
  decltype(&::iscsi_service) service;
  decltype(&::iscsi_get_error) get_error;
  decltype(&::iscsi_scsi_command_async) scsi_command_async;
  decltype(&::iscsi_scsi_cancel_task) scsi_cancel_task;
  decltype(&::iscsi_task_mgmt_async) task_mgmt_async;
  decltype(&::scsi_create_task) create_task;
  decltype(&::scsi_free_scsi_task) free_task;
  decltype(&::scsi_task_add_data_in_buffer) add_data_in_buffer;
  decltype(&::scsi_task_add_data_out_buffer) add_data_out_buffer;

  static constexpr const char* kName = "libiscsi.so.7";
  // EOPNOTSUPP, with what is missing as `where`. It is not unloaded again.
  static Result<Libiscsi> load(const char* name = kName);
};

}  // namespace libcopyfile
