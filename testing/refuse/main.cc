// refuse: runs a command with system calls refused.
//
//   refuse WORD... -- COMMAND [ARGUMENT]...
//   refuse --list
//
// WORD is a rule or a profile of testing/seccomp_rules.h, or no-proc: the command sees an empty /proc (needs root).
// The command inherits it all; its exit status is ours. The words are in its environment as REFUSED.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "testing/scratch_error.h"
#include "testing/seccomp.h"
#include "testing/seccomp_rules.h"

namespace libcopyfile::test {
namespace {

void hide_proc() {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", "/proc", "tmpfs", MS_RDONLY, nullptr) != 0) {
    throw ScratchError::of_errno("hide /proc");
  }
}

int list() {
  for (const Profile& profile : profiles()) {
    std::printf("%-26.*s %.*s\n", static_cast<int>(profile.name.size()), profile.name.data(),
                static_cast<int>(profile.meaning.size()), profile.meaning.data());
  }
  std::printf("%-26s %s\n", "no-proc", "a chroot without /proc");
  return 0;
}

int refuse(char** argv) {
  if (*argv != nullptr && std::strcmp(*argv, "--list") == 0) return list();
  std::vector<std::string> words;
  std::string refused;
  for (; *argv != nullptr && std::strcmp(*argv, "--") != 0; ++argv) {
    refused += (refused.empty() ? "" : " ") + std::string(*argv);
    if (std::strcmp(*argv, "no-proc") == 0) {
      hide_proc();
    } else {
      words.emplace_back(*argv);
    }
  }
  if (*argv == nullptr || argv[1] == nullptr)
    throw ScratchError("usage: refuse WORD... -- COMMAND [ARGUMENT]...");
  setenv("REFUSED", refused.c_str(), 1);
  if (!words.empty()) refuse_from_now_on(words);
  execvp(argv[1], argv + 1);
  throw ScratchError::of_errno("run '" + std::string(argv[1]) + "'");
}

}  // namespace
}  // namespace libcopyfile::test

int main(int, char** argv) {
  try {
    return libcopyfile::test::refuse(argv + 1);
  } catch (const libcopyfile::test::ScratchError& error) {
    std::fprintf(stderr, "refuse: %s\n", error.what());
    return 127;
  }
}
