// What commands on blocks accept at most: announced by VPD page B0h, and kept to by their handlers.
#pragma once

#include "target/logical_unit.h"
#include "wire/vpd.h"

namespace libcopyfile::target {

// Bytes that one command may read or write.
inline constexpr uint64_t kMaxTransfer = uint64_t{16} << 20;
// What is best for one. qemu-img copies in pieces of this size (2 MiB where nothing is announced), and each is a command to be
// waited for. Linux reads ahead twice as much, and ext4 takes it for a stripe: Ceph's disks announce the same for years.
inline constexpr uint64_t kOptimalTransfer = uint64_t{4} << 20;
inline constexpr uint8_t kMaxCompareAndWrite = 128;  // blocks; ESXi wants 1
// No more than one WRITE may write: a pattern that is not zero takes as long. iscsi-test-cu writes as many blocks at once as it can
// unmap by WRITE SAME, whatever the page says of transfers.
inline constexpr uint64_t kMaxWriteSame = kMaxTransfer;
// What one UNMAP may free. 2^20 blocks of 512 bytes: libiscsi's conformance tests take more for a mistake.
inline constexpr uint64_t kMaxUnmap = uint64_t{512} << 20;
inline constexpr uint32_t kMaxUnmapDescriptors = 256;

// In blocks of the unit.
wire::BlockLimits block_limits(const LogicalUnit& unit);
// How many logical blocks make the unit that the file system keeps its data in, as a power of two: what is aligned to it can be
// shared.
uint8_t physical_exponent(const LogicalUnit& unit);

}  // namespace libcopyfile::target
