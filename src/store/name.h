// What things in a repository are called. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "verify/digest.h"

namespace libcopyfile::store {

// A name is a relative path: components joined by '/', of which none is empty, "." or "..". Valid UTF-8 without control
// characters, so that it can be printed, and be a file's when the repository is exported. What would read as a digest
// ("sha256:..." or 64 hexadecimal digits) is no name.
inline constexpr size_t kMostNameBytes = 1024;
inline constexpr size_t kMostComponentBytes = 255;  // NAME_MAX

// Why `name` is none; nothing if it is one.
std::optional<std::string_view> why_no_name(std::string_view name);
// EINVAL (Op::validate) with the reason as `where`.
Done check_name(std::string_view name);

// "sha256:HEX" or 64 digits, or else a name.
using Reference = std::variant<Digest, std::string>;
// EINVAL for what is neither, and for digests that are not SHA-256.
Result<Reference> parse_reference(std::string_view text);

// "HEX": the path of a blob below blobs/sha256/. The only place that knows it.
std::string blob_path(const Digest& digest);
// The digest that a file there is called by; nothing for what is no blob.
std::optional<Digest> digest_of_path(std::string_view name);

}  // namespace libcopyfile::store
