#include "sys/libsqlite.h"

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

Result<Libsqlite> Libsqlite::load(const char* name) {
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return fail(EOPNOTSUPP, Op::load,
                std::string(name) + " is not installed (on Debian, the package libsqlite3-0)");
  }
  Libsqlite f{};
  const bool all =
      find(library, "sqlite3_open_v2", f.open) && find(library, "sqlite3_close_v2", f.close) &&
      find(library, "sqlite3_exec", f.exec) && find(library, "sqlite3_prepare_v2", f.prepare) &&
      find(library, "sqlite3_step", f.step) && find(library, "sqlite3_reset", f.reset) &&
      find(library, "sqlite3_finalize", f.finalize) &&
      find(library, "sqlite3_bind_blob", f.bind_blob) &&
      find(library, "sqlite3_bind_text", f.bind_text) &&
      find(library, "sqlite3_bind_int64", f.bind_int64) &&
      find(library, "sqlite3_bind_null", f.bind_null) &&
      find(library, "sqlite3_column_blob", f.column_blob) &&
      find(library, "sqlite3_column_bytes", f.column_bytes) &&
      find(library, "sqlite3_column_int64", f.column_int64) &&
      find(library, "sqlite3_column_type", f.column_type) &&
      find(library, "sqlite3_changes", f.changes) &&
      find(library, "sqlite3_extended_errcode", f.extended_errcode) &&
      find(library, "sqlite3_system_errno", f.system_errno) &&
      find(library, "sqlite3_busy_timeout", f.busy_timeout) &&
      find(library, "sqlite3_file_control", f.file_control) &&
      find(library, "sqlite3_vfs_find", f.vfs_find) &&
      find(library, "sqlite3_vfs_register", f.vfs_register);
  ::dlclose(library);
  if (!all) {
    return fail(EOPNOTSUPP, Op::load, std::string(name) + " lacks functions that are needed");
  }
  return f;
}

}  // namespace libcopyfile
