// Another process writes to the source all the time while it is added: it is refused, or what was added is exactly what was
// expected.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

// Writes one content and the other in turns, in place, a piece at a time, with pauses between.
class Rewriter {
 public:
  Rewriter(const std::string& path, const std::string& good, const std::string& bad)
      : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    for (unsigned turn = 0;; ++turn) {
      write_over(fd, good);
      usleep(turn % 4 * 500);
      write_over(fd, bad);
      usleep(turn % 3 * 500);
    }
  }
  ~Rewriter() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Rewriter(const Rewriter&) = delete;
  Rewriter& operator=(const Rewriter&) = delete;

 private:
  static void write_over(const Fd& fd, const std::string& bytes) {
    constexpr size_t kPiece = 8192;
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
      const size_t n = std::min(kPiece, bytes.size() - at);
      if (pwrite(fd.get(), bytes.data() + at, n, static_cast<off_t>(at)) < 0) _exit(1);
    }
  }
  pid_t pid_;
};

class Rewritten : public ::testing::TestWithParam<FsKind> {};
INSTANTIATE_TEST_SUITE_P(On, Rewritten, ::testing::Values(FsKind::ext4, FsKind::xfs),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(Rewritten, WhileItIsAddedItIsRefusedOrExact) {
  const std::string directory = test_directory(GetParam());
  const std::string source = directory + "/source";
  Repo repo(directory + "/repo");
  const std::string good = bytes_of(1, 200000);
  const std::string bad = bytes_of(2, 200000);
  const Digest expected = digest_of(good);
  write_text(source, good);
  const Rewriter rewriter(source, good, bad);
  size_t refused = 0;
  size_t exact = 0;
  const size_t tries = times(5000, 250);
  for (size_t i = 0; i < tries && !HasFailure(); ++i) {
    const Result<store::Added> added = repo.try_add(source, expected);
    if (!added) {
      ++refused;
      EXPECT_TRUE(added.error().code == EBADMSG || added.error().code == ESTALE)
          << added.error().message();
      EXPECT_EQ(names_in(repo.path() + "/blobs/sha256").size(), 0U);
      continue;
    }
    ++exact;
    ASSERT_TRUE(added->digest == expected);
    ASSERT_TRUE(read_text(repo.blob(expected)) == good);
    // So that the next one is not there already.
    Result<store::Repository> repository = repo.open();
    ASSERT_TRUE(repository);
    ASSERT_TRUE(repository->keep(expected, false));
    ASSERT_TRUE(store::collect(*repository, {}));
  }
  EXPECT_EQ(names_in(repo.path() + "/pending").size(), 0U);
  EXPECT_GT(refused, 0U) << "nothing was rewritten at the wrong moment";
  EXPECT_GT(exact, 0U) << "nothing was ever right";
  std::printf("store: a source rewritten meanwhile: %zu refused, %zu exact\n", refused, exact);
}

// Whatever is added without a word on its digest is what its digest says.
TEST_P(Rewritten, WithoutAnExpectedDigestItIsWhatItsDigestSays) {
  const std::string directory = test_directory(GetParam());
  const std::string source = directory + "/source";
  Repo repo(directory + "/repo");
  write_text(source, bytes_of(1, 200000));
  const Rewriter rewriter(source, bytes_of(1, 200000), bytes_of(2, 200000));
  for (size_t i = 0; i < times(500, 50); ++i) {
    const Result<store::Added> added = repo.try_add(source);
    if (!added) continue;
    ASSERT_TRUE(digest_of(read_text(repo.blob(added->digest))) == added->digest);
  }
}

}  // namespace
}  // namespace libcopyfile::test
