#include "spaces.h"

#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <span>
#include <sstream>
#include <vector>

#include "base/fd.h"
#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"
#include "wire/nvme_copy.h"

namespace libcopyfile::test {
namespace {

const std::string kTracing = "/sys/kernel/tracing";

std::string first_word(const std::string& path) {
  const std::string text = read_text(path);
  return text.substr(0, text.find_first_of(" \n"));
}

// The number behind `key` in a line of the trace.
uint64_t number_behind(const std::string& line, const std::string& key) {
  const size_t at = line.find(key);
  if (at == std::string::npos) throw ScratchError("no " + key + " in '" + line + "'");
  return std::stoull(line.substr(at + key.size()));
}

std::string word_behind(const std::string& line, const std::string& key) {
  const size_t at = line.find(key);
  if (at == std::string::npos) return "";
  const size_t begin = at + key.size();
  return line.substr(begin, line.find_first_of(" ,", begin) - begin);
}

// Blocks by the disks that have been seen.
using Blocks = std::map<std::string, uint64_t>;

uint64_t block_of(const std::string& disk, Blocks& blocks) {
  uint64_t& block = blocks[disk];
  if (block == 0) {
    block = std::stoull(read_text("/sys/class/block/" + disk + "/queue/logical_block_size"));
  }
  return block;
}

void add_command(const std::string& line, Blocks& blocks, Sent& sent) {
  // Administration has no disk.
  const std::string disk = word_behind(line, " disk=");
  const std::string command = word_behind(line, "cmd=(");
  if (disk.empty() || command.empty()) return;
  const bool writes = command == "nvme_cmd_write" || command == "nvme_cmd_write_zeroes";
  if (writes) ++sent.writes;
  if (command == "nvme_cmd_read" || command == "nvme_cmd_write") {
    sent.bytes += (number_behind(line, " len=") + 1) * block_of(disk, blocks);
  }
  // Its name, where the kernel knows it, or its number.
  if (command == "nvme_cmd_copy" || command == "0x19") ++sent.copies;
}

// A command of administration with data, at the controller of `disk`.
void administrate(const std::string& disk, uint8_t opcode, uint32_t dword10,
                  std::span<uint8_t> data) {
  const Fd fd(open(("/dev/" + disk).c_str(), O_RDONLY | O_CLOEXEC));
  nvme_admin_cmd command{};
  command.opcode = opcode;
  command.cdw10 = dword10;
  command.addr = reinterpret_cast<uintptr_t>(data.data());
  command.data_len = static_cast<uint32_t>(data.size());
  if (!fd.valid() || ioctl(fd.get(), NVME_IOCTL_ADMIN_CMD, &command) != 0) {
    throw ScratchError::of_errno("administrate " + disk);
  }
}

void set(const std::string& path) { shell("echo 1 >" + path); }

// Sets a file of each controller of that serial number.
void set_of_each(const std::string& serial, const std::string& file) {
  for (const std::string& name : names_in("/sys/class/nvme")) {
    const std::string folder = "/sys/class/nvme/" + name;
    if (first_word(folder + "/serial") == serial) set(folder + file);
  }
}

}  // namespace

std::string disk_of(const std::string& serial, unsigned number) {
  for (const std::string& name : names_in("/sys/class/block")) {
    const std::string folder = "/sys/class/block/" + name;
    // Paths (nvme1c1n1) have no node in /dev; partitions have no device.
    if (!name.starts_with("nvme") || access(("/dev/" + name).c_str(), F_OK) != 0) continue;
    if (access((folder + "/partition").c_str(), F_OK) == 0) continue;
    if (first_word(folder + "/device/serial") != serial) continue;
    if (first_word(folder + "/nsid") == std::to_string(number)) return name;
  }
  throw ScratchError("there is no namespace " + std::to_string(number) + " of " + serial);
}

Trace::Trace() { shell("echo >" + kTracing + "/trace"); }

Sent Trace::so_far() {
  Sent sent;
  Blocks blocks;
  std::istringstream lines(read_text(kTracing + "/trace"));
  for (std::string line; std::getline(lines, line);) {
    const std::string kept = word_behind(line, "entries-in-buffer/entries-written: ");
    if (!kept.empty() && kept.substr(0, kept.find('/')) != kept.substr(kept.find('/') + 1)) {
      throw ScratchError("the trace has lost lines: " + kept);
    }
    if (line.find(" nvme_setup_cmd: ") != std::string::npos) add_command(line, blocks, sent);
  }
  return sent;
}

bool copies_between_namespaces(const std::string& disk) {
  constexpr uint8_t kIdentify = 0x06;
  constexpr uint32_t kOfController = 1;
  std::vector<uint8_t> data(4096);
  administrate(disk, kIdentify, kOfController, data);
  const auto controller = wire::decode_controller_copy(wire::View(data));
  return controller && controller->has(wire::CopyFormat::f2);
}

void enable_copies_between_namespaces(const std::string& disk, bool enabled) {
  constexpr uint8_t kSetFeatures = 0x09;
  constexpr uint32_t kHostBehavior = 0x16;
  constexpr uint16_t kFormats = 0x000c;
  wire::Bytes behavior = wire::encode_enabled_formats(enabled ? kFormats : uint16_t{0});
  administrate(disk, kSetFeatures, kHostBehavior, behavior);
}

std::thread in_between(std::function<void()> what) {
  return std::thread([what = std::move(what)] {
    constexpr uint64_t kAFew = 2;
    constexpr int kPatience = 6000;
    for (int i = 0; i < kPatience && Trace::so_far().copies < kAFew; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    what();
  });
}

void reset_controllers(const std::string& serial) { set_of_each(serial, "/reset_controller"); }
void remove_controllers(const std::string& serial) { set_of_each(serial, "/device/remove"); }

}  // namespace libcopyfile::test
