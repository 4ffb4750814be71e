// Attributes: what can be done to everything about an open file that is not its bytes. The seam for tests of metadata, as
// Files is for data. Descriptors may have been opened with O_PATH (links, special files), unless it says otherwise. All
// methods may be called from several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sys/access_list.h"
#include "sys/files.h"

namespace libcopyfile {

// STATX_ATTR_VERITY in FileStat::attributes.
inline constexpr uint64_t kStatVerity = 0x00100000;

// FS_IOC_GETFLAGS, as chattr(1) shows them.
namespace inode_flag {
inline constexpr uint32_t kSecureDelete = 0x00000001;
inline constexpr uint32_t kUndelete = 0x00000002;
inline constexpr uint32_t kCompress = 0x00000004;
inline constexpr uint32_t kSync = 0x00000008;
inline constexpr uint32_t kImmutable = 0x00000010;
inline constexpr uint32_t kAppend = 0x00000020;
inline constexpr uint32_t kNoDump = 0x00000040;
inline constexpr uint32_t kNoAtime = 0x00000080;
inline constexpr uint32_t kNoCompress = 0x00000400;
inline constexpr uint32_t kJournalData = 0x00004000;
inline constexpr uint32_t kNoTail = 0x00008000;
inline constexpr uint32_t kNoCopyOnWrite = 0x00800000;
inline constexpr uint32_t kDax = 0x02000000;
inline constexpr uint32_t kCaseFold = 0x40000000;  // of a directory: names differ in more than case
}  // namespace inode_flag

inline constexpr const char* kAccessAcl = "system.posix_acl_access";
inline constexpr const char* kDefaultAcl = "system.posix_acl_default";

// What /etc/xattr.conf says of an attribute (libattr).
enum class XattrRule : uint8_t {
  copy,
  permissions,  // it says who may do what: goes with them
  skip,
};

struct Project {
  uint32_t id = 0;
  bool inherited = false;  // a directory whose files get its project, and take no others in
};

// How the Merkle tree of an fs-verity file is made: with the same, the same contents have the same digest.
struct Verity {
  uint32_t hash_algorithm = 0;
  uint32_t block_size = 0;
  std::string salt;
  std::string signature;  // of the kernel's own kind; mostly none
  // Where the file system tells no more than this (Btrfs): the rest is what is usual, and a copy is checked to have it.
  std::string digest;
};

class Attributes {
 public:
  virtual ~Attributes() = default;

  // fchown(2); an id of all ones stays. Drops set-id bits and capabilities.
  virtual Done set_owner(int fd, uint32_t owner, uint32_t group) = 0;
  // fchmod(2); of an extended ACL the bits of the group are the mask.
  virtual Done set_mode(int fd, uint32_t mode) = 0;
  virtual Done set_times(int fd, Timestamp accessed, Timestamp modified) = 0;

  // Extended attributes by their full names. ENODATA: there is none of that name.
  virtual Result<std::vector<std::string>> list_xattrs(int fd) = 0;
  virtual Result<std::string> get_xattr(int fd, const std::string& name) = 0;
  virtual Done set_xattr(int fd, const std::string& name, const std::string& value) = 0;
  virtual Done remove_xattr(int fd, const std::string& name) = 0;
  virtual XattrRule rule_of(const std::string& name) = 0;

  // Nothing where there is no list besides the permission bits. Removed as the extended attribute that it is.
  virtual Result<std::optional<Acl>> access_acl(int fd) = 0;
  virtual Done set_access_acl(int fd, const Acl& acl) = 0;
  // What new files in a directory begin with.
  virtual Result<std::optional<Acl>> default_acl(int dir) = 0;

  // FS_IOC_GETFLAGS; never by O_PATH. Setting changes the flags of `mask` and leaves all others as they are.
  virtual Result<uint32_t> inode_flags(int fd) = 0;
  virtual Done set_inode_flags(int fd, uint32_t flags, uint32_t mask) = 0;
  // FS_IOC_FSGETXATTR; never by O_PATH. Setting leaves everything else as it is.
  virtual Result<Project> project(int fd) = 0;
  virtual Done set_project(int fd, uint32_t id) = 0;

  // FS_IOC_READ_VERITY_METADATA (5.12), or else FS_IOC_MEASURE_VERITY.
  virtual Result<Verity> verity(int fd) = 0;
  // FS_IOC_ENABLE_VERITY. REQUIRES a descriptor for reading; ETXTBSY while anybody has one for writing; EOPNOTSUPP if the file now
  // has it but not verity.digest.
  virtual Done enable_verity(int fd, const Verity& verity) = 0;
  // FS_IOC_MEASURE_VERITY: "ALGORITHM:HEX" of the file's fs-verity digest, the algorithm by its number. ENODATA: it has none.
  virtual Result<std::string> measure_verity(int fd) = 0;

  // The security context of files that this thread makes from now on; empty: what the policy says. EOPNOTSUPP where
  // SELinux is not in charge.
  virtual Done set_creation_label(const std::string& label) = 0;
};

}  // namespace libcopyfile
