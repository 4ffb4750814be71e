#include "metadata/metadata.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace libcopyfile {
namespace {

using namespace metadata;

constexpr uint64_t kListed = kAcl | kXattr | kCapabilities | kLabel;

// Written by the kernel or a file system about this very inode (Lustre's layout, overlayfs's layers, integrity hashes): on
// another inode they are lies, and some make it unreadable.
constexpr std::array<std::string_view, 4> kOfOneInode{"security.ima", "security.evm",
                                                      "trusted.overlay.", "user.overlay."};
constexpr std::array<std::string_view, 10> kLustre{
    "trusted.lov", "trusted.lma", "trusted.lmv", "trusted.link",    "trusted.fid",
    "trusted.som", "trusted.hsm", "trusted.dmv", "trusted.version", "lustre.lov"};

bool not_to_be_had(int code) { return is_not_supported(code) || code == EINVAL; }

class Reader {
 public:
  Reader(Attributes& attributes, int fd, uint64_t classes, Metadata& metadata)
      : attributes_(attributes), fd_(fd), classes_(classes), metadata_(metadata) {}

  void read() {
    if ((classes_ & kListed) != 0) {
      read_listed();
    } else if ((classes_ & kMask) != 0) {
      read_acl();
    }
    // To others than files these requests would mean something else: a device's driver has numbers of its own.
    if (metadata_.stat.type != FileType::regular) return;
    if ((classes_ & kInodeFlags) != 0) {
      take(attributes_.inode_flags(fd_), kInodeFlags, "flags", metadata_.flags);
    }
    if ((classes_ & kProject) != 0) {
      std::optional<Project> project;
      take(attributes_.project(fd_), kProject, "project", project);
      if (project) metadata_.project = project->id;
    }
    if ((classes_ & kVerity) != 0 && (metadata_.stat.attributes & kStatVerity) != 0) {
      take(attributes_.verity(fd_), kVerity, "verity", metadata_.verity);
    }
  }

 private:
  template <class T>
  void take(Result<T> result, uint64_t metadata_class, const std::string& name,
            std::optional<T>& value) {
    if (result) {
      value = std::move(*result);
    } else if (!not_to_be_had(result.error().code)) {
      unread(metadata_class, name, result.error().code);
    }
  }

  void unread(uint64_t metadata_class, const std::string& name, int code) {
    if ((classes_ & metadata_class) == 0) return;
    // By O_PATH some things can't be asked, and it was taken because reading is not permitted.
    metadata_.unread.push_back({metadata_class, name, code == EBADF ? EACCES : code});
  }

  void read_acl() {
    Result<std::optional<Acl>> acl = attributes_.access_acl(fd_);
    if (acl && *acl && !(*acl)->is_minimal()) metadata_.acl = std::move(*acl);
    if (!acl && !not_to_be_had(acl.error().code)) unread(kAcl, kAccessAcl, acl.error().code);
  }

  void read_listed() {
    const Result<std::vector<std::string>> names = attributes_.list_xattrs(fd_);
    if (!names) {
      if (not_to_be_had(names.error().code)) return;
      for (const uint64_t c : {kAcl, kXattr, kCapabilities, kLabel}) {
        unread(c, "extended attributes", names.error().code);
      }
      return;
    }
    for (const std::string& name : *names) {
      if (name == kAccessAcl) {
        if ((classes_ & (kAcl | kMask)) != 0) read_acl();
        continue;
      }
      const uint64_t c = class_of_xattr(attributes_, name);
      if ((classes_ & c) == 0) continue;
      Result<std::string> value = attributes_.get_xattr(fd_, name);
      if (value) {
        metadata_.xattrs.push_back({c, name, std::move(*value)});
      } else if (value.error().code != ENODATA) {
        unread(c, name, value.error().code);
      }
    }
    // The label confines before anything is allowed; a list of rights may take away the right to set the others.
    const auto rank = [](const Xattr& x) {
      return x.metadata_class == kLabel ? 0 : x.metadata_class == kAcl ? 2 : 1;
    };
    std::stable_sort(metadata_.xattrs.begin(), metadata_.xattrs.end(),
                     [&](const Xattr& a, const Xattr& b) { return rank(a) < rank(b); });
  }

  Attributes& attributes_;
  int fd_;
  uint64_t classes_;
  Metadata& metadata_;
};

}  // namespace

Metadata read_metadata(Attributes& attributes, int fd, const FileStat& stat, uint64_t classes) {
  Metadata metadata;
  metadata.stat = stat;
  Reader(attributes, fd, classes, metadata).read();
  return metadata;
}

uint64_t class_of_xattr(Attributes& attributes, const std::string& name) {
  if (name == "security.selinux") return kLabel;
  if (name == "security.capability") return kCapabilities;
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (std::any_of(kOfOneInode.begin(), kOfOneInode.end(), begins)) return 0;
  if (std::find(kLustre.begin(), kLustre.end(), name) != kLustre.end()) return 0;
  const XattrRule rule = attributes.rule_of(name);
  if (rule == XattrRule::skip) return 0;
  if (rule == XattrRule::permissions) return kAcl;
  // Of system.*, what is no list of rights is the file system's own business.
  return begins("system.") ? 0 : kXattr;
}

const char* name_of_flag(uint32_t flag) {
  switch (flag) {
    case inode_flag::kSecureDelete: return "secrm";
    case inode_flag::kUndelete: return "undelete";
    case inode_flag::kCompress: return "compress";
    case inode_flag::kSync: return "sync";
    case inode_flag::kImmutable: return "immutable";
    case inode_flag::kAppend: return "append";
    case inode_flag::kNoDump: return "nodump";
    case inode_flag::kNoAtime: return "noatime";
    case inode_flag::kNoCompress: return "nocompress";
    case inode_flag::kJournalData: return "journal-data";
    case inode_flag::kNoTail: return "notail";
    case inode_flag::kNoCopyOnWrite: return "nocow";
    case inode_flag::kDax: return "dax";
    default: return "flags";
  }
}

}  // namespace libcopyfile
