// Paths as cp(1) puts them together: as text, so that messages show what was typed.
#pragma once

#include <string>
#include <string_view>

namespace libcopyfile::app {

// "a//" is "a", "/" stays.
std::string without_trailing_slashes(std::string_view path);
// The last component, without slashes; empty for the root.
std::string last_component(std::string_view path);
// What `source` is called in a directory: its last component, and "." for "..", so that 'cp -r source/.. dest' stays in dest.
std::string name_in_directory(std::string_view source);
// `directory` has one slash in between, however many it ends with; `path` may begin with slashes.
std::string joined(std::string_view directory, std::string_view path);
// The directory part of a path, "." where it has none.
std::string parent_of(std::string_view path);

}  // namespace libcopyfile::app
