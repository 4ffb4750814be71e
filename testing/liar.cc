#include "testing/liar.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "testing/places.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

Liar::Liar(const ScratchFs& fs) : mount_(fs.path()) {
  if (fs.kind() != FsKind::fuse) throw ScratchError(fs.path() + " is not served by the liar");
}

void Liar::inject(std::string_view rule) {
  const Fd control(open((mount_ + "/.control").c_str(), O_WRONLY | O_CLOEXEC));
  if (!control.valid()) throw ScratchError::of_errno("open the liar's control file");
  if (write(control.get(), rule.data(), rule.size()) != static_cast<ssize_t>(rule.size())) {
    throw ScratchError("the liar does not understand '" + std::string(rule) +
                       "': " + std::strerror(errno));
  }
}

uint64_t Liar::counter(std::string_view operation, int column) const {
  std::ifstream stats(mount_ + "/.stats");
  std::string name;
  uint64_t columns[2];
  while (stats >> name >> columns[0] >> columns[1]) {
    if (name == operation) return columns[column];
  }
  throw ScratchError("the liar does not count '" + std::string(operation) + "'");
}

std::vector<std::string> Liar::log() const {
  std::ifstream file(mount_ + "/.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

pid_t start_liar(const Fd& device, const std::string& directory,
                 const std::vector<std::string>& arguments, Fd& life) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  const Fd read_end(ends[0]);
  life = Fd(ends[1]);
  // Number 3 in the server, whatever it is here; dup2 also takes close-on-exec off.
  const Fd device_copy(fcntl(device.get(), F_DUPFD_CLOEXEC, 10));
  const Fd life_copy(fcntl(read_end.get(), F_DUPFD_CLOEXEC, 10));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, life_copy.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, device_copy.get(), 3);
  std::vector<std::string> words{places::kLiar, directory};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int code = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) throw ScratchError::of_errno("start " + words[0], code);
  return pid;
}

}  // namespace libcopyfile::test
