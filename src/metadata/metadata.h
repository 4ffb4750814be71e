// What a file has besides its bytes: by classes, as data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sys/attributes.h"

namespace libcopyfile {

// Classes as bits, with the values of the C interface.
namespace metadata {
inline constexpr uint64_t kMode = 0x1;
inline constexpr uint64_t kOwner = 0x2;
inline constexpr uint64_t kTimes = 0x4;
inline constexpr uint64_t kAcl = 0x8;
inline constexpr uint64_t kXattr = 0x10;
inline constexpr uint64_t kCapabilities = 0x20;
inline constexpr uint64_t kLabel = 0x40;
inline constexpr uint64_t kInodeFlags = 0x80;
inline constexpr uint64_t kProject = 0x100;
inline constexpr uint64_t kVerity = 0x200;
inline constexpr uint64_t kAll = 0x3ff;
// What writing into a file would leave as it is. (A write takes capabilities away, and verity forbids it.)
inline constexpr uint64_t kKeptByWriting =
    kMode | kOwner | kAcl | kXattr | kLabel | kInodeFlags | kProject;
// No class: for read_metadata(), the list that says whether the bits of the group are a mask.
inline constexpr uint64_t kMask = uint64_t{1} << 63;
}  // namespace metadata

// One thing that should have been given to a file, and was not.
struct Loss {
  uint64_t metadata_class = 0;
  std::string attribute;  // "owner", "user.a", "nocow", ...
  int error = 0;
};

struct Xattr {
  uint64_t metadata_class = 0;
  std::string name;
  std::string value;
};

// Of the classes that were read. What the file does not have, or its file system can't have, is missing.
struct Metadata {
  FileStat stat;
  std::optional<Acl> acl;     // never one that says no more than the mode does
  std::vector<Xattr> xattrs;  // the label first, lists of rights of other kinds (NFSv4) last
  std::optional<uint32_t> flags;
  std::optional<uint32_t> project;
  std::optional<Verity> verity;
  std::vector<Loss> unread;  // there, but not readable
};

// `fd` may be one of O_PATH: then flags and project are not readable.
Metadata read_metadata(Attributes& attributes, int fd, const FileStat& stat, uint64_t classes);

// The class of an extended attribute; 0 for those that mean something in their place only, and must not be copied.
uint64_t class_of_xattr(Attributes& attributes, const std::string& name);

// Inode flags that a copy can have, by when they are given.
inline constexpr uint32_t kEarlyFlags =
    inode_flag::kNoCopyOnWrite | inode_flag::kCompress | inode_flag::kNoCompress | inode_flag::kDax;
inline constexpr uint32_t kMiddleFlags =
    inode_flag::kSecureDelete | inode_flag::kUndelete | inode_flag::kSync | inode_flag::kNoDump |
    inode_flag::kNoAtime | inode_flag::kJournalData | inode_flag::kNoTail;
inline constexpr uint32_t kLateFlags = inode_flag::kAppend | inode_flag::kImmutable;
// The name of a single one, as in "nocow".
const char* name_of_flag(uint32_t flag);

}  // namespace libcopyfile
