// A server that goes away in the middle of a copy. Last, because the clients of all mounts have to get over it.
#include <chrono>
#include <thread>

#include "nfs_test.h"

namespace libcopyfile::test {
namespace {

// Does something when the server has been asked to copy a few times.
std::thread in_between(const std::string& mount, std::function<void()> what) {
  return std::thread([mount, what = std::move(what), traffic = NfsTraffic(mount)] {
    constexpr uint64_t kAFew = 3;
    constexpr int kPatience = 6'000;
    for (int i = 0; i < kPatience && traffic.so_far().of("COPY") < kAFew; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    what();
  });
}

// It comes back, and for a while (setup says how long) clients may claim what they had.
void restart() { shell("rpc.nfsd 0 && rpc.nfsd -N 3 4"); }
// It comes back and knows nothing of locks that were held, and does not give them back.
void restart_and_forget() {
  shell(
      "rpc.nfsd 0 && rm -rf /var/lib/nfs/v4recovery/* && rpc.nfsd -N 3 4 && "
      "echo Y >/proc/fs/nfsd/v4_end_grace");
}

TEST_F(OnExt4, AServerThatRestartsIsWaitedFor) {
  const Oracle source = place_.write_stamped("a", {{0, 32 * kMiB}});
  std::thread restarting = in_between(mount_, restart);
  const Told told = place_.copy({"--limit-rate=8M", "a", "b"});
  restarting.join();
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_EQ(told.by("copy_range"), source.size()) << told.report.dump();
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a", "b"}));
  place_.expect("b", source);
}

// The private file is locked while it is written to. Who has lost the lock does not know whether somebody else had it meanwhile.
TEST_F(OnExt4, ALockThatIsLostIsAnErrorAndNothingIsLeft) {
  const Oracle source = place_.write_stamped("a", {{0, 32 * kMiB}});
  std::thread restarting = in_between(mount_, restart_and_forget);
  const Told told = place_.copy({"--limit-rate=8M", "a", "b"});
  restarting.join();
  EXPECT_FALSE(told.ok());
  EXPECT_NE(told.run.err.find("Input/output error"), std::string::npos) << told.everything();
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
  place_.expect("a", source);
}

}  // namespace
}  // namespace libcopyfile::test
