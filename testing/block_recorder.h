// A block device that remembers, in exact order, what was written to it and when it was told to flush: a loop device over
// a file that testing/block_recorder_fuse serves from memory. Loop turns REQ_PREFLUSH and FUA into fsync, and FUSE passes
// that on, so a real file system on top shows what it relies on. No kernel module is needed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "testing/loop_device.h"

namespace libcopyfile::test {

class BlockRecorder {
 public:
  // `image` is what the device holds, and is kept up to date; `log` gets the records of block_log.h. Both are files in
  // memory (memfd). Throws ScratchError.
  BlockRecorder(const Fd& image, const Fd& log);
  BlockRecorder(const BlockRecorder&) = delete;
  BlockRecorder& operator=(const BlockRecorder&) = delete;
  // Whatever was mounted from the device must have been unmounted.
  ~BlockRecorder();

  const std::string& device() const { return loop_.path; }
  // Everything that has been done so far stands before the mark in the log.
  void mark(std::string_view text);

 private:
  void start_server(const Fd& fuse, const Fd& image, const Fd& log);

  std::string mount_;
  pid_t server_ = -1;
  Fd server_life_;  // the server ends when this closes
  Fd mark_;
  LoopDevice loop_;
};

}  // namespace libcopyfile::test
