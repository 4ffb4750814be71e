#include "metadata/transfer.h"

#include <utility>

#include "sys/system_info.h"

namespace libcopyfile {
namespace {

using namespace metadata;

constexpr uint32_t kUnchanged = 0xffffffff;
constexpr uint32_t kSetUserId = 04000;
constexpr uint32_t kSetGroupId = 02000;
constexpr uint32_t kPrivate = 0600;
// While a child of another thread is between fork(2) and exec(2) it has our descriptor for writing, too.
constexpr int kVerityAttempts = 50;
constexpr double kVerityPause = 0.004;

}  // namespace

void MetadataTransfer::read_replaced(int fd, const FileStat& stat) {
  replaced_ = read_metadata(attributes_, fd, stat, kKeptByWriting & ~asked());
  for (Loss& loss : replaced_->unread) losses_.push_back(std::move(loss));
}

Done MetadataTransfer::read_source(int fd, const FileStat& stat) {
  // The bits of the group are read wherever they are given.
  const bool mode_from_source = (asked() & kMode) != 0 || !replaced_;
  source_ = read_metadata(attributes_, fd, stat, asked() | (mode_from_source ? kMask : 0));
  for (Loss& loss : source_.unread) {
    const Error why{loss.error, Op::get_attribute, {}, {}};
    if (Done ok = lose(loss.metadata_class, std::move(loss.attribute), why); !ok) return ok;
  }
  return {};
}

void MetadataTransfer::read_directory(int dir) {
  dir_ = dir;
  // Whoever gives a mode alone need not know; chmod(2) does with an inherited list what it always does.
  if (gives(kMode) && !gives(kAcl)) return;
  Result<std::optional<Acl>> list = attributes_.default_acl(dir);
  if (list) {
    inherited_ = std::move(*list);
  } else if (!is_not_supported(list.error().code) && !gives(kMode)) {
    // A list that can't be read (there is no /proc) may take any right away: then it takes all but the owner's.
    request_.creation_mask |= 077;
    losses_.push_back({kMode, "default ACL", list.error().code});
  }
}

std::string MetadataTransfer::creation_label() const {
  if (!gives(kLabel)) return {};
  const std::vector<Xattr>& all = from(kLabel).xattrs;
  return all.empty() || all.front().metadata_class != kLabel ? std::string() : all.front().value;
}

Done MetadataTransfer::lose(uint64_t metadata_class, std::string attribute, const Error& why) {
  losses_.push_back({metadata_class, std::move(attribute), why.code});
  if ((request_.required & metadata_class) != 0) return fail(why);
  return {};
}

Done MetadataTransfer::before_data(int fd, const FileStat& created) {
  created_ = created;
  owner_ = created.owner;
  group_ = created.group;
  if (Done ok = give_early_flags(fd); !ok) return ok;
  return give_project(fd);
}

Done MetadataTransfer::give_project(int fd) {
  if (!gives(kProject) || !from(kProject).project) return {};
  const uint32_t wanted = *from(kProject).project;
  const Result<Project> now = attributes_.project(fd);
  // Where the file has none, there is nothing to be lost: the directory's stays.
  if (wanted == 0 || (now && now->id == wanted)) return {};
  if (!now) return lose(kProject, "project", now.error());
  // A directory that hands its project on takes in no file of another one: link(2) and rename(2) say EXDEV.
  const Result<Project> directory = attributes_.project(dir_);
  if (directory && directory->inherited && directory->id != wanted) {
    return lose(kProject, "project", Error{EXDEV, Op::set_attribute, {}, {}});
  }
  if (Done ok = attributes_.set_project(fd, wanted); !ok) {
    return lose(kProject, "project", ok.error());
  }
  return {};
}

Done MetadataTransfer::after_data(int fd) {
  if (Done ok = give_owner(fd); !ok) return ok;
  if (Done ok = give_xattrs(fd); !ok) return ok;
  if (Done ok = give_acl(fd); !ok) return ok;
  if (Done ok = give_capabilities(fd); !ok) return ok;
  if (Done ok = give_mode(fd); !ok) return ok;
  return give_times(fd);
}

Done MetadataTransfer::give_owner(int fd) {
  if (!gives(kOwner)) return {};
  const FileStat& wanted = from(kOwner).stat;
  if (wanted.owner == owner_ && wanted.group == group_) return {};
  // The next owner may not even for a moment do more than in the end.
  const bool narrowed = wanted.owner != owner_ && (permissions() & kPrivate) != kPrivate;
  if (narrowed) {
    if (Done ok = attributes_.set_mode(fd, permissions() & kPrivate); !ok) {
      return lose(kOwner, "owner", ok.error());
    }
  }
  const Done both = attributes_.set_owner(fd, wanted.owner, wanted.group);
  if (both) {
    owner_ = wanted.owner;
    group_ = wanted.group;
    return {};
  }
  owner_lost_ = true;
  if (narrowed) (void)attributes_.set_mode(fd, kPrivate);
  if (wanted.owner != owner_) {
    if (Done ok = lose(kOwner, "owner", both.error()); !ok) return ok;
  }
  if (wanted.group == group_) return {};
  // As cp does: without the right to give files away, the group alone may still be possible.
  const bool same_again = wanted.owner == owner_;
  const Done group = same_again ? both : attributes_.set_owner(fd, kUnchanged, wanted.group);
  if (!group) return lose(kOwner, "group", group.error());
  group_ = wanted.group;
  return {};
}

Done MetadataTransfer::give_xattr(int fd, const Xattr& xattr) {
  if (xattr.metadata_class == kLabel) {
    // Made with the right one, mostly: then nothing needs to be permitted.
    const Result<std::string> now = attributes_.get_xattr(fd, xattr.name);
    if (now && *now == xattr.value) return {};
  }
  if (Done ok = attributes_.set_xattr(fd, xattr.name, xattr.value); !ok) {
    return lose(xattr.metadata_class, xattr.name, ok.error());
  }
  // What a directory hands on says nothing about itself.
  other_list_given_ |= xattr.metadata_class == kAcl && xattr.name != kDefaultAcl;
  return {};
}

Done MetadataTransfer::give_xattrs(int fd) {
  // A default list may have taken the right to write from the creator, whom user.* attributes need it for.
  bool writable = (created_.mode & kPrivate) == kPrivate || owner_ != created_.owner;
  const Metadata* const both[] = {&source_, replaced_ ? &*replaced_ : nullptr};
  for (const Metadata* origin : both) {
    if (origin == nullptr) continue;
    for (const Xattr& xattr : origin->xattrs) {
      if (xattr.metadata_class == kCapabilities) continue;
      if (!std::exchange(writable, true)) (void)attributes_.set_mode(fd, kPrivate);
      if (Done ok = give_xattr(fd, xattr); !ok) return ok;
    }
  }
  return {};
}

Done MetadataTransfer::give_acl(int fd) {
  if (!gives(kAcl)) return {};
  const std::optional<Acl>& acl = from(kAcl).acl;
  if (acl) {
    const Done ok = attributes_.set_access_acl(fd, *acl);
    if (ok) {
      acl_given_ = true;
      return {};
    }
    if (Done lost = lose(kAcl, kAccessAcl, ok.error()); !lost) return lost;
  }
  if (!inherited_ || inherited_->is_minimal()) return {};
  const Done ok = attributes_.remove_xattr(fd, kAccessAcl);
  if (ok || ok.error().code == ENODATA) return {};
  return lose(kAcl, kAccessAcl, ok.error());
}

Done MetadataTransfer::give_capabilities(int fd) {
  for (const Xattr& xattr : source_.xattrs) {
    if (xattr.metadata_class != kCapabilities) continue;
    // A program with rights, in the hands of somebody else who may write to it.
    if (owner_lost_) {
      return lose(kCapabilities, xattr.name, Error{EPERM, Op::set_attribute, {}, {}});
    }
    if (Done ok = give_xattr(fd, xattr); !ok) return ok;
  }
  return {};
}

// The nine bits. Where there is a list, those of the group are its mask, which says nothing about the group itself: without
// the list it gets what it really had.
uint32_t MetadataTransfer::permissions() const {
  const auto plain = [](const Metadata& m) {
    return m.acl ? m.acl->bits_without_mask() : m.stat.mode & 0777;
  };
  const bool list_decides = acl_given_ && ((asked() & kAcl) != 0 || (asked() & kMode) == 0);
  if (list_decides) return from(kAcl).acl->mode_bits();
  if (gives(kMode)) return plain(from(kMode));
  // As open(2) would have made it (acl(5)): a default list takes the place of the umask.
  const uint32_t bits = request_.new_mode ? *request_.new_mode : plain(source_);
  return bits & (inherited_ ? inherited_->mode_bits() : ~request_.creation_mask);
}

// A program that runs with the rights of its owner does so for this very owner only.
Done MetadataTransfer::drop_set_id(uint32_t& mode) {
  const FileStat& meant = from(kMode).stat;
  const uint64_t because = gives(kOwner) ? kOwner : kMode;
  const Error why{EPERM, Op::set_mode, {}, {}};
  if ((mode & kSetUserId) != 0 && owner_ != meant.owner) {
    mode &= ~kSetUserId;
    if (Done ok = lose(because, "set-user-ID", why); !ok) return ok;
  }
  if ((mode & kSetGroupId) != 0 && group_ != meant.group) {
    mode &= ~kSetGroupId;
    if (Done ok = lose(because, "set-group-ID", why); !ok) return ok;
  }
  return {};
}

Done MetadataTransfer::give_mode(int fd) {
  uint32_t mode = permissions();
  if (gives(kMode)) {
    mode |= from(kMode).stat.mode & 07000;
    if (Done ok = drop_set_id(mode); !ok) return ok;
  }
  // A directory may be made with them, and chmod(2) would take away the group's bit that it has got from its own.
  const bool made_so = created_.type == FileType::directory && !gives(kMode) && !acl_given_ &&
                       (created_.mode & 0777) == mode;
  if (made_so) return {};
  // A list has brought its bits along; of one of NFSv4, chmod(2) would make another one (RFC 7530, 6.4.1.1).
  const bool there = acl_given_ && mode == from(kAcl).acl->mode_bits();
  if (there || (other_list_given_ && (mode & 07000) == 0)) return {};
  if (Done ok = attributes_.set_mode(fd, mode); !ok) return lose(kMode, "mode", ok.error());
  return {};
}

Done MetadataTransfer::give_times(int fd) {
  if ((asked() & kTimes) == 0) return {};
  const FileStat& s = source_.stat;
  if (Done ok = attributes_.set_times(fd, s.accessed, s.modified); !ok) {
    return lose(kTimes, "times", ok.error());
  }
  return {};
}

Done MetadataTransfer::finish(int fd) {
  if (Done ok = give_verity(fd); !ok) return ok;
  return give_flags(fd, kMiddleFlags);
}

Done MetadataTransfer::give_verity(int fd) {
  if (!has_verity()) return {};
  for (int attempt = 1;; ++attempt) {
    const Done ok = attributes_.enable_verity(fd, *source_.verity);
    // ext4 cuts off what it has allocated behind the end for it, and that makes the file a new one (6.1).
    if (ok) return give_times(fd);
    if (ok.error().code != ETXTBSY || attempt == kVerityAttempts) {
      return lose(kVerity, "verity", ok.error());
    }
    sleep_seconds(kVerityPause);
  }
}

}  // namespace libcopyfile
