// Names of errnos, for scripts and golden logs: "ENOSPC", not the number and not the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libcopyfile::test {

std::optional<int64_t> errno_from_name(std::string_view name);
// "ENOSPC"; the number where it has no name.
std::string errno_name(int code);

}  // namespace libcopyfile::test
