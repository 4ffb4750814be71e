// A file system made, filled and unmounted, and then everything that its disk was asked while something worked on it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "testing/block_recorder.h"
#include "testing/crash_image.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

// ext4, XFS or Btrfs on a device, for as long as this lives. Throws ScratchError, with the errno's text.
class MountedDisk {
 public:
  MountedDisk(FsKind fs, const std::string& device, const std::string& path);
  ~MountedDisk();
  MountedDisk(const MountedDisk&) = delete;
  MountedDisk& operator=(const MountedDisk&) = delete;

 private:
  std::string path_;
};

struct RecordedDisk {
  Fd before;    // the disk, filled and unmounted
  Fd log_file;  // of block_log.h
};

// As small as a file system of that kind can be; mounted at `root`. `work` may set marks in the recording.
RecordedDisk record_disk(FsKind fs, const std::string& root, const std::function<void()>& prepare,
                         const std::function<void(BlockRecorder&)>& work);

}  // namespace libcopyfile::test
