// libsqlite3, the database of a repository's index. Loaded when the first one is opened: a program that never does, does not pay
// for its start, nor has to have it installed.
#pragma once

#include <sqlite3.h>

#include "base/error.h"

namespace libcopyfile {

// The functions that are needed, under their own names without the prefix.
struct Libsqlite {
  decltype(&::sqlite3_open_v2) open;
  decltype(&::sqlite3_close_v2) close;
  decltype(&::sqlite3_exec) exec;
  decltype(&::sqlite3_prepare_v2) prepare;
  decltype(&::sqlite3_step) step;
  decltype(&::sqlite3_reset) reset;
  decltype(&::sqlite3_finalize) finalize;
  decltype(&::sqlite3_bind_blob) bind_blob;
  decltype(&::sqlite3_bind_text) bind_text;
  decltype(&::sqlite3_bind_int64) bind_int64;
  decltype(&::sqlite3_bind_null) bind_null;
  decltype(&::sqlite3_column_blob) column_blob;
  decltype(&::sqlite3_column_bytes) column_bytes;
  decltype(&::sqlite3_column_int64) column_int64;
  decltype(&::sqlite3_column_type) column_type;
  decltype(&::sqlite3_changes) changes;
  decltype(&::sqlite3_extended_errcode) extended_errcode;
  decltype(&::sqlite3_system_errno) system_errno;
  decltype(&::sqlite3_busy_timeout) busy_timeout;
  decltype(&::sqlite3_file_control) file_control;
  decltype(&::sqlite3_vfs_find) vfs_find;
  decltype(&::sqlite3_vfs_register) vfs_register;

  static constexpr const char* kName = "libsqlite3.so.0";
  // EOPNOTSUPP, with what is missing as `where`. It is not unloaded again.
  static Result<Libsqlite> load(const char* name = kName);
};

}  // namespace libcopyfile
