// What is known of a file system by its magic number. Never used to say that something works (only trying tells), only to
// say where trying can't pay.
#pragma once

#include <cstdint>
#include <string_view>

namespace libcopyfile {

enum class FsClass : uint8_t {
  local,     // its data passes through this host's memory unless extents are shared
  remote,    // a server may copy on its own: NFS, SMB, Ceph...
  user,      // FUSE: its server may
  made_up,   // procfs, sysfs and their kin: sizes lie
  unknown,
};

FsClass class_of(uint64_t magic);
// "ext4", "xfs", ...; "0x1234" style is the caller's business for the empty answer.
std::string_view fs_name(uint64_t magic);

}  // namespace libcopyfile
