#include "testing/text_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/fd.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_text(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
    if (n < 0) throw ScratchError::of_errno("read " + path);
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(n));
  }
}

void write_text(const std::string& path, std::string_view text, unsigned mode) {
  unlink(path.c_str());
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) throw ScratchError::of_errno("make " + path);
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fchmod(fd.get(), mode) != 0) {
    throw ScratchError::of_errno("write " + path);
  }
}

}  // namespace libcopyfile::test
