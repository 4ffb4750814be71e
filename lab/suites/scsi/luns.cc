#include "luns.h"

#include <unistd.h>

#include <chrono>
#include <fstream>

#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

const std::string kTarget = "/sys/kernel/config/target";
const std::string kLuns = kTarget + "/loopback/naa.5001405000000001/tpgt_1/lun";

uint64_t mebibytes_of(const std::string& lun, const std::string& counter) {
  return std::stoull(read_text(kLuns + "/" + lun + "/statistics/scsi_tgt_port/" + counter));
}

uint64_t host_bytes(const std::string& disk) {
  constexpr uint64_t kSector = 512;
  std::ifstream file("/sys/block/" + disk + "/stat");
  uint64_t reads = 0, merged = 0, read = 0, ms = 0, writes = 0, merged_writes = 0, written = 0;
  file >> reads >> merged >> read >> ms >> writes >> merged_writes >> written;
  if (!file) throw ScratchError("there are no counters of " + disk);
  return (read + written) * kSector;
}

}  // namespace

HostTraffic Traffic::total() {
  return {host_bytes("sda") + host_bytes("sdb"), mebibytes_of("lun_0", "read_mbytes") * kMiB};
}

HostTraffic Traffic::so_far() const {
  const HostTraffic now = total();
  return {now.bytes - before_.bytes, now.read - before_.read};
}

::testing::AssertionResult stayed_in_the_storage(const HostTraffic& traffic, uint64_t bytes) {
  if (traffic.bytes < bytes / 100 && traffic.read < bytes / 100) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << traffic.bytes << " bytes passed through the host, which read " << traffic.read
         << " of sda, of " << bytes;
}

std::thread in_between(std::function<void()> what) {
  const auto written = [] { return mebibytes_of("lun_1", "write_mbytes"); };
  return std::thread([what = std::move(what), written, before = written()] {
    constexpr uint64_t kAFew = 4;
    constexpr int kPatience = 60'000;
    for (int i = 0; i < kPatience && written() < before + kAFew; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    what();
  });
}

void allow_copies(bool allowed) {
  shell(std::string("echo ") + (allowed ? "1" : "0") + " >" + kTarget +
        "/core/fileio_0/d0/attrib/emulate_3pc");
}

void remove_second_lun() {
  if (unlink((kLuns + "/lun_1/x").c_str()) != 0) throw ScratchError::of_errno("remove the LUN");
}

}  // namespace libcopyfile::test
