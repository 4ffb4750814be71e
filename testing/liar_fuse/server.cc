#include "testing/liar_fuse/server.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "testing/errno_names.h"

namespace libcopyfile::test {
namespace {

// A log is for tests with few calls; one that copies gigabytes is not looked at.
constexpr size_t kMostLog = 4 << 20;

}  // namespace

Server& server() {
  static Server only;
  return only;
}

int Server::control(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text == "clear") {
    faults.clear();
    counts.clear();
    log.clear();
    return 0;
  }
  std::optional<Rule> rule = parse_rule(text, kOperations);
  if (!rule) return -EINVAL;
  faults.add(*std::move(rule));
  return 0;
}

std::string Server::stats() const {
  std::string text;
  for (const std::string_view operation : kOperations) {
    const auto found = counts.find(operation);
    const Count count = found == counts.end() ? Count{} : found->second;
    text += std::string(operation) + " " + std::to_string(count.calls) + " " +
            std::to_string(count.bytes) + "\n";
  }
  return text;
}

Call::Call(std::string_view operation, std::string_view name, uint64_t offset, uint64_t length,
           bool transfer)
    : operation_(operation), name_(name), offset_(offset), length_(length), transfer_(transfer) {
  if (name_.starts_with('/')) name_.erase(0, 1);
  verdict_ = server().faults.judge(operation_, name_, offset, length);
}

Call::~Call() {
  Count& count = server().counts[operation_];
  ++count.calls;
  if (transfer_ && result_ > 0) count.bytes += static_cast<uint64_t>(result_);
  std::string& log = server().log;
  if (log.size() > kMostLog) return;
  log += operation_ + " " + name_;
  if (length_ > 0) log += " " + std::to_string(offset_) + "+" + std::to_string(length_);
  if (result_ < 0) log += " = -" + errno_name(static_cast<int>(-result_));
  if (result_ >= 0 && transfer_) log += " = " + std::to_string(result_);
  log += "\n";
}

void Call::resize_file(uint64_t size) const {
  const Fd fd(openat(server().root.get(), name_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    server().log += "cannot resize " + name_ + "\n";
  }
}

bool Call::decided() {
  if (verdict_.delay_ms > 0) usleep(static_cast<useconds_t>(verdict_.delay_ms) * 1000);
  if (verdict_.resize) resize_file(*verdict_.resize);
  if (verdict_.error != 0) {
    result_ = -verdict_.error;
  } else if (verdict_.limit == 0) {
    result_ = 0;
  } else if (verdict_.drop) {
    result_ = transfer_ ? static_cast<int64_t>(length_) : 0;
  } else {
    return false;
  }
  return true;
}

uint64_t Call::allowed() const { return std::min(length_, verdict_.limit.value_or(length_)); }

int64_t Call::done(int64_t result) {
  result_ = result < 0 ? -errno : result;
  return result_;
}

}  // namespace libcopyfile::test
