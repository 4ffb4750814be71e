#include "facts/fs_class.h"

namespace libcopyfile {
namespace {

struct Row {
  uint64_t magic;
  std::string_view name;
  FsClass fs_class;
};

// statfs(2) and linux/magic.h.
constexpr Row kRows[] = {
    {0xef53, "ext4", FsClass::local},
    {0x58465342, "xfs", FsClass::local},
    {0x9123683e, "btrfs", FsClass::local},
    {0x01021994, "tmpfs", FsClass::local},
    {0x794c7630, "overlayfs", FsClass::local},
    {0xf2f52010, "f2fs", FsClass::local},
    {0x4d44, "vfat", FsClass::local},
    {0x2011bab0, "exfat", FsClass::local},
    {0x858458f6, "ramfs", FsClass::local},
    {0x73717368, "squashfs", FsClass::local},
    {0xe0f5e1e2, "erofs", FsClass::local},
    {0x9660, "isofs", FsClass::local},
    {0x7366746e, "ntfs3", FsClass::local},
    {0x3153464a, "jfs", FsClass::local},
    {0xf15f, "ecryptfs", FsClass::local},
    {0x62646576, "bdevfs", FsClass::local},
    {0x6969, "nfs", FsClass::remote},
    {0xff534d42, "cifs", FsClass::remote},
    {0xfe534d42, "smb3", FsClass::remote},
    {0x00c36400, "ceph", FsClass::remote},
    {0x0bd00bd0, "lustre", FsClass::remote},
    {0x01161970, "gfs2", FsClass::local},
    {0x7461636f, "ocfs2", FsClass::local},
    {0x01021997, "9p", FsClass::remote},
    {0x65735546, "fuse", FsClass::user},
    {0x9fa0, "proc", FsClass::made_up},
    {0x62656572, "sysfs", FsClass::made_up},
    {0x64626720, "debugfs", FsClass::made_up},
    {0x74726163, "tracefs", FsClass::made_up},
    {0x73636673, "securityfs", FsClass::made_up},
    {0x0027e0eb, "cgroup", FsClass::made_up},
    {0x63677270, "cgroup2", FsClass::made_up},
    {0xcafe4a11, "bpf", FsClass::made_up},
    {0x62656570, "configfs", FsClass::made_up},
    {0x6165676c, "pstore", FsClass::made_up},
    {0xde5e81e4, "efivarfs", FsClass::made_up},
    {0xf97cff8c, "selinuxfs", FsClass::made_up},
    {0x42494e4d, "binfmt_misc", FsClass::made_up},
    {0x1cd1, "devpts", FsClass::made_up},
};

}  // namespace

FsClass class_of(uint64_t magic) {
  for (const Row& row : kRows) {
    if (row.magic == magic) return row.fs_class;
  }
  return FsClass::unknown;
}

std::string_view fs_name(uint64_t magic) {
  for (const Row& row : kRows) {
    if (row.magic == magic) return row.name;
  }
  return {};
}

}  // namespace libcopyfile
