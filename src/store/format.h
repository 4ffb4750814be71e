// The file `format` of a repository: which version it is of, and who may use it (docs/formats.md). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace libcopyfile::store {

// Who may read and who may write. The values are stored by name.
enum class Members : uint8_t {
  owner,          // nobody but the owner
  readers,        // everybody may read, the owner writes
  group,          // the group reads and writes, nobody else
  group_readers,  // the group writes, everybody may read
};

inline constexpr uint32_t kFormatVersion = 1;
inline constexpr size_t kMostFormatBytes = 4096;

struct Format {
  uint32_t version = kFormatVersion;
  Members members = Members::readers;

  // Permissions of what the repository is made of.
  uint32_t directory_mode() const;
  uint32_t blob_mode() const;  // never for writing
  uint32_t index_mode() const;
};

std::string_view name_of(Members members);

std::string format_text(const Format& format);
// EBADMSG: damaged (its own checksum is wrong). EPROTONOSUPPORT: of a later version, which this program can't use.
Result<Format> parse_format(std::string_view text);

}  // namespace libcopyfile::store
