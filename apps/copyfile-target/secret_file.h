// Secrets of CHAP, each in a file of its own, so that the configuration may be shown around.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace libcopyfile::daemon {

// RFC 7143 9.2.1 asks for 96 random bits where nothing else protects the exchange. More than Windows takes (16) is for others.
inline constexpr size_t kShortestSecret = 12, kLongestSecret = 255;

// Without the line feed at its end. Refused where anybody but the owner (root or this user) and readers of the owner's group has
// access. The reason quotes nothing of what is in the file.
tl::expected<std::string, std::string> read_secret_file(const std::string& path);

}  // namespace libcopyfile::daemon
