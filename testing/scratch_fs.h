// Real file systems for tests, made in memory within milliseconds and gone with their object: loop-mounted ext4, XFS
// (reflink) and Btrfs, tmpfs, overlayfs, and the FUSE file system of testing/liar_fuse, which lies on demand.
// They live in the mount namespace of the test program (testing/private_mounts.h), so the machine never sees them and
// even SIGKILL leaves nothing. Everything throws ScratchError with a reason where the machine does not allow it: a
// test fails then, it is never skipped.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace libcopyfile::test {

enum class FsKind : uint8_t { ext4, xfs, btrfs, tmpfs, overlay, fuse };

inline constexpr std::array kAllFs{FsKind::ext4,  FsKind::xfs,     FsKind::btrfs,
                                   FsKind::tmpfs, FsKind::overlay, FsKind::fuse};

// "ext4": also usable as the name generator of INSTANTIATE_TEST_SUITE_P by fs_name.
std::string_view name_of(FsKind kind);
FsKind kind_from(std::string_view name);
std::ostream& operator<<(std::ostream& out, FsKind kind);

struct ScratchOptions {
  uint64_t size =
      0;  // 0: 256 MiB ext4, 320 MiB XFS, 256 MiB Btrfs, 1 GiB tmpfs. Sparse: costs nothing
  std::vector<std::string> mkfs;  // further arguments: {"-b", "size=1024"}
  std::string mount;              // mount options of the file system: "discard,noatime"
  uint32_t sector = 512;  // logical block size of the loop device: what O_DIRECT must be aligned to
  std::string image_directory;  // keep the image there, not in memory
};

class ScratchFs {
 public:
  static ScratchFs ext4(const ScratchOptions& options = {});
  // XFS is not made below 300 MiB by mkfs.xfs; for ENOSPC use leave_free().
  static ScratchFs xfs(const ScratchOptions& options = {});
  static ScratchFs btrfs(const ScratchOptions& options = {});
  static ScratchFs tmpfs(const ScratchOptions& options = {});
  // Upper and work directory are in `base`, which must stay. `lower` is a directory of any file system, filled before;
  // empty: an empty one in `base`.
  static ScratchFs overlay(const ScratchFs& base, const std::string& lower = {},
                           const ScratchOptions& options = {});
  // Served by testing/liar_fuse from a directory of `base`, or of memory where there is none. `arguments` are the
  // liar's ("--cached"). Faults are injected through testing/liar.h.
  static ScratchFs fuse(const ScratchFs* base = nullptr,
                        const std::vector<std::string>& arguments = {});
  // Any of them with what they need: overlay stands on an XFS of its own, so that clones work through it.
  static ScratchFs make(FsKind kind, const ScratchOptions& options = {});
  // One that somebody else has mounted, and will unmount.
  static ScratchFs adopt(FsKind kind, const std::string& path);

  ScratchFs(ScratchFs&& other) noexcept;
  ScratchFs& operator=(ScratchFs&&) = delete;
  ~ScratchFs();

  FsKind kind() const { return kind_; }
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  // The directory behind an overlay's lower layer or a FUSE file system: what is true, whatever the mount says.
  const std::string& lower_path() const { return lower_; }
  // The block device; empty for what has none.
  const std::string& device() const { return device_; }

  void set_read_only(bool read_only);
  // Mounts again, so that nothing of it is in the page cache. For file systems with a device.
  void remount();
  // Fills the file system by an allocated but unwritten file until at most `bytes` are free to root.
  void leave_free(uint64_t bytes);

 private:
  explicit ScratchFs(FsKind kind) : kind_(kind) {}
  ScratchFs(FsKind kind, std::string_view mount_name);
  static ScratchFs on_loop(FsKind kind, uint64_t default_size, const ScratchOptions& options);
  void mount_it(const std::string& source, const std::string& options);
  void unmount_it() noexcept;

  FsKind kind_;
  std::string path_;
  std::string lower_;
  std::string device_;
  std::string mount_options_;
  bool mounted_ = false;
  bool adopted_ = false;
  std::unique_ptr<ScratchFs> base_;  // made for us alone
  pid_t server_ = -1;                // the liar
  Fd server_life_;                   // it ends when this closes
};

// Runs mkfs for ext4, XFS or Btrfs on a device that is all zeros. Throws ScratchError.
void format_device(FsKind kind, const std::string& device,
                   const std::vector<std::string>& arguments);

// "SCRATCH_XFS": the environment variable in which the command scratch (testing/scratch) hands a mount point on.
std::string variable_of(FsKind kind);

// One file system of each kind that the tests of a program share: the one that the command scratch has mounted around
// the program, or else made at first use and dropped by main(). For tests that neither fill it nor remount it nor inject
// faults. Programs that also run under testing/refuse use only these: where threads are refused, mkfs.xfs doesn't work.
ScratchFs& shared_fs(FsKind kind);
void drop_shared_fs();

// An empty directory for the running test (named after it) on shared_fs(kind). Left as it is afterwards.
std::string test_directory(FsKind kind);

}  // namespace libcopyfile::test
