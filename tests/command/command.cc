#include "command.h"
#include "testing/places.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace libcopyfile::test {

Finished Command::operator()(std::vector<std::string> arguments, const std::string& input) const {
  arguments.insert(arguments.begin(), places::kCommand);
  RunOptions options;
  options.directory = directory_;
  options.input = input;
  return run(arguments, options);
}

Finished Command::shell(const std::string& script) const {
  RunOptions options;
  options.directory = directory_;
  options.environment = {std::string("COPYFILE=") + places::kCommand};
  return run({"/bin/sh", "-c", script}, options);
}

void Command::write(const std::string& name, const std::string& contents) const {
  std::ofstream(path(name), std::ios::binary) << contents;
}

std::string Command::read(const std::string& name) const {
  std::stringstream text;
  text << std::ifstream(path(name), std::ios::binary).rdbuf();
  return text.str();
}

bool Command::exists(const std::string& name) const {
  return std::filesystem::exists(std::filesystem::symlink_status(path(name)));
}

std::vector<std::string> Command::names() const {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    all.push_back(entry.path().filename().string());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::string pattern(size_t size, unsigned seed) {
  std::string text(size, '\0');
  uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (char& c : text) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>(state >> 56);
  }
  return text;
}

}  // namespace libcopyfile::test
