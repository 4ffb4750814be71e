// The same copy by LIO, whose images are files of the same XFS, and by copyfile-target: asked for by the same initiator, ours.
#include <gtest/gtest.h>

#include <cstdio>

#include "disks.h"
#include "lab/support/workplace.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMuch = 8192 * kMiB;
constexpr uint64_t kByLio = 256 * kMiB;  // is enough, and takes its time
constexpr int kRounds = 3;

class Compared : public Disks {
 protected:
  // Fills an image in no time: it shares its blocks with itself, which says nothing about copies of it.
  void fill(const std::string& name) const {
    const std::string file = image(name);
    const Workplace place("/srv/xfs", "/srv/xfs");
    (void)place.write_stamped("data", {{0, 64 * kMiB}});
    shell("copyfile range " + place.path("data") + " " + file + " 0:0:64M && rm " +
          place.path("data"));
    for (uint64_t done = 64; done < kMuch / kMiB; done *= 2) {
      const std::string size = std::to_string(done) + "M";
      shell("copyfile range --reflink=always " + file + " " + file + " 0:" + size + ":" + size);
    }
  }

  // The first MiB is made another before: what is there already proves nothing.
  double seconds(const std::string& target, const std::string& to) const {
    shell("head -c 1M /dev/urandom | dd of=" + to + " bs=1M conv=notrunc 2>/dev/null && sync");
    const std::string url = "iscsi://127.0.0.1:" + target + "/";
    return seconds_of(
        [&] { shell("copyfile --overwrite-device --offload=always " + url + "0 " + url + "1"); });
  }
};

TEST_F(Compared, TheFileSystemCopiesWhatLioReadsAndWrites) {
  for (const char* name : {"a", "b"}) add(name, kMuch);
  fill("a");
  shell("cp --reflink=always " + image("a") + " " + image("lio0") + " && truncate -s 256M " +
        image("lio0") + " " + image("lio1") + " && sh -eu /lab/lio " + image("lio0") + " " +
        image("lio1"));
  start();
  std::vector<double> ours, lio;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(seconds(std::string("3260/") + kDisksTarget, image("b")));
    if (round == 0)
      lio.push_back(seconds(std::string("3261/") + kInitiatorPrefix + "lio", image("lio1")));
  }
  const double proportional = median(lio) * (kMuch / kByLio);
  std::printf(
      "measured: 8 GiB from unit to unit: %.2f s; LIO %.1f s for 256 MiB, in proportion %.0f times "
      "that\n",
      median(ours), median(lio), proportional / median(ours));
  EXPECT_TRUE(shares("a", "b", {0, kMuch}));
  EXPECT_FALSE(shares("lio0", "lio1", {0, 64 * kMiB}));
  shell("cmp " + image("lio0") + " " + image("lio1"));
  EXPECT_EQ(target_->ask({"status"}).at("bytes_moved"), 0);
}

}  // namespace
}  // namespace libcopyfile::test
