// A target that is killed by SIGKILL while initiators write, copy and reserve: what it had acknowledged is in its files, whether it
// was flushed or not (the page cache outlives the process), and the reservations are the last ones, or the ones on their way.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "served_disks.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

// One worker for each part of the disks, so that each knows what its blocks hold.
constexpr unsigned kWorkers = 3;
constexpr uint64_t kPart = kDiskBlocks / kWorkers;

// Shared with the process that is killed.
struct Account {
  struct Entry {
    std::atomic<Filling> begun{0}, ended{0};
    bool may_be(Filling found) const { return found == begun || found == ended; }
  };
  std::array<std::array<Entry, kDiskBlocks>, kDisks> blocks;
  Entry key;
  std::atomic<uint64_t> commands{0};
};

class SharedAccount {
 public:
  SharedAccount()
      : memory_(mmap(nullptr, sizeof(Account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0)) {
    if (memory_ == MAP_FAILED) throw ScratchError::of_errno("map the account");
    new (memory_) Account;
  }
  ~SharedAccount() { munmap(memory_, sizeof(Account)); }
  SharedAccount(const SharedAccount&) = delete;
  SharedAccount& operator=(const SharedAccount&) = delete;
  Account& operator*() const { return *static_cast<Account*>(memory_); }

 private:
  void* memory_;
};

class Worker {
 public:
  Worker(ServedDisks& disks, Account& account, unsigned number, uint64_t seed)
      : disks_(disks),
        account_(account),
        begin_(number * kPart),
        random_(seed * kWorkers + number),
        next_(((seed * kWorkers + number) << 24) + 1) {}

  [[noreturn]] void run() {
    for (;;) {
      step();
      ++account_.commands;
    }
  }

 private:
  using Entry = Account::Entry;

  Entry& entry(unsigned disk, uint64_t block) { return account_.blocks[disk][block]; }
  void end(unsigned disk, uint64_t block, uint64_t blocks) {
    for (uint64_t i = 0; i < blocks; ++i) {
      entry(disk, block + i).ended = entry(disk, block + i).begun.load();
    }
  }

  void step() {
    const auto disk = static_cast<unsigned>(choose(random_, kDisks));
    const auto blocks = static_cast<uint16_t>(1 + choose(random_, 16));
    const uint64_t block = begin_ + choose(random_, kPart - blocks);
    const uint64_t to = begin_ + choose(random_, kPart - blocks);
    switch (choose(random_, 8)) {
      case 0: return disks_.synchronize(disk);
      case 1:
        if (begin_ != 0) return;  // of the first one alone
        account_.key.begun = ++next_;
        disks_.register_key(next_);
        account_.key.ended = next_;
        return;
      case 2:
      case 3:
        for (uint64_t i = 0; i < blocks; ++i) {
          entry(1 - disk, to + i).begun = entry(disk, block + i).ended.load();
        }
        disks_.copy(disk, block, to, blocks);
        return end(1 - disk, to, blocks);
      default:
        for (uint64_t i = 0; i < blocks; ++i) entry(disk, block + i).begun = next_ + i;
        disks_.write(disk, block, blocks, next_, choose(random_, 8) == 0);
        next_ += blocks;
        return end(disk, block, blocks);
    }
  }

  ServedDisks& disks_;
  Account& account_;
  const uint64_t begin_;
  std::mt19937_64 random_;
  Filling next_;
};

// Never returns: it is killed.
[[noreturn]] void serve(const std::string& directory, Account& account, uint64_t seed) {
  try {
    ServedDisks disks(directory);
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < kWorkers; ++number) {
      threads.emplace_back([&, number] { Worker(disks, account, number, seed).run(); });
    }
    for (std::thread& thread : threads) thread.join();
  } catch (const ScratchError&) {
  }
  _exit(1);
}

void kill_once(const std::string& directory, Account& account, uint64_t seed) {
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) serve(directory, account, seed);
  // Not before it works, and then at any moment.
  const uint64_t before = account.commands;
  for (int i = 0; i < 10000 && account.commands < before + 5; ++i) usleep(1000);
  std::mt19937_64 random(seed);
  usleep(static_cast<useconds_t>(choose(random, 30000)));
  kill(pid, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
  EXPECT_GE(account.commands, before + 5);
}

class TargetKill : public ::testing::TestWithParam<FsKind> {};

std::string fs_of(const ::testing::TestParamInfo<FsKind>& param) {
  return std::string(name_of(param.param));
}
INSTANTIATE_TEST_SUITE_P(, TargetKill, ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         fs_of);

TEST_P(TargetKill, LeavesAllThatWasAcknowledged) {
  const std::string directory = test_directory(GetParam());
  make_disks(directory);
  const SharedAccount shared;
  Account& account = *shared;
  const char* const mode = std::getenv("COPYFILE_CRASH");
  const uint64_t kills = mode != nullptr && std::string(mode) == "full" ? 300 : 12;
  for (uint64_t kill = 1; kill <= kills; ++kill) {
    ASSERT_NO_FATAL_FAILURE(kill_once(directory, account, kill));
    const FoundDisks found = look_at_disks(directory);
    ASSERT_EQ(found.error, "");
    EXPECT_TRUE(account.key.may_be(found.key)) << found.key;
    account.key.ended = account.key.begun = found.key;
    for (unsigned disk = 0; disk < kDisks; ++disk) {
      for (uint64_t block = 0; block < kDiskBlocks; ++block) {
        Account::Entry& entry = account.blocks[disk][block];
        const Filling content = found.blocks[disk][block];
        ASSERT_TRUE(entry.may_be(content))
            << "disk " << disk << " block " << block << " holds " << content;
        entry.ended = entry.begun = content;
      }
    }
  }
  std::printf("crash: target on %s killed %llu times, %llu commands acknowledged\n",
              std::string(name_of(GetParam())).c_str(), static_cast<unsigned long long>(kills),
              static_cast<unsigned long long>(account.commands.load()));
}

}  // namespace
}  // namespace libcopyfile::test
