// What a logical unit keeps its blocks in. Bytes, not blocks: the SCSI side has checked ranges and alignment before it asks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/range.h"

namespace libcopyfile::target {

// Whether a call may wait for a disk. Event loops ask with `no`: EAGAIN then means "ask again from a thread that may".
enum class MayBlock : uint8_t { no, yes };

struct ImageInfo {
  uint64_t size = 0;
  uint64_t file_system = 0;     // equal for images that may share blocks with each other
  uint32_t granularity = 4096;  // block of the file system: what a clone must be aligned to
  bool read_only = false;
  bool can_share =
      false;  // clones were seen to work here (a probe, not the name of the file system)
  bool can_punch = false;
};

// How the bytes of a copy moved; kept a piece at a time by the copy manager and shown by `ctl` and the metrics.
struct CopyAccount {
  uint64_t shared = 0;    // cloned: no bytes were moved
  uint64_t moved = 0;     // copied by the host
  uint64_t zeroed = 0;    // holes and zeros
  std::string mechanism;  // of the last piece, as the engine names it
  std::string reason;     // why nothing better
};

// What a copy asks while it runs: false stops it (ECANCELED). Called with the bytes that came to be in place.
using CopyProgress = std::function<bool(uint64_t bytes)>;

// Any thread at any time. Failures are errnos: EIO of the source and of the destination are told apart by Error::op (read, write).
class Image {
 public:
  virtual ~Image() = default;
  virtual const ImageInfo& info() const = 0;
  virtual std::string name() const = 0;  // the path, for people
  // Looks whether the operator has made the image larger: true where info() says so from now on. EINVAL where it has become
  // smaller, which changes nothing: what is missing fails to be read.
  virtual Result<bool> refresh() { return false; }

  // All or an error.
  virtual Done read(uint64_t offset, std::span<uint8_t> into, MayBlock may) = 0;
  virtual Done write(uint64_t offset, std::span<const uint8_t> data, MayBlock may) = 0;
  // What was written before is on stable storage (fdatasync), and so is every clone into this image. Once it has failed it fails
  // for good (EIO): the kernel drops pages that it could not write, and a later fdatasync would know nothing of them.
  virtual Done flush() = 0;
  // Reads as zero afterwards. `unmap`: blocks are given back where possible; else they stay allocated where possible.
  virtual Done zero(Range range, bool unmap) = 0;
  // Read-ahead into the page cache: PRE-FETCH. Never fails for want of support.
  virtual Done prefetch(Range range) = 0;
  // The run of bytes from `offset` on that is all mapped, or all not: its end, at most `until`.
  struct Run {
    uint64_t end = 0;
    bool mapped = true;
  };
  virtual Result<Run> run_at(uint64_t offset, uint64_t until) = 0;

  // Copies into this image, by the engine's ladder (clone, copy_file_range, read and write). `from` may be this image; the ranges
  // don't overlap then. The caller holds the range locks. What was in place when it failed is in `account`.
  virtual Done copy_from(Image& from, uint64_t from_offset, uint64_t offset, uint64_t length,
                         const CopyProgress& progress, CopyAccount& account) = 0;
  // An unnamed image of `size` bytes on the same file system, gone with its object or a crash: what a token keeps its point in
  // time in. An error where the file system has no unnamed files.
  virtual Result<std::shared_ptr<Image>> scratch(uint64_t size) = 0;
  // A clone of the whole image under a new name beside it; never replaces (EEXIST). Durable when it returns.
  virtual Done snapshot(const std::string& path) = 0;
};

// The image in the file `path`; `read_only` opens it so. EINVAL for what is no regular file or is empty; EBUSY where another target has it
// (flock). Declared here, and made in image_file.cc.
struct ImageOptions {
  bool read_only = false;
  bool write_cache =
      true;  // false: every write is on stable storage before it is acknowledged (O_DSYNC)
};
Result<std::shared_ptr<Image>> open_image(const std::string& path, const ImageOptions& options);

}  // namespace libcopyfile::target
