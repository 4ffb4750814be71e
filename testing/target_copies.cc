#include "testing/target_copies.h"

#include <fmt/format.h>

#include <ostream>
#include <thread>

namespace libcopyfile::test {

using namespace target;
using namespace wire;

Ending ending_of(const Task& task) {
  const bool sense = task.outcome.status == Status::check_condition;
  return {task.outcome.status, sense ? task.outcome.sense.code : SenseCode{}};
}

Ending refused_with(SenseCode code) { return {Status::check_condition, code}; }

void PrintTo(const Ending& ending, std::ostream* out) {
  *out << fmt::format("{:02x} {:x}/{:02x}/{:02x}", static_cast<unsigned>(ending.status),
                      static_cast<unsigned>(ending.code.key), ending.code.asc, ending.code.ascq);
}

Bytes pattern(uint64_t length, uint8_t seed) {
  Bytes bytes(length);
  uint64_t value = seed * uint64_t{0x9e3779b97f4a7c15} + 1;
  for (uint8_t& byte : bytes) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<uint8_t>(value >> 56);
  }
  return bytes;
}

Cscd CopyBench::cscd(unsigned unit_number) {
  Cscd one;
  one.designator = unit(unit_number).naa();
  one.block_length = unit(unit_number).block_length();
  return one;
}

CopyList CopyBench::list(std::vector<BlockSegment> segments, unsigned source,
                         unsigned destination) {
  CopyList list;
  list.cscds = {cscd(source), cscd(destination)};
  for (BlockSegment& segment : segments) {
    segment.source = 0;
    segment.destination = 1;
    list.segments.emplace_back(segment);
  }
  return list;
}

namespace {

Bytes cdb_of(const wire::Command& command) { return encode(command).view().copy(); }

Bytes cdb_of(const CopyList& list, size_t length) {
  const CopyOut action =
      list.lid == Lid::lid1 ? CopyOut::extended_copy_lid1 : CopyOut::extended_copy_lid4;
  return cdb_of(CopyOutCdb{action, 0, static_cast<uint32_t>(length), 0});
}

}  // namespace

TaskPtr CopyBench::copy(const CopyList& list, To to) {
  const Bytes data = encode_copy_list(list);
  return execute(cdb_of(list, data.size()), data, 0, to);
}

TargetBench::Pending CopyBench::start_copy(const CopyList& list, To to) {
  const Bytes data = encode_copy_list(list);
  return start(cdb_of(list, data.size()), data, 0, to);
}

TaskPtr CopyBench::populate(const PopulateToken& list, uint32_t list_id, To to) {
  const Bytes data = encode(list);
  const CopyOutCdb cdb{CopyOut::populate_token, list_id, static_cast<uint32_t>(data.size()), 0};
  return execute(cdb_of(cdb), data, 0, to);
}

TaskPtr CopyBench::write(const WriteUsingToken& list, uint32_t list_id, To to) {
  const Bytes data = encode(list);
  const CopyOutCdb cdb{CopyOut::write_using_token, list_id, static_cast<uint32_t>(data.size()), 0};
  return execute(cdb_of(cdb), data, 0, to);
}

TargetBench::Pending CopyBench::start_write(const WriteUsingToken& list, uint32_t list_id, To to) {
  const Bytes data = encode(list);
  const CopyOutCdb cdb{CopyOut::write_using_token, list_id, static_cast<uint32_t>(data.size()), 0};
  return start(cdb_of(cdb), data, 0, to);
}

TaskPtr CopyBench::receive(CopyIn action, uint32_t list_id, To to, uint32_t allocation_length) {
  return execute(cdb_of(CopyInCdb{action, list_id, allocation_length}), {}, allocation_length, to);
}

TaskPtr CopyBench::abort(uint32_t list_id, To to) {
  return execute(cdb_of(CopyOutCdb{CopyOut::copy_operation_abort, list_id, 0, 0}), to);
}

std::optional<TokenInformation> CopyBench::information(uint32_t list_id, To to) {
  const TaskPtr task = receive(CopyIn::rod_token_information, list_id, to);
  if (!task->outcome.ok()) return std::nullopt;
  return decode_token_information(task->data_in.view());
}

std::optional<OperationStatus> CopyBench::status(uint32_t list_id, To to) {
  const TaskPtr task = receive(CopyIn::copy_status_lid4, list_id, to);
  if (!task->outcome.ok()) return std::nullopt;
  return decode_operation_status(task->data_in.view());
}

Token CopyBench::token(std::vector<BlockRange> ranges, To to) {
  PopulateToken list;
  list.ranges = std::move(ranges);
  const uint32_t list_id = next_list_++;
  if (!populate(list, list_id, to)->outcome.ok()) return {};
  const auto answer = information(list_id, to);
  return answer && answer->token ? *answer->token : Token{};
}

Ending CopyBench::write(const Token& token, std::vector<BlockRange> ranges, To to,
                        uint64_t offset) {
  WriteUsingToken list;
  list.token = token;
  list.offset = offset;
  list.ranges = std::move(ranges);
  return ending_of(*write(list, next_list_++, to));
}

OperationStatus CopyBench::ended(uint32_t list_id, To to) {
  for (;;) {
    const auto now = status(list_id, to);
    if (!now || !now->running()) return now.value_or(OperationStatus{});
    std::this_thread::yield();
  }
}

Bytes CopyBench::bytes(unsigned unit_number, uint64_t lba, uint64_t blocks) {
  const uint32_t block = unit(unit_number).block_length();
  return image(unit_number).peek(lba * block, blocks * block);
}

void CopyBench::fill(unsigned unit_number, uint64_t lba, uint64_t blocks, uint8_t seed) {
  const uint32_t block = unit(unit_number).block_length();
  image(unit_number).poke(lba * block, pattern(blocks * block, seed));
}

}  // namespace libcopyfile::test
