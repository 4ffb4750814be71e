#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

struct Shared {
  std::mutex mutex;
  std::map<FsKind, ScratchFs> made;
};

Shared& shared() {
  // Never destroyed at exit: main() drops the file systems while the rest of the program still works.
  static Shared& only = *new Shared;
  return only;
}

std::string directory_name(const ::testing::TestInfo& test) {
  std::string name = std::string(test.test_suite_name()) + "." + test.name();
  for (char& c : name) {
    if (c == '/') c = '_';
  }
  return name;
}

}  // namespace

ScratchFs& shared_fs(FsKind kind) {
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  const auto found = all.made.find(kind);
  if (found != all.made.end()) return found->second;
  // Room for many tests; sparse, so that only what they write is kept in memory.
  const ScratchOptions options{.size = uint64_t{8} << 30};
  const char* mounted = std::getenv(variable_of(kind).c_str());
  ScratchFs fs =
      mounted != nullptr ? ScratchFs::adopt(kind, mounted) : ScratchFs::make(kind, options);
  return all.made.emplace(kind, std::move(fs)).first->second;
}

void drop_shared_fs() {
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  all.made.clear();
}

std::string test_directory(FsKind kind) {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string base =
      shared_fs(kind).file(test != nullptr ? directory_name(*test) : "no-test");
  std::string path = base;
  for (int n = 2; mkdir(path.c_str(), 0755) != 0; ++n) {
    if (errno != EEXIST) throw ScratchError::of_errno("make the directory " + path);
    path = base + "." + std::to_string(n);
  }
  return path;
}

}  // namespace libcopyfile::test
