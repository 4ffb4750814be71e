#include "testing/script.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

constexpr std::array kOperations = std::to_array<std::string_view>({"stat",
                                                                    "fs_info",
                                                                    "device_size",
                                                                    "access",
                                                                    "read",
                                                                    "write",
                                                                    "copy_range",
                                                                    "clone",
                                                                    "clone_range",
                                                                    "seek_data",
                                                                    "seek_hole",
                                                                    "extents",
                                                                    "reserve",
                                                                    "punch",
                                                                    "zero_range",
                                                                    "truncate",
                                                                    "sync",
                                                                    "sync_file_system",
                                                                    "start_writeback",
                                                                    "wait_writeback",
                                                                    "flush",
                                                                    "lock",
                                                                    "advise",
                                                                    "reopen",
                                                                    "resident",
                                                                    "queue",
                                                                    "submit",
                                                                    "reap",
                                                                    "open",
                                                                    "stat_name",
                                                                    "read_link",
                                                                    "create_unnamed",
                                                                    "create_exclusive",
                                                                    "link",
                                                                    "link_name",
                                                                    "rename",
                                                                    "unlink",
                                                                    "list",
                                                                    "set_owner",
                                                                    "set_mode",
                                                                    "set_times",
                                                                    "list_xattrs",
                                                                    "get_xattr",
                                                                    "set_xattr",
                                                                    "remove_xattr",
                                                                    "access_acl",
                                                                    "set_access_acl",
                                                                    "default_acl",
                                                                    "inode_flags",
                                                                    "set_inode_flags",
                                                                    "project",
                                                                    "set_project",
                                                                    "verity",
                                                                    "enable_verity",
                                                                    "measure_verity",
                                                                    "set_creation_label"});

bool is_of_a_queue(std::string_view operation) {
  return operation == "queue" || operation == "submit" || operation == "reap";
}

}  // namespace

Script& Script::inject(std::string_view rule) {
  std::optional<Rule> parsed = parse_rule(rule, kOperations);
  if (!parsed) throw ScratchError("not a rule of faults: '" + std::string(rule) + "'");
  const std::lock_guard lock(mutex_);
  faults_.add(*std::move(parsed));
  return *this;
}

void Script::before(std::string_view operation, uint64_t after, std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  hooks_.push_back(
      {std::string(operation), counts_[std::string(operation)].calls + after, std::move(hook)});
}

void Script::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  hooks_.clear();
  counts_.clear();
}

uint64_t Script::calls(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(operation);
  return found != counts_.end() ? found->second.calls : 0;
}

uint64_t Script::bytes(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(operation);
  return found != counts_.end() ? found->second.bytes : 0;
}

uint64_t Script::all_calls() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& [operation, count] : counts_) sum += count.calls;
  return sum;
}

std::function<void()> Script::take_hook(std::string_view operation, uint64_t call) {
  for (Hook& hook : hooks_) {
    if (hook.operation == operation && hook.at == call) return std::exchange(hook.action, nullptr);
  }
  return nullptr;
}

Verdict Script::begin(std::string_view operation, const std::string& file, uint64_t offset,
                      uint64_t length) {
  std::function<void()> hook;
  Verdict verdict;
  {
    const std::lock_guard lock(mutex_);
    const uint64_t call = counts_[std::string(operation)].calls++;
    hook = take_hook(operation, call);
    verdict = faults_.judge(operation, file, offset, length, !is_of_a_queue(operation));
  }
  // Without the lock: a hook may use the files that it disturbs.
  if (hook) hook();
  if (verdict.delay_ms > 0) usleep(static_cast<useconds_t>(verdict.delay_ms) * 1000);
  return verdict;
}

void Script::moved(std::string_view operation, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  counts_[std::string(operation)].bytes += bytes;
}

uint64_t Script::told_size(int fd, uint64_t true_size) const {
  const std::lock_guard lock(mutex_);
  return faults_.told_size(names_.get(fd), true_size);
}

std::optional<bool> Script::told_data(int fd) const {
  const std::lock_guard lock(mutex_);
  return faults_.told_data(names_.get(fd));
}

}  // namespace libcopyfile::test
