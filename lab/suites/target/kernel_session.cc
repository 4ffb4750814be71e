#include "kernel_session.h"

#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>

#include "disks.h"
#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

const std::string kSessions = "/sys/class/iscsi_session";

std::string line_of(const std::string& file) {
  std::string text = read_text(file);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// The folder whose name ends so, of a folder of sysfs that may be gone.
std::optional<std::string> child_ending_with(const std::string& folder, const std::string& end) {
  if (access(folder.c_str(), F_OK) != 0) return std::nullopt;
  for (const std::string& name : names_in(folder)) {
    if (name.ends_with(end)) return folder + "/" + name;
  }
  return std::nullopt;
}

std::string session_of(const std::string& who) {
  for (const std::string& name : names_in(kSessions)) {
    const std::string folder = kSessions + "/" + name;
    if (line_of(folder + "/ifacename") == who) return folder;
  }
  throw ScratchError("there is no session of " + who);
}

}  // namespace

KernelSession::KernelSession(std::string who, const IscsiSettings& settings)
    : who_(std::move(who)) {
  std::string script = node() + " -o new";
  for (const auto& [name, value] : settings) {
    script += " && " + node() + " -o update -n '" + name + "' -v '" + value + "'";
  }
  shell(script + " && " + node() + " -l 2>&1");
  folder_ = session_of(who_);
}

KernelSession::~KernelSession() {
  (void)run({"/bin/sh", "-c", node() + " -u && " + node() + " -o delete"});
}

std::string KernelSession::node() const {
  return std::string("iscsiadm -m node -T ") + kDisksTarget + " -p 127.0.0.1:3260 -I " + who_;
}

std::string KernelSession::disk(unsigned lun) const {
  constexpr int kPatience = 6000;
  for (int i = 0; i < kPatience; ++i) {
    // session1/device/target3:0:0/3:0:0:1/block/sdb
    const auto target = child_ending_with(folder_ + "/device", ":0:0");
    const auto unit = target ? child_ending_with(*target, ":" + std::to_string(lun)) : target;
    const auto block = unit ? child_ending_with(*unit + "/block", "") : unit;
    const std::string node = block ? "/dev/" + block->substr(block->rfind('/') + 1) : "";
    if (block && access(node.c_str(), F_OK) == 0) return node;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw ScratchError("there is no disk of LUN " + std::to_string(lun));
}

void KernelSession::scan() const { shell(node() + " -R"); }

std::string KernelSession::attribute(const std::string& name) const {
  const std::string own = folder_ + "/" + name;
  if (access(own.c_str(), F_OK) == 0) return line_of(own);
  const auto connection = child_ending_with(folder_ + "/device", ":0");
  if (!connection) throw ScratchError("there is no connection of " + who_);
  const std::string id = connection->substr(connection->rfind('/') + 1);
  return line_of("/sys/class/iscsi_connection/" + id + "/" + name);
}

}  // namespace libcopyfile::test
