// What a block device that is about to be overwritten holds, by the marks that everything of its kind leaves at its beginning.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "copyfile/context.h"

namespace libcopyfile::app {

// How much of a device contents_of() wants to see.
inline constexpr size_t kMarks = size_t{128} << 10;

// "an XFS file system"; "nothing known" where there is no mark.
std::string contents_of(std::span<const std::byte> beginning);

// Says what is about to be lost, if `path` is a block device.
void announce_overwriting(Context& context, const std::string& path);
// The same of what is open for reading at `fd`, and what it is.
void announce_overwriting(Context& context, const std::string& name, int fd, std::string_view what);

}  // namespace libcopyfile::app
