// Many at once: nobody loses anything, and a source that is rewritten meanwhile is refused or exact.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <random>
#include <thread>

#include "fixture.h"
#include "store/gc.h"
#include "store/verify.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using namespace store;

class StoreCrowd : public StoreTest {
 protected:
  // What one process does, in a way that only its exit status tells.
  int add_name_get_and_drop(int who, int rounds) {
    KernelFiles files;
    KernelNames names;
    KernelAttributes attributes;
    const Environment environment{{files, names, attributes}, shop_.catalogue, nullptr};
    Result<Repository> repository =
        Repository::open(environment, kCurrentDirectory, at("repo"), Use::write);
    if (!repository) return 2;
    std::mt19937 random(static_cast<unsigned>(who));
    for (int round = 0; round < rounds; ++round) {
      // The same contents come from many.
      const std::string text = "content " + std::to_string(random() % 20);
      const std::string mine = "who" + std::to_string(who);
      const std::string file = at(mine);
      write_text(file, text);
      AddSource source;
      source.dir = kCurrentDirectory;
      source.path = file;
      source.name = mine;
      AddOptions options;
      options.replace_names = true;
      if (const Result<Added> added = add_one(*repository, source, options); !added) {
        std::fprintf(stderr, "add: %s\n", added.error().message().c_str());
        return 3;
      }
      if (round % 3 == 0 && !collect(*repository, {})) return 4;
      const std::string out = file + ".out" + std::to_string(round);
      if (!get(*repository, Reference(mine), kCurrentDirectory, out, {})) return 5;
      if (read_text(out) != text) return 6;
      ::unlink(out.c_str());
      if (round % 4 == 3 && !repository->remove_name(mine)) return 7;
    }
    return 0;
  }
};

TEST_P(StoreCrowd, ProcessesAddTakeAndCollectAtOnce) {
  constexpr int kProcesses = 12;
  constexpr int kRounds = 9;
  std::vector<pid_t> children;
  for (int who = 0; who < kProcesses; ++who) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(add_name_get_and_drop(who, kRounds));
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << WEXITSTATUS(status);
  }
  Repository repository = open();
  const Result<VerifyReport> report = verify(repository, {}, [](const Finding& finding) {
    ADD_FAILURE() << name_of(finding.fault) << " " << finding.detail;
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(*(*repository.index())->count_names(), uint64_t{kProcesses});
  EXPECT_TRUE(names_in(at("repo/pending")).empty());
}

TEST_P(StoreCrowd, ASourceThatIsRewrittenIsRefusedOrExact) {
  const bool full = std::getenv("COPYFILE_CRASH") != nullptr;
  const int rounds = full ? 10000 : 150;
  const std::string good(40000, 'g');
  const std::string bad(40000, 'b');
  write_text(at("file"), good);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const Fd fd(::open(at("file").c_str(), O_RDWR | O_CLOEXEC));
    std::mt19937 random(3);
    while (!stop) {
      const size_t from = random() % 30000;
      const std::string& text = random() % 2 == 0 ? good : bad;
      (void)!::pwrite(fd.get(), text.data(), random() % 10000, static_cast<off_t>(from));
      (void)!::pwrite(fd.get(), good.data(), good.size(), 0);
      ::usleep(200);
    }
  });
  Repository repository = open();
  AddSource source;
  source.dir = kCurrentDirectory;
  source.path = at("file");
  source.expected = digest_of(good);
  int exact = 0;
  for (int round = 0; round < rounds; ++round) {
    const Result<Added> added = add_one(repository, source, {});
    if (added) {
      ++exact;
      EXPECT_EQ(read_text(blob(*source.expected)), good);
    } else {
      EXPECT_EQ(added.error().code, EBADMSG) << added.error().message();
    }
  }
  stop = true;
  writer.join();
  EXPECT_GT(exact, 0);
  EXPECT_LE(names_in(at("repo/blobs/sha256")).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(On, StoreCrowd,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace libcopyfile::test
