# For the library.
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)

# liburing is linked statically: it is 20 KiB of wrappers around three system calls, and a program that never starts a
# ring should not pay the dynamic linker for it. Debian builds the archive so that it can go into a shared library.
find_path(LIBURING_INCLUDE_DIR liburing.h REQUIRED)
find_library(LIBURING_ARCHIVE liburing.a REQUIRED)
mark_as_advanced(LIBURING_INCLUDE_DIR LIBURING_ARCHIVE)

# libacl and libattr: as archives in the command and the tests, which start faster so, as libraries in libcopyfile.so.
find_path(LIBACL_INCLUDE_DIR acl/libacl.h REQUIRED)
find_path(LIBATTR_INCLUDE_DIR attr/libattr.h REQUIRED)
find_library(LIBACL_ARCHIVE libacl.a REQUIRED)
find_library(LIBATTR_ARCHIVE libattr.a REQUIRED)
find_library(LIBACL_LIBRARY acl REQUIRED)
find_library(LIBATTR_LIBRARY attr REQUIRED)
mark_as_advanced(LIBACL_INCLUDE_DIR LIBATTR_INCLUDE_DIR LIBACL_ARCHIVE LIBATTR_ARCHIVE LIBACL_LIBRARY LIBATTR_LIBRARY)

# XXH3, headers only. SHA-256 comes from libcrypto.so.3, which is loaded at run time by those who ask for it.
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
mark_as_advanced(XXHASH_INCLUDE_DIR)

# libiscsi, for its declarations: the library is loaded at run time by those who name an iscsi:// URL.
find_path(LIBISCSI_INCLUDE_DIR iscsi/iscsi.h REQUIRED)
mark_as_advanced(LIBISCSI_INCLUDE_DIR)

# libsqlite3, the same: the index of repositories, loaded when one is opened.
find_path(SQLITE3_INCLUDE_DIR sqlite3.h REQUIRED)
mark_as_advanced(SQLITE3_INCLUDE_DIR)

# For the command. All of them are used as headers only: nothing is loaded when it starts.
find_package(fmt REQUIRED)
set(COPYFILE_FMT fmt::fmt-header-only)
if(NOT COPYFILE_CHECKING STREQUAL "none")
  # Under sanitizers nobody measures that, and half of a file's time to compile went into fmt (12.7 s, or 4.8 s without).
  set(COPYFILE_FMT fmt::fmt)
endif()
find_package(nlohmann_json REQUIRED)

# For the daemon's configuration, headers only: one file of ours includes them.
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
mark_as_advanced(TOMLPLUSPLUS_INCLUDE_DIR)

# For the manual.
find_program(SCDOC scdoc REQUIRED)
mark_as_advanced(SCDOC)

# For the tests.
find_package(GTest REQUIRED)
