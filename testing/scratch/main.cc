// scratch: runs a command with scratch file systems mounted, which only the command sees.
//
//   scratch KIND[:SIZE]... [--image-directory=DIR] -- COMMAND [ARGUMENT]...
//
// KIND is ext4, xfs, btrfs, tmpfs, overlay or fuse; SIZE in MiB. "{xfs}" within an argument becomes the mount point of
// the (last) XFS, as does the environment variable SCRATCH_XFS. Everything is kept in memory unless --image-directory names a directory on a disk. The exit status is
// the command's.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>

#include "testing/private_mounts.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

ScratchFs make_from(const std::string& word, const std::string& image_directory) {
  const size_t colon = word.find(':');
  ScratchOptions options{.image_directory = image_directory};
  if (colon != std::string::npos)
    options.size = std::strtoull(word.c_str() + colon + 1, nullptr, 10) << 20;
  return ScratchFs::make(kind_from(word.substr(0, colon)), options);
}

std::string with_paths(std::string argument, const std::list<ScratchFs>& made) {
  for (auto fs = made.rbegin(); fs != made.rend(); ++fs) {
    const std::string mark = "{" + std::string(name_of(fs->kind())) + "}";
    for (size_t at = 0; (at = argument.find(mark, at)) != std::string::npos;
         at += fs->path().size()) {
      argument.replace(at, mark.size(), fs->path());
    }
  }
  return argument;
}

int run_command(char** argv, const std::list<ScratchFs>& made) {
  std::list<std::string> words;
  std::vector<char*> pointers;
  for (; *argv != nullptr; ++argv)
    pointers.push_back(words.emplace_back(with_paths(*argv, made)).data());
  pointers.push_back(nullptr);
  for (const ScratchFs& fs : made) setenv(variable_of(fs.kind()).c_str(), fs.path().c_str(), 1);
  const pid_t child = fork();
  if (child == 0) {
    execvp(pointers[0], pointers.data());
    std::fprintf(stderr, "scratch: cannot run '%s': %s\n", pointers[0], std::strerror(errno));
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int scratch(char** argv) {
  std::list<ScratchFs> made;
  std::string image_directory;
  constexpr std::string_view kDirectory = "--image-directory=";
  for (; *argv != nullptr && std::strcmp(*argv, "--") != 0; ++argv) {
    const std::string_view word = *argv;
    if (word.starts_with(kDirectory)) {
      image_directory = word.substr(kDirectory.size());
    } else {
      made.push_back(make_from(std::string(word), image_directory));
    }
  }
  if (*argv == nullptr || argv[1] == nullptr)
    throw ScratchError("usage: scratch KIND[:MIB]... -- COMMAND...");
  return run_command(argv + 1, made);
}

}  // namespace
}  // namespace libcopyfile::test

int main(int, char** argv) {
  using namespace libcopyfile::test;
  enter_private_mounts();
  int status = 2;
  try {
    status = scratch(argv + 1);
  } catch (const ScratchError& error) {
    std::fprintf(stderr, "scratch: %s\n", error.what());
  }
  leave_private_mounts();
  return status;
}
