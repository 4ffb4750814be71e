#include "metadata/metadata.h"

namespace libcopyfile {

Result<uint64_t> apply_metadata(Names& names, int fd, const FileStat& source,
                                const MetadataRequest& request) {
  uint64_t lost = 0;
  const auto lose = [&](uint64_t metadata_class, const Done& why) -> Done {
    lost |= metadata_class;
    if ((request.required & metadata_class) != 0) return why;
    return {};
  };
  bool owner_kept = true;
  if ((request.classes & metadata::kOwner) != 0) {
    const Done ok = names.set_owner(fd, source.owner, source.group);
    if (!ok) {
      owner_kept = false;
      // As cp does: without the right to give files away, the group alone may still be possible.
      const Done group = names.set_owner(fd, static_cast<uint32_t>(-1), source.group);
      (void)group;
      if (Done again = lose(metadata::kOwner, ok); !again) return fail(again.error());
    }
  }
  uint32_t mode = request.fallback_mode;
  if ((request.classes & metadata::kMode) != 0) {
    mode = source.mode;
    if (!owner_kept) mode &= 01777;
  }
  if (const Done ok = names.set_mode(fd, mode); !ok) {
    if (Done again = lose(metadata::kMode, ok); !again) return fail(again.error());
  }
  if ((request.classes & metadata::kTimes) != 0) {
    if (const Done ok = names.set_times(fd, source.accessed, source.modified); !ok) {
      if (Done again = lose(metadata::kTimes, ok); !again) return fail(again.error());
    }
  }
  return lost;
}

}  // namespace libcopyfile
