// What clients say of their servers, in texts as kernels print them.
#include "sys/server_copy.h"

#include <gtest/gtest.h>

namespace libcopyfile {
namespace {

constexpr uint64_t device(uint64_t minor) { return minor; }

constexpr std::string_view kMounts =
    "22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
    "36 22 0:44 / /mnt/new\\040one rw,relatime shared:5 master:2 - nfs4 host:/a "
    "rw,vers=4.2,rsize=1048576,addr=127.0.0.1\n"
    "37 22 0:45 / /mnt/old rw,relatime - nfs4 host:/b rw,vers=4.1,rsize=1048576\n"
    "38 22 0:46 / /mnt/three rw - nfs host:/c rw,vers=3,rsize=1048576\n"
    "39 22 0:47 / /mnt/refuses rw - nfs4 host:/d rw,vers=4.2,rsize=1048576\n"
    "40 22 0:48 / /mnt/smb rw - cifs //host/share rw,vers=3.1.1,cache=strict\n"
    "41 22 0:49 / /mnt/smb1 rw - cifs //host/share rw,vers=1.0,cache=strict\n"
    "42 22 0:50 / /mnt/hidden rw - nfs4 host:/e rw,vers=4.2\n"
    "43 22 0:51 / /mnt/over rw - nfs4 host:/f rw,vers=4.2\n"
    "44 22 0:52 / /mnt/over rw - nfs4 host:/g rw,vers=4.2\n"
    "45 22 0:53 / /mnt/spaced rw - cifs //host/my\\040share/a\\040folder rw,vers=3.1.1\n"
    "46 22 0:54 / /mnt/unlisted rw - smb3 //other/share rw,vers=3.0\n";

constexpr std::string_view kStats =
    "device /dev/root mounted on / with fstype ext4\n"
    "device host:/a mounted on /mnt/new\\040one with fstype nfs4 statvers=1.1\n"
    "\topts:\trw,vers=4.2\n"
    "\tcaps:\tcaps=0x1ffbc0df,wtmult=512,dtsize=1048576,bsize=0,namlen=255\n"
    "\tper-op statistics\n"
    "\t        READ: 3 3 0 600 300 0 0 0 0\n"
    "\t        COPY: 41 41 0 600 300 0 0 0 0\n"
    "\n"
    "device host:/d mounted on /mnt/refuses with fstype nfs4 statvers=1.1\n"
    "\tcaps:\tcaps=0x1efbc0df,wtmult=512\n"
    "\t        COPY: 1 1 0 600 300 0 0 0 1\n"
    "\n"
    "device host:/f mounted on /mnt/over with fstype nfs4 statvers=1.1\n"
    "\tcaps:\tcaps=0x1ffbc0df,wtmult=512\n"
    "\t        COPY: 4 4 0 600 300 0 0 0 1\n"
    "device host:/g mounted on /mnt/over with fstype nfs4 statvers=1.1\n"
    "\tcaps:\tcaps=0x1ffbc0df,wtmult=512\n"
    "\t        COPY: 5 5 0 600 300 0 0 0 1\n";

constexpr std::string_view kShares =
    "Resources in use\nCIFS Session: 2\n"
    "Max requests in flight: 2\n"
    "1) \\\\host\\share\n"
    "SMBs: 9\nBytes read: 7  Bytes written: 8\n"
    "IOCTLs: 33 total 2 failed\n"
    "2) \\\\host\\share2\tDISCONNECTED \n"
    "SMBs: 1\nIOCTLs: 1000 total 1000 failed\n"
    "3) \\\\host\\my share\t\n"
    "SMBs: 1\nIOCTLs: 5 total 0 failed\n"
    "4) \\\\host\\share\n"
    "SMBs: 9\nIOCTLs: 11 total 1 failed\n";

TEST(ServerCopies, NfsTellsWhatItsServerHasAndHowOftenItWasAsked) {
  const ServerCopies copies = parse_server_copies(kMounts, kStats, device(44));
  EXPECT_EQ(copies.state, ServerCopy::possible);
  EXPECT_EQ(copies.requests, 41U);
}

TEST(ServerCopies, OfSmbTheIoctlsOfTheShareAreCounted) {
  const ServerCopies copies = parse_server_copies(kMounts, kShares, device(48));
  EXPECT_EQ(copies.state, ServerCopy::possible);
  EXPECT_EQ(copies.requests, 33U + 11U - 2 * (2U + 1U));
  EXPECT_EQ(parse_server_copies(kMounts, kShares, device(53)).requests, 5U);
}

TEST(ServerCopies, OlderProtocolsHaveNone) {
  for (const uint64_t minor : {45, 46, 49}) {
    EXPECT_EQ(parse_server_copies(kMounts, kStats, device(minor)).state, ServerCopy::too_old)
        << minor;
  }
}

TEST(ServerCopies, AServerThatRefusedIsNotAskedAgain) {
  EXPECT_EQ(parse_server_copies(kMounts, kStats, device(47)).state, ServerCopy::refused);
}

TEST(ServerCopies, WhatIsNotToldIsUnknown) {
  // Local; SMB without its numbers; NFS without; two at one place; one that is not there; another major number.
  for (const uint64_t id : {259UL << 32 | 1, 48UL, 50UL, 51UL, 52UL, 99UL, 1UL << 32 | 44}) {
    const ServerCopies copies = parse_server_copies(kMounts, kStats, id);
    EXPECT_EQ(copies.state, ServerCopy::unknown) << id;
    EXPECT_FALSE(copies.requests);
  }
  EXPECT_EQ(parse_server_copies("", "", device(44)).state, ServerCopy::unknown);
  EXPECT_EQ(parse_server_copies(kMounts, kShares, device(54)).state, ServerCopy::unknown);
}

TEST(ServerCopies, CutShortTheTextsTellLessAndNothingElse) {
  for (size_t n = 0; n <= kStats.size(); ++n) {
    const ServerCopies copies = parse_server_copies(kMounts, kStats.substr(0, n), device(44));
    EXPECT_TRUE(copies.state == ServerCopy::unknown || copies.state == ServerCopy::possible ||
                n < kStats.find(",wtmult"));
  }
  for (size_t n = 0; n <= kMounts.size(); ++n) {
    (void)parse_server_copies(kMounts.substr(0, n), kStats, device(50));
    (void)parse_server_copies(kMounts.substr(0, n), kShares, device(53));
  }
  for (size_t n = 0; n <= kShares.size(); ++n) {
    const ServerCopies copies = parse_server_copies(kMounts, kShares.substr(0, n), device(48));
    EXPECT_LE(copies.requests.value_or(0), 44U);
  }
}

}  // namespace
}  // namespace libcopyfile
