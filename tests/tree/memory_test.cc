// A tree of a million files costs hardly more memory than one of a thousand: of what is copied, nothing is remembered.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "scale.h"
#include "testing/places.h"
#include "testing/scratch_error.h"

// Not under sanitizers, which keep what was freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace libcopyfile::test {
namespace {

Fd open_directory(int dir, const std::string& name) {
  Fd fd(openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + name);
  return fd;
}

void make_file(int dir, const std::string& name) {
  const Fd fd(openat(dir, name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
  if (!fd.valid() || write(fd.get(), "some text", 9) != 9) {
    throw ScratchError::of_errno("make " + name);
  }
}

// Files of a few bytes, a thousand in each directory.
void make_flat_tree(const std::string& top, size_t files) {
  constexpr size_t kInOne = 1000;
  make_directory(top);
  const Fd dir = open_directory(AT_FDCWD, top);
  for (size_t i = 0; i < files; i += kInOne) {
    const std::string name = "directory" + std::to_string(i);
    if (mkdirat(dir.get(), name.c_str(), 0755) != 0) throw ScratchError::of_errno("mkdir");
    const Fd sub = open_directory(dir.get(), name);
    for (size_t f = 0; f < kInOne; ++f) {
      make_file(sub.get(), "a name of usual length " + std::to_string(f));
    }
  }
}

// KiB of memory that the command had at most: wait4(2) of its own process.
long peak_of(const std::vector<std::string>& words) {
  std::vector<std::string> argv = words;
  std::vector<char*> pointers;
  for (std::string& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // exec(2) starts to count anew only where memory is not shared until then (vfork): posix_spawn would count ours.
  const pid_t pid = fork();
  if (pid < 0) throw ScratchError::of_errno("fork");
  if (pid == 0) {
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return usage.ru_maxrss;
}

TEST(TreeMemory, IsFlat) {
  // Its own, for a million files and their copies.
  const ScratchFs scratch = ScratchFs::tmpfs({.size = uint64_t{16} << 30});
  const size_t many = scaled(1'000'000, 100'000, 0);
  constexpr long kAllowed = 64 * 1024;  // KiB, for a million
  make_flat_tree(scratch.file("few"), 1000);
  make_flat_tree(scratch.file("many"), many);
  const auto copy = [&](const std::string& from, const std::string& to) {
    return peak_of({places::kCommand, "-a", "--durability=ordered", "-T", scratch.file(from),
                    scratch.file(to)});
  };
  const long few = copy("few", "few.copy");
  const long new_tree = copy("many", "many.copy");
  const long existing_tree = copy("many", "many.copy");
  std::printf("tree: %zu files: %ld KiB; 1000: %ld KiB; into a tree that is there: %ld KiB\n", many,
              new_tree, few, existing_tree);
  // What is the same for any large tree, a batch that waits for its sync above all (11 to 13 MiB), is more than a share of what
  // a million may take.
  constexpr long kBatch = 16 * 1024;
  const long more =
      kAllowed * static_cast<long>(many) / 1'000'000 + (many < 1'000'000 ? kBatch : 0);
  EXPECT_LE(new_tree, few + more);
  EXPECT_LE(existing_tree, few + more);
}

}  // namespace
}  // namespace libcopyfile::test

#endif
