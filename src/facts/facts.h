// What is true of this source, this destination and the two together. Data: reading it (read_facts.h) and deciding on it
// (plan/) are done elsewhere. A fact that could not be had is unknown, never guessed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sys/files.h"

namespace libcopyfile {

enum class Can : uint8_t { no, yes, unknown };

// An answer and the sentence that explains it. `unknown` is resolved by trying.
struct Verdict {
  Can can = Can::unknown;
  std::string reason;
  int code = 0;  // the errno that taught it, if one did
};

// Every way in which bytes can come to be in place. The order is that of reports, not of preference. Values are part of
// the C interface (copyfile_report): append only.
enum class MechanismId : uint8_t {
  reflink,
  copy_range,
  buffered,
  direct,
  zero,
  scsi_extended_copy,
  scsi_token,
  nvme_copy,
  count_,
};
inline constexpr size_t kMechanismCount = static_cast<size_t>(MechanismId::count_);
std::string_view name_of(MechanismId id);
template <class T>
using PerMechanism = std::array<T, kMechanismCount>;
constexpr size_t index_of(MechanismId id) { return static_cast<size_t>(id); }

// What is known of a file system by its type. Never used to say that something works (only trying tells), only to say where
// trying can't pay.
enum class FsClass : uint8_t {
  local,    // its data passes through this host's memory unless extents are shared
  remote,   // a server may copy on its own: NFS, SMB, Ceph...
  user,     // FUSE: its server may
  made_up,  // procfs, sysfs and their kin: sizes lie
  unknown,
};

struct SideFacts {
  FileType kind = FileType::other;
  FileStat stat;
  FsInfo fs;
  FsClass fs_class = FsClass::unknown;
  ServerCopies server_copies;
  // We opened it: its position is ours to move, and it may be opened again (see Files::reopen).
  bool ours = false;
  bool readable = true;
  bool writable = true;
  bool has_verity = false;          // fs-verity: what is read is checked
  bool append_only_writes = false;  // O_APPEND: Linux ignores the offset of pwrite(2)
  // Files of procfs, sysfs and their kin have sizes of 0 or 4096 whatever they hold; their end is where read(2) says.
  bool size_trusted = true;
  uint64_t size = 0;  // of the data: st_size, or a block device's capacity
};

struct KernelVersion {
  unsigned major = 0;
  unsigned minor = 0;
  constexpr bool at_least(unsigned maj, unsigned min) const {
    return major != maj ? major > maj : minor >= min;
  }
};

struct UnitFacts;  // unit_facts.h

struct Facts {
  SideFacts in;
  SideFacts out;
  KernelVersion kernel;
  bool same_file = false;         // one inode under both descriptors
  bool same_file_system = false;  // st_dev; subvolumes of one Btrfs differ although they can share
  bool same_mount = false;
  bool out_is_new = false;  // private and empty: what is not written reads as zero
  // The unit in which clones must be aligned: the allocation unit of the destination's file system.
  uint64_t clone_alignment = 4096;
  // The destination's file system pays for every block that it allocates late (ext4's delayed allocation): blocks that are
  // there before the data is written make the write cheaper.
  bool preallocation_pays = false;
  // A clone of any size costs less than copying the bytes (Btrfs, which would copy on write anyway).
  bool cheap_clones = false;
  uint64_t memory = 0;                    // bytes of RAM of this machine, 0 if unknown
  std::optional<uint64_t> source_cached;  // bytes of the source in the page cache
  // Two disks that can be asked to copy. Else why not; without a reason where there are no two disks at all.
  std::shared_ptr<const UnitFacts> units;
  Verdict no_units{Can::no, "", 0};
  // What was learned about this pair of mounts, or about this pair of files in this job.
  PerMechanism<Verdict> learned;
};

}  // namespace libcopyfile
