#include "copyfile/paths.h"

namespace libcopyfile::app {

std::string without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

std::string last_component(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string name_in_directory(std::string_view source) {
  std::string name = last_component(source);
  return name == ".." ? "." : name;
}

std::string joined(std::string_view directory, std::string_view path) {
  std::string whole(directory);
  while (whole.ends_with('/')) whole.pop_back();
  while (path.starts_with('/')) path.remove_prefix(1);
  return whole.append("/").append(path);
}

std::string parent_of(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

}  // namespace libcopyfile::app
