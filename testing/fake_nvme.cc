#include "testing/fake_nvme.h"

#include <algorithm>

namespace libcopyfile::test {
namespace {

using namespace wire;

constexpr uint16_t kInvalidOpcode = 0x4001;
constexpr uint16_t kInvalidField = 0x4002;
constexpr uint16_t kInvalidNamespace = 0x400b;
constexpr uint16_t kOutOfRange = 0x4080;
constexpr uint16_t kSizeLimit = 0x4183;

// SplitMix64: other bytes for each number.
uint64_t mixed(uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

}  // namespace

NvmeIdentity FakeSpace::identity() const {
  return {says.id, encode(says.controller), encode(says.space),
          encode_enabled_formats(says.enabled_formats)};
}

Done FakeNvme::submit(const NvmeRequest& request) {
  if (pending_.size() >= depth_) return fail(EAGAIN, Op::queue);
  const bool copies = request.opcode == CopyCommand::kOpcode;
  pending_.push_back({request, now_ + (copies ? copy_ms_ : 0)});
  most_under_way_ = std::max(most_under_way_, static_cast<unsigned>(pending_.size()));
  return {};
}

Result<size_t> FakeNvme::reap(std::span<NvmeCompletion> store, unsigned wait_ms) {
  const auto first = [&](const Pending& a, const Pending& b) {
    return a.ready != b.ready ? a.ready < b.ready : reversed_ && a.request.tag > b.request.tag;
  };
  const auto next = std::min_element(pending_.begin(), pending_.end(), first);
  if (next == pending_.end() || next->ready > now_ + wait_ms) {
    now_ += wait_ms;
    return size_t{0};
  }
  now_ = std::max(now_, next->ready);
  const NvmeRequest request = next->request;
  pending_.erase(next);
  store[0] = NvmeCompletion{};
  store[0].tag = request.tag;
  carry_out(request, store[0]);
  return size_t{1};
}

const FakeNvmeFault* FakeNvme::fault_of(uint8_t opcode) {
  const FakeNvmeFault* found = nullptr;
  for (Entry& entry : faults_) {
    if (entry.fault.opcode != opcode) continue;
    const unsigned seen = entry.seen++;
    const bool hit = seen >= entry.fault.after && seen - entry.fault.after < entry.fault.times;
    if (found == nullptr && hit) found = &entry.fault;
  }
  return found;
}

FakeSpace* FakeNvme::find(uint32_t namespace_id) {
  for (FakeSpace* one : {source_.get(), destination_.get()}) {
    if (one->says.id == namespace_id) return one;
  }
  return nullptr;
}

void FakeNvme::carry_out(const NvmeRequest& request, NvmeCompletion& completion) {
  const FakeNvmeFault* fault = fault_of(request.opcode);
  if (total_++ >= vanish_after_) {
    completion.error = ENODEV;
  } else if (fault != nullptr && fault->error != 0) {
    completion.error = fault->error;
  } else if (request.opcode == ReadCommand::kOpcode) {
    if (fault == nullptr) return read(request, completion);
    completion.status = fault->status;
  } else if (request.opcode == CopyCommand::kOpcode) {
    copy(request, completion, fault);
  } else {
    completion.status = kInvalidOpcode;
  }
}

void FakeNvme::read(const NvmeRequest& request, NvmeCompletion& completion) {
  const FakeSpace* space = find(request.namespace_id);
  if (space == nullptr) {
    completion.status = kInvalidNamespace;
    return;
  }
  const ReadCommand command = decode_read_command(request.dwords);
  const uint64_t block = space->says.space.block_length;
  const View part = View(space->data).part(command.lba * block, command.blocks * block);
  if (part.size() != request.in.size()) {
    completion.status = kOutOfRange;
    return;
  }
  std::copy(part.span().begin(), part.span().end(), request.in.begin());
  host_bytes_ += part.size();
}

// In the order in which QEMU finds out.
uint16_t FakeNvme::refusal(const NvmeRequest& request, const Copied& copied) const {
  const NvmeSpace& says = destination_->says;
  if (!says.controller.copy) return kInvalidOpcode;
  if (request.namespace_id != says.id) return kInvalidNamespace;
  const unsigned bit = 1U << static_cast<unsigned>(copied.command.format);
  const bool enabled = !names_namespace(copied.command.format) || (says.enabled_formats & bit) != 0;
  if ((says.controller.formats & bit) == 0 || !enabled) return kInvalidField;
  if (copied.ranges.size() != copied.command.ranges) return kInvalidField;
  if (copied.command.ranges > std::min<uint32_t>(says.space.max_ranges, real_ranges)) {
    return kSizeLimit;
  }
  uint64_t blocks = 0;
  for (const NvmeRange& range : copied.ranges) {
    if (range.blocks > says.space.max_range) return kSizeLimit;
    blocks += range.blocks;
  }
  return blocks > std::min<uint64_t>(says.space.max_total, real_blocks) ? kSizeLimit : uint16_t{0};
}

uint16_t FakeNvme::copy_range(const NvmeRequest& request, const Copied& copied,
                              const NvmeRange& range, uint64_t lba) {
  const bool named = names_namespace(copied.command.format);
  const FakeSpace* from = find(named ? range.namespace_id : request.namespace_id);
  if (from == nullptr) return kInvalidNamespace;
  const uint64_t block = destination_->says.space.block_length;
  const uint64_t length = range.blocks * block;
  const View data = View(from->data).part(range.lba * block, length);
  elsewhere_.resize(destination_->data.size());
  Bytes& to = misdirected_ ? elsewhere_ : destination_->data;
  if (data.size() != length || lba * block + length > to.size()) return kOutOfRange;
  const Bytes bytes = data.copy();
  std::copy(bytes.begin(), bytes.end(), to.begin() + static_cast<ptrdiff_t>(lba * block));
  return 0;
}

void FakeNvme::copy(const NvmeRequest& request, NvmeCompletion& completion,
                    const FakeNvmeFault* fault) {
  Copied copied;
  copied.command = decode_copy_command(request.dwords);
  copied.ranges = decode_ranges(copied.command.format, View(request.out));
  copies_.push_back(copied);
  completion.status = refusal(request, copied);
  if (completion.status != 0) return;
  uint64_t lba = copied.command.destination_lba;
  uint32_t done = 0;
  for (const NvmeRange& range : copied.ranges) {
    const bool stops = fault != nullptr && done == fault->work;
    completion.status = stops ? fault->status : copy_range(request, copied, range, lba);
    if (completion.status != 0) break;
    lba += range.blocks;
    ++done;
  }
}

std::shared_ptr<FakeSpace> make_fake_space(uint32_t id, uint64_t blocks, uint32_t block) {
  auto space = std::make_shared<FakeSpace>();
  space->data.resize(blocks * block);
  for (size_t i = 0; i < space->data.size(); i += 8) {
    Writer(space->data).le64(i, mixed(uint64_t{id} << 40 | i));
  }
  space->says.id = id;
  space->says.controller = {true, 0x0003};
  space->says.space.blocks = blocks;
  space->says.space.block_length = block;
  space->says.space.max_range = 128;
  space->says.space.max_total = 128;
  space->says.space.max_ranges = 128;
  return space;
}

}  // namespace libcopyfile::test
