#include "units.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>

#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/stamped.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

const std::string kTarget = "/sys/kernel/config/target";
const std::string kDisks = kTarget + "/iscsi/iqn.2026-01.invalid.lab:disks/tpgt_1";

// What is there in unit 1 behind its first few MiB; the counters of the target don't count what it copies on its own.
std::string behind_the_first() {
  constexpr std::streamoff kAFew = 4 * kMiB;
  std::ifstream in(file_of(1), std::ios::binary);
  std::string bytes(8, '\0');
  in.seekg(kAFew).read(bytes.data(), 8);
  if (!in) throw ScratchError("cannot read " + file_of(1));
  return bytes;
}

// At once, as somebody waits for it: a shell would take its time.
void set(const std::string& attribute, const std::string& value) {
  std::ofstream out(attribute);
  out << value << std::flush;
  if (!out) throw ScratchError("cannot set " + attribute);
}

}  // namespace

std::string url(const std::string& target, int unit, const std::string& credentials) {
  const std::string port = target == "disks" ? "3260" : target == "others" ? "3261" : "3262";
  return "iscsi://" + credentials + "127.0.0.1:" + port + "/iqn.2026-01.invalid.lab:" + target +
         "/" + std::to_string(unit);
}

uint64_t Traffic::total() {
  return std::stoull(read_text("/sys/class/net/lo/statistics/rx_bytes"));
}

std::string file_of(int number) { return "/run/units/" + std::to_string(number); }

void write_stamped(int number, Range range, uint8_t file, Oracle& oracle) {
  std::fstream out(file_of(number), std::ios::binary | std::ios::in | std::ios::out);
  std::vector<std::byte> buffer(kMiB);
  out.seekp(static_cast<std::streamoff>(range.begin));
  for (uint64_t at = range.begin; at < range.end; at += kMiB) {
    fill_stamped(buffer, file, at);
    out.write(reinterpret_cast<const char*>(buffer.data()), static_cast<std::streamsize>(kMiB));
  }
  out.close();
  if (!out) throw ScratchError("cannot write " + file_of(number));
  oracle.write_stamped(range, file);
}

void expect_unit(int number, const Oracle& oracle, Range range) {
  std::ifstream in(file_of(number), std::ios::binary);
  std::vector<std::byte> found(kMiB), wanted(kMiB);
  in.seekg(static_cast<std::streamoff>(range.begin));
  for (uint64_t at = range.begin; at < range.end; at += kMiB) {
    in.read(reinterpret_cast<char*>(found.data()), static_cast<std::streamsize>(kMiB));
    ASSERT_TRUE(in) << "unit " << number << " at " << at;
    oracle.read(at, wanted);
    if (std::memcmp(found.data(), wanted.data(), kMiB) == 0) continue;
    const auto first = std::mismatch(found.begin(), found.end(), wanted.begin());
    const auto where = static_cast<size_t>(first.first - found.begin());
    FAIL() << "unit " << number << " at " << at + where << ": should be "
           << identify(std::span(wanted).subspan(where)) << ", is "
           << identify(std::span(found).subspan(where));
  }
}

std::thread in_between(std::function<void()> what) {
  return std::thread([what = std::move(what), before = behind_the_first()] {
    constexpr int kPatience = 60'000;
    for (int i = 0; i < kPatience && behind_the_first() == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    what();
  });
}

void allow_copies(bool allowed) {
  set(kTarget + "/core/fileio_0/u0/attrib/emulate_3pc", allowed ? "1" : "0");
}

void cut_sessions() {
  set(kDisks + "/enable", "0");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  set(kDisks + "/enable", "1");
}

unsigned long logins() {
  return std::stoul(
      read_text(kTarget +
                "/iscsi/iqn.2026-01.invalid.lab:disks/fabric_statistics/iscsi_login_stats/"
                "accepts"));
}

void remove_second_unit() {
  if (unlink((kDisks + "/lun/lun_1/x").c_str()) != 0) {
    throw ScratchError::of_errno("remove the unit");
  }
}

}  // namespace libcopyfile::test
