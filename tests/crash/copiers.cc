#include "copiers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "swallow_syncs.h"
#include "testing/places.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr std::array kLevels{"none", "ordered", "durable"};

std::vector<std::string> command_line(Level level, const CopyRequest& request) {
  std::vector<std::string> words{
      places::kCommand, std::string("--durability=") + kLevels[static_cast<size_t>(level)]};
  words.insert(words.end(), request.options.begin(), request.options.end());
  words.emplace_back("--");
  words.insert(words.end(), request.sources.begin(), request.sources.end());
  words.push_back(request.destination);
  return words;
}

void write_some(const Fd& fd, std::string_view text, const std::string& path) {
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw ScratchError::of_errno("write " + path);
  }
}

// XFS and Btrfs write a truncated file back as soon as it is closed, so that it seldom shows; but while it is written,
// anybody may sync the file system.
void write_in_place(const std::string& path, const std::string& text) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  write_some(fd, std::string_view(text).substr(0, text.size() / 2), path);
  if (syncfs(fd.get()) != 0) throw ScratchError::of_errno("sync a file system");
  write_some(fd, std::string_view(text).substr(text.size() / 2), path);
}

void write_and_rename(const std::string& path, const std::string& text) {
  const std::string part =
      std::filesystem::path(path).parent_path() / ".copyfile-0123456789abcdef.part";
  {
    const Fd fd(open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.valid()) throw ScratchError::of_errno("make " + part);
    write_some(fd, text, part);
  }
  if (rename(part.c_str(), path.c_str()) != 0) throw ScratchError::of_errno("rename " + part);
}

void copy_naively(Copier copier, const CopyRequest& request) {
  namespace fs = std::filesystem;
  for (const std::string& source : request.sources) {
    if (fs::is_directory(source)) {
      const Finished done = run({"cp", "-a", "-T", source, request.destination});
      if (!done.ok()) throw ScratchError("cp failed: " + done.err);
      continue;
    }
    const std::string text = read_text(source);
    std::string to = request.destination;
    if (fs::is_directory(to)) to += "/" + fs::path(source).filename().string();
    if (fs::is_symlink(to)) to = fs::canonical(to);
    if (copier == Copier::truncates) {
      write_in_place(to, text);
    } else {
      write_and_rename(to, text);
    }
  }
}

}  // namespace

void copy_by(Copier copier, Level level, const CopyRequest& request) {
  Finished done;
  switch (copier) {
    case Copier::truncates:
    case Copier::renames: copy_naively(copier, request); return;
    case Copier::ours: done = run(command_line(level, request)); break;
    case Copier::without_file_sync:
      done = run_swallowing(Swallow::files, command_line(level, request));
      break;
    case Copier::without_directory_sync:
      done = run_swallowing(Swallow::directories, command_line(level, request));
      break;
  }
  if (!done.ok()) {
    throw ScratchError("copying to " + request.destination + " ended with " +
                       std::to_string(done.exit_code) + ": " + done.err);
  }
}

}  // namespace libcopyfile::test
