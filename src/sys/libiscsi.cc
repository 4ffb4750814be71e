#include "sys/libiscsi.h"

#include <dlfcn.h>

namespace libcopyfile {
namespace {

// POSIX has a pointer to a function fit into one to data.
template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Result<Libiscsi> Libiscsi::load(const char* name) {
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return fail(EOPNOTSUPP, Op::load,
                std::string(name) + " is not installed (on Debian, the package libiscsi7)");
  }
  Libiscsi found{};
  const bool all =
      find(library, "iscsi_create_context", found.create_context) &&
      find(library, "iscsi_destroy_context", found.destroy_context) &&
      find(library, "iscsi_set_targetname", found.set_targetname) &&
      find(library, "iscsi_set_session_type", found.set_session_type) &&
      find(library, "iscsi_set_header_digest", found.set_header_digest) &&
      find(library, "iscsi_set_isid_random", found.set_isid_random) &&
      find(library, "iscsi_set_initiator_username_pwd", found.set_initiator_username_pwd) &&
      find(library, "iscsi_set_target_username_pwd", found.set_target_username_pwd) &&
      find(library, "iscsi_set_noautoreconnect", found.set_noautoreconnect) &&
      find(library, "iscsi_full_connect_async", found.full_connect_async) &&
      find(library, "iscsi_logout_async", found.logout_async) &&
      find(library, "iscsi_get_fd", found.get_fd) &&
      find(library, "iscsi_which_events", found.which_events) &&
      find(library, "iscsi_service", found.service) &&
      find(library, "iscsi_get_error", found.get_error) &&
      find(library, "iscsi_scsi_command_async", found.scsi_command_async) &&
      find(library, "iscsi_scsi_cancel_task", found.scsi_cancel_task) &&
      find(library, "iscsi_task_mgmt_async", found.task_mgmt_async) &&
      find(library, "scsi_create_task", found.create_task) &&
      find(library, "scsi_free_scsi_task", found.free_task) &&
      find(library, "scsi_task_add_data_in_buffer", found.add_data_in_buffer) &&
      find(library, "scsi_task_add_data_out_buffer", found.add_data_out_buffer);
  ::dlclose(library);
  if (!all) {
    return fail(EOPNOTSUPP, Op::load, std::string(name) + " lacks functions that are needed");
  }
  return found;
}

}  // namespace libcopyfile
