// What stands behind an open file of the liar, and the operations of data_operations.cc and name_operations.cc.
#pragma once

#include <string>

#include "base/fd.h"
#include "testing/liar_fuse/operations.h"

namespace libcopyfile::test {

struct OpenFile {
  std::string name;      // as it was when opened; rules and the log use it
  Fd fd;                 // invalid for special files
  bool special = false;  // .control, .stats, .log
  std::string text;      // of a special file
};

inline OpenFile& open_file(const fuse_file_info* info) {
  return *reinterpret_cast<OpenFile*>(info->fh);  // NOLINT: the protocol carries it as an integer
}

int liar_read(const char* path, char* buffer, size_t size, off_t offset, fuse_file_info* info);
int liar_write(const char* path, const char* buffer, size_t size, off_t offset,
               fuse_file_info* info);
ssize_t liar_copy_file_range(const char* in_path, fuse_file_info* in, off_t in_offset,
                             const char* out_path, fuse_file_info* out, off_t out_offset,
                             size_t size, int flags);
off_t liar_lseek(const char* path, off_t offset, int whence, fuse_file_info* info);
int liar_fallocate(const char* path, int mode, off_t offset, off_t length, fuse_file_info* info);
int liar_fsync(const char* path, int data_only, fuse_file_info* info);
int liar_flush(const char* path, fuse_file_info* info);

int liar_open(const char* path, fuse_file_info* info);
int liar_create(const char* path, mode_t mode, fuse_file_info* info);
int liar_release(const char* path, fuse_file_info* info);
int liar_getattr(const char* path, struct stat* result, fuse_file_info* info);
int liar_truncate(const char* path, off_t size, fuse_file_info* info);
void add_name_operations(fuse_operations& operations);
void add_attribute_operations(fuse_operations& operations);

}  // namespace libcopyfile::test
