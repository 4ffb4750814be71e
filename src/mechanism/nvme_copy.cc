// The Copy command: many source ranges to one run of blocks of the destination. So those ranges share a command that lie behind
// each other at the destination, and the others have one each.
#include "mechanism/nvme_copy.h"

#include <algorithm>

#include "mechanism/device_run.h"
#include "mechanism/nvme_status.h"
#include "mechanism/proof.h"
#include "mechanism/scsi_ranges.h"

namespace libcopyfile {
namespace {

// Namespaces do not say how many they take at once. Eight keep one busy, and delay others' I/O no more than theirs delays it.
constexpr unsigned kConcurrency = 8;

using NvmeStep = DeviceStep<NvmeCommand>;

// What all tasks of one copy share, and what they have learned of the device.
struct Shared {
  NvmeCopyLimits limits;

  // With `count` ranges of `bytes` it was too much.
  void shrink(size_t count, uint64_t bytes) {
    const uint64_t half = std::max<uint64_t>(align_down(bytes / 2, limits.block), limits.block);
    if (count > 1)
      limits.ranges = static_cast<uint32_t>(std::min<size_t>(limits.ranges, count / 2));
    limits.command_bytes = std::min(limits.command_bytes, half);
    limits.range_bytes = std::min(limits.range_bytes, half);
  }
};

class NvmeCopyTask final : public DeviceTask<NvmeProtocol> {
 public:
  // The pieces lie behind each other at the destination.
  NvmeCopyTask(Shared& shared, std::vector<CopyRange> pieces)
      : shared_(shared), pieces_(std::move(pieces)), length_(total_length(pieces_)) {}

  NvmeStep first() override { return send(0); }

  NvmeStep next(const NvmeReply& reply) override {
    if (succeeded(reply)) {
      attempts_.progressed();
      done_ += total_length(sent_);
      return done_ == length_ ? NvmeStep{} : send(0);
    }
    // Dword 0 should be the first range that was not copied. It is not believed: one that is wrong would be a gap in the copy,
    // and what it would spare is a part of one command.
    return react(judge(reply));
  }

  uint64_t done() const override { return done_; }
  uint64_t length() const override { return length_; }

 private:
  NvmeStep send(unsigned delay_ms) {
    const NvmeCopyLimits& limits = shared_.limits;
    sent_ = next_ranges();
    std::vector<wire::NvmeRange> ranges;
    for (const CopyRange& range : sent_) {
      ranges.push_back({limits.source_id, range.in / limits.block,
                        static_cast<uint32_t>(range.length / limits.block), false});
    }
    wire::CopyCommand copy;
    copy.destination_lba = sent_.front().out / limits.block;
    copy.ranges = static_cast<uint16_t>(sent_.size());
    copy.format = limits.format;
    NvmeCommand command;
    command.opcode = wire::CopyCommand::kOpcode;
    command.namespace_id = limits.destination_id;
    command.dwords = wire::encode(copy);
    command.out = wire::encode_ranges(limits.format, ranges);
    return NvmeStep::send(std::move(command), delay_ms);
  }

  // As many of what is not done as a command takes.
  std::vector<CopyRange> next_ranges() const {
    const NvmeCopyLimits& limits = shared_.limits;
    std::vector<CopyRange> ranges;
    uint64_t left = limits.command_bytes;
    for (CopyRange rest : remaining(pieces_, done_)) {
      while (rest.length > 0) {
        if (left == 0 || ranges.size() == limits.ranges) return ranges;
        const CopyRange range = rest.part(0, std::min(left, limits.range_bytes));
        ranges.push_back(range);
        left -= range.length;
        rest = rest.part(range.length, UINT64_MAX);
      }
    }
    return ranges;
  }

  NvmeStep react(const Judgement& judgement) {
    switch (judgement.action) {
      case Reaction::again:
      case Reaction::once_more:
        if (const auto delay = attempts_.again(judgement)) return send(*delay);
        break;
      case Reaction::smaller:
        if (const uint64_t bytes = total_length(sent_); bytes > shared_.limits.block) {
          shared_.shrink(sent_.size(), bytes);
          return send(0);
        }
        break;
      case Reaction::plainer:
        if (sent_.size() > 1) {
          shared_.limits.ranges = 1;
          return send(0);
        }
        break;
      default: break;
    }
    return judgement.give_up();
  }

  Shared& shared_;
  std::vector<CopyRange> pieces_;
  uint64_t length_;
  std::vector<CopyRange> sent_;  // of the command under way
  uint64_t done_ = 0;
  Attempts attempts_;
};

class NvmeCopyTasks final : public DeviceTasks<NvmeProtocol> {
 public:
  NvmeCopyTasks(Shared& shared, std::span<const CopyRange> ranges)
      : shared_(shared), walk_(ranges, shared.limits.block) {}

  std::unique_ptr<DeviceTask<NvmeProtocol>> make(uint64_t bytes) override {
    const NvmeCopyLimits& limits = shared_.limits;
    bytes = std::min(bytes, limits.command_bytes);
    std::vector<CopyRange> pieces;
    uint64_t taken = 0;
    while (pieces.size() < limits.ranges && taken < bytes) {
      const auto piece = walk_.peek(std::min(bytes - taken, limits.range_bytes));
      if (!piece) break;
      const bool follows = pieces.empty() || pieces.back().out + pieces.back().length == piece->out;
      if (!follows) break;
      walk_.skip(piece->length);
      pieces.push_back(*piece);
      taken += piece->length;
    }
    if (pieces.empty()) return nullptr;
    return std::make_unique<NvmeCopyTask>(shared_, std::move(pieces));
  }

  std::optional<TaskEnd> declined() const override {
    if (walk_.at_end()) return std::nullopt;
    return TaskEnd::stop(TaskEnd::Kind::declined, EINVAL, Scope::file,
                         "the range is not in whole blocks of the device");
  }

 private:
  Shared& shared_;
  RangeWalk walk_;
};

}  // namespace

NvmeRequest NvmeProtocol::request(const NvmeCommand& command, std::span<uint8_t> in) {
  NvmeRequest request;
  request.unit = command.unit;
  request.opcode = command.opcode;
  request.namespace_id = command.namespace_id;
  request.dwords = command.dwords;
  request.out = command.out;
  request.in = in;
  return request;
}

NvmeReply NvmeProtocol::reply(const NvmeCompletion& completion, wire::View in) {
  return {completion.error, completion.status, in};
}

bool NvmeProtocol::succeeded(const NvmeReply& reply) { return libcopyfile::succeeded(reply); }
Judgement NvmeProtocol::judge(const NvmeReply& reply) { return libcopyfile::judge(reply); }

Moved copy_by_nvme(NvmePair& pair, std::span<const CopyRange> ranges) {
  const auto limits = negotiate_nvme_copy(pair.sides, pair.same);
  if (!limits) return refused(limits.error());
  Shared shared{*limits};
  const uint32_t block = limits->block;
  const auto read_block = [&](Unit unit, uint64_t offset) {
    NvmeCommand command;
    command.unit = unit;
    command.opcode = wire::ReadCommand::kOpcode;
    command.namespace_id = unit == Unit::source ? limits->source_id : limits->destination_id;
    command.dwords = wire::encode(wire::ReadCommand{offset / block, 1});
    command.in_length = block;
    return answer_to<NvmeProtocol>(pair.queue, command, pair.timeout_ms);
  };
  const auto copy = [&](Control& control, std::span<const CopyRange> part) {
    const DeviceRun<NvmeProtocol> run{pair.queue,   control,         pair.watch,
                                      kConcurrency, pair.timeout_ms, pair.poll_ms};
    NvmeCopyTasks tasks(shared, part);
    return run_tasks<NvmeProtocol>(run, tasks);
  };
  return prove_then_copy({pair.control, pair.proven, block, block, read_block, copy}, ranges);
}

}  // namespace libcopyfile
