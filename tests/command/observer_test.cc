// Somebody who looks at the destination all the time, while it is replaced again and again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <set>
#include <string>
#include <thread>

#include "base/fd.h"
#include "command.h"

namespace libcopyfile::test {
namespace {

// What one look at a name showed: its whole contents, or why there were none.
std::string look(const std::string& path) {
  Fd fd;
  // libfuse has no path any more for a file that was replaced between its lookup and its opening (ESTALE); the kernel looks the
  // name up once more, and where that is too late as well, we do.
  do {
    fd = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  } while (!fd.valid() && errno == ESTALE);
  if (!fd.valid()) return strerrorname_np(errno);
  std::string seen(1 << 20, '\0');
  size_t size = 0;
  for (ssize_t n = 1; n > 0 && size < seen.size();) {
    n = ::read(fd.get(), seen.data() + size, seen.size() - size);
    if (n > 0) size += static_cast<size_t>(n);
  }
  seen.resize(size);
  return seen;
}

class Observed : public testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(Fs, Observed, testing::ValuesIn(kAllFs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(Observed, SeesTheOldFileOrTheNewOneAndNothingElse) {
  const Command copyfile = Command::in_test_directory(GetParam());
  const std::string one = pattern(300000, 1);
  const std::string two = pattern(500000, 2);
  copyfile.write("one", one);
  copyfile.write("two", two);
  copyfile.write("dest", one);

  std::atomic<bool> stop{false};
  std::set<std::string> strange;
  std::atomic<unsigned> states{0};
  std::thread observer([&] {
    while (!stop) {
      const std::string seen = look(copyfile.path("dest"));
      if (seen == one) {
        states |= 1;
      } else if (seen == two) {
        states |= 2;
      } else {
        strange.insert(std::to_string(seen.size()) + " bytes: " + seen.substr(0, 20));
      }
    }
  });
  // On a busy machine the observer may not run for a while: enough turns to have seen both.
  constexpr unsigned kBoth = 3;
  for (int i = 0; i < 40 || (states != kBoth && i < 1000); ++i) {
    const Finished f = copyfile({"--durability=none", i % 2 == 0 ? "two" : "one", "dest"});
    EXPECT_EQ(f.exit_code, 0) << f.err;
  }
  stop = true;
  observer.join();

  EXPECT_EQ(strange, std::set<std::string>{});
  EXPECT_EQ(states, kBoth) << "it did not look often enough to prove anything";
}

// A name that was not there before appears complete.
TEST_P(Observed, SeesANewNameCompleteFromTheFirstMoment) {
  const Command copyfile = Command::in_test_directory(GetParam());
  const std::string whole = pattern(700000);
  copyfile.write("source", whole);
  std::atomic<bool> stop{false};
  std::set<std::string> strange;
  std::thread observer([&] {
    while (!stop) {
      const std::string seen = look(copyfile.path("dest"));
      if (seen != whole && seen != "ENOENT") {
        strange.insert(std::to_string(seen.size()) + " bytes: " + seen.substr(0, 20));
      }
    }
  });
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(copyfile({"--durability=none", "source", "dest"}).exit_code, 0);
    EXPECT_EQ(::unlink(copyfile.path("dest").c_str()), 0);
  }
  stop = true;
  observer.join();
  EXPECT_EQ(strange, std::set<std::string>{});
}

}  // namespace
}  // namespace libcopyfile::test
