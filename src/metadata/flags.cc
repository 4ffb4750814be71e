// The part of MetadataTransfer that is about inode flags: some want an empty file, some forbid what comes after them.
#include <bit>

#include "metadata/transfer.h"

namespace libcopyfile {
namespace {

using namespace metadata;

// Calls `each` with every single flag, until one fails.
template <class F>
Done for_each_flag(uint32_t flags, F&& each) {
  for (; flags != 0; flags &= flags - 1) {
    if (Done ok = each(uint32_t{1} << std::countr_zero(flags)); !ok) return ok;
  }
  return {};
}

}  // namespace

Done MetadataTransfer::lose_flags(uint32_t flags, const Error& why) {
  return for_each_flag(flags,
                       [&](uint32_t flag) { return lose(kInodeFlags, name_of_flag(flag), why); });
}

Done MetadataTransfer::give_early_flags(int fd) {
  if (!gives(kInodeFlags) || !from(kInodeFlags).flags) return {};
  const uint32_t wanted = *from(kInodeFlags).flags & (kEarlyFlags | kMiddleFlags | kLateFlags);
  const Result<uint32_t> now = attributes_.inode_flags(fd);
  if (!now) return lose_flags(wanted, now.error());
  flags_now_ = now.value();
  if (Done ok = give_flags(fd, kEarlyFlags); !ok) return ok;
  const uint32_t late = wanted & kLateFlags;
  // They come when nothing can be undone any more. Whether they may be set is found out while it can.
  if (late != 0 && (request_.required & kInodeFlags) != 0) {
    if (Done ok = attributes_.set_inode_flags(fd, late, late); !ok) {
      return lose_flags(late, ok.error());
    }
    if (Done ok = attributes_.set_inode_flags(fd, 0, late); !ok) {
      return lose_flags(late, ok.error());
    }
  }
  late_flags_ = late;
  return {};
}

// Those of `mask` that the file does not have as it should: all at once, and one by one only where that is refused, to
// tell which.
Done MetadataTransfer::give_flags(int fd, uint32_t mask) {
  if (!flags_now_) return {};
  const uint32_t wanted = *from(kInodeFlags).flags;
  const uint32_t differ = (*flags_now_ ^ wanted) & mask;
  if (differ == 0 || attributes_.set_inode_flags(fd, wanted, differ)) return {};
  return for_each_flag(differ, [&](uint32_t flag) -> Done {
    const Done ok = attributes_.set_inode_flags(fd, wanted, flag);
    if (ok) return {};
    return lose(kInodeFlags, name_of_flag(flag), ok.error());
  });
}

Done set_late_flags(Attributes& attributes, const LateFlags& late) {
  if (!late.fd.valid()) return fail(ENOENT, Op::set_attribute);
  return attributes.set_inode_flags(late.fd.get(), late.flags, late.flags);
}

std::vector<Loss> losses_of_flags(uint32_t flags, int code) {
  std::vector<Loss> losses;
  (void)for_each_flag(flags, [&](uint32_t flag) -> Done {
    losses.push_back({kInodeFlags, name_of_flag(flag), code});
    return {};
  });
  return losses;
}

}  // namespace libcopyfile
