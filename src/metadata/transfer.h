// Gives a private file the metadata that it shall have when it gets its name, from the source and from the file that it
// replaces, in the one order in which nothing takes away what was given before:
//
//   before_data   NOCOW, compression and project, which want an empty file
//   after_data    owner (chown(2) drops set-id bits and capabilities), label, extended attributes (which want a file that its
//                 owner may write to), ACL, capabilities, mode with set-id bits, times
//   finish        verity (forbids writing), other flags
//   LateFlags     behind the name
//
// All that time nobody but the creator has more rights than in the end: the file is made with mode 0600, which is the mask
// of a list that it inherits, and the final rights come in one step when it is the final owner's.
#pragma once

#include "metadata/metadata.h"

namespace libcopyfile {

struct MetadataRequest {
  uint64_t required = 0;  // classes: losing one is an error
  uint64_t wanted = 0;
  // What umask(2) takes away from the rights of a new file whose mode is not that of the source.
  uint32_t creation_mask = 077;
  std::optional<uint32_t> new_mode;  // in place of the mode of the source
};

// Append-only and immutable, which forbid a name: for the file that has it.
struct LateFlags {
  uint32_t flags = 0;
  Fd fd;  // not open where there was no second descriptor to be had
};
Done set_late_flags(Attributes& attributes, const LateFlags& late);
std::vector<Loss> losses_of_flags(uint32_t flags, int code);

class MetadataTransfer {
 public:
  MetadataTransfer(Attributes& attributes, const MetadataRequest& request)
      : attributes_(attributes), request_(request) {}

  // Before the private file is made, in this order. The first only if something of the old file is to be kept: all classes
  // that a write would have left alone and that are not asked of the source.
  void read_replaced(int fd, const FileStat& stat);
  bool would_keep() const { return (metadata::kKeptByWriting & ~asked()) != 0; }
  Done read_source(int fd, const FileStat& stat);
  // The directory of the new file. `dir` is used later on, too.
  void read_directory(int dir);
  // What set_creation_label() should say while the private file is made; empty for nothing.
  std::string creation_label() const;

  // `created` is how the private file came out.
  Done before_data(int fd, const FileStat& created);
  Done after_data(int fd);
  // Then before finish(), `fd` must be for reading, and nobody may have one for writing.
  bool has_verity() const { return (asked() & metadata::kVerity) != 0 && source_.verity; }
  Done finish(int fd);
  uint32_t late_flags() const { return late_flags_; }

  const std::vector<Loss>& losses() const { return losses_; }

 private:
  uint64_t asked() const { return request_.required | request_.wanted; }
  bool gives(uint64_t c) const {
    return (asked() & c) != 0 || (replaced_ && (metadata::kKeptByWriting & c) != 0);
  }
  const Metadata& from(uint64_t c) const { return (asked() & c) != 0 ? source_ : *replaced_; }

  Done lose(uint64_t metadata_class, std::string attribute, const Error& why);
  Done lose_flags(uint32_t flags, const Error& why);
  Done give_early_flags(int fd);
  Done give_flags(int fd, uint32_t mask);
  Done give_project(int fd);
  Done give_owner(int fd);
  Done give_xattr(int fd, const Xattr& xattr);
  Done give_xattrs(int fd);
  Done give_acl(int fd);
  Done give_capabilities(int fd);
  Done give_mode(int fd);
  Done give_times(int fd);
  Done give_verity(int fd);
  uint32_t permissions() const;
  Done drop_set_id(uint32_t& mode);

  Attributes& attributes_;
  MetadataRequest request_;
  Metadata source_;
  std::optional<Metadata> replaced_;
  int dir_ = -1;
  std::optional<Acl> inherited_;  // the default list of the directory
  FileStat created_;
  uint32_t owner_ = 0;  // of the private file, now
  uint32_t group_ = 0;
  bool owner_lost_ = false;
  bool acl_given_ = false;
  bool other_list_given_ = false;      // system.nfs4_acl and its kin
  std::optional<uint32_t> flags_now_;  // absent: no flags to be given, or not to this file
  uint32_t late_flags_ = 0;
  std::vector<Loss> losses_;
};

}  // namespace libcopyfile
