#include "testing/fake_scsi.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "wire/sense_codes.h"

namespace libcopyfile::test {
namespace {

using namespace wire;

constexpr uint8_t kCheckCondition = 0x02;
constexpr uint8_t kTaskAborted = 0x40;

std::string name_of_command(const ScsiRequest& request) {
  const View cdb(request.cdb);
  const bool third_party = cdb.u8(0) == 0x83 || cdb.u8(0) == 0x84;
  return third_party ? fmt::format("{:02x}/{:02x}", cdb.u8(0), cdb.u8(1) & 0x1f)
                     : fmt::format("{:02x}", cdb.u8(0));
}

uint64_t length_of(const Segment& segment, uint32_t block) {
  if (const auto* blocks = std::get_if<BlockSegment>(&segment)) {
    return uint64_t{blocks->blocks} * block;
  }
  if (const auto* bytes = std::get_if<ByteSegment>(&segment)) return bytes->bytes;
  return 0;
}

bool is_copy(const ScsiRequest& request) {
  return View(request.cdb).u8(0) == 0x83 && (View(request.cdb).u8(1) & 0x1f) != 0x1c;
}

}  // namespace

unsigned FakeScsi::count(const std::string& command) const {
  const auto found = commands_.find(command);
  return found == commands_.end() ? 0 : found->second;
}

Done FakeScsi::submit(const ScsiRequest& request) {
  if (pending_.size() >= depth_) return fail(EAGAIN, Op::queue);
  ++commands_[name_of_command(request)];
  Pending pending{request, now_, now_, is_copy(request), false, 0, 0, 0};
  if (pending.copies) {
    pending.ready = now_ + copy_ms_;
    const auto action = static_cast<CopyOut>(View(request.cdb).u8(1) & 0x1f);
    const bool lid1 = action == CopyOut::extended_copy_lid1;
    const bool list = lid1 || action == CopyOut::extended_copy_lid4;
    pending.list_id = View(request.cdb).be32(6);
    const auto decoded =
        list ? decode_copy_list(lid1 ? Lid::lid1 : Lid::lid4, View(request.out), {}) : CopyList{};
    const uint32_t block = destination_->unit.capacity.block_length;
    if (list && decoded) {
      pending.list_id = decoded->list_id;
      pending.pieces = decoded->segments.size();
      for (const Segment& one : decoded->segments) pending.bytes += length_of(one, block);
    }
  }
  pending_.push_back(pending);
  most_under_way_ = std::max<unsigned>(most_under_way_, static_cast<unsigned>(pending_.size()));
  return {};
}

bool FakeScsi::abort(uint64_t tag) {
  if (!abortable_) return false;
  for (Pending& one : pending_) {
    if (one.request.tag != tag) continue;
    ++task_aborts_;
    one.ready = now_;
    one.aborted = true;
    return true;
  }
  return false;
}

Result<size_t> FakeScsi::reap(std::span<ScsiCompletion> store, unsigned wait_ms) {
  const auto first = [&](const Pending& a, const Pending& b) {
    return a.ready != b.ready ? a.ready < b.ready : reversed_ && a.request.tag > b.request.tag;
  };
  const auto next = std::min_element(pending_.begin(), pending_.end(), first);
  if (next == pending_.end() || next->ready > now_ + wait_ms) {
    now_ += wait_ms;
    return size_t{0};
  }
  now_ = std::max(now_, next->ready);
  const Pending pending = *next;
  pending_.erase(next);
  store[0] = ScsiCompletion{};
  store[0].tag = pending.request.tag;
  carry_out(pending, store[0]);
  return size_t{1};
}

FakeFault* FakeScsi::fault_of(const Bytes& cdb) {
  FakeFault* found = nullptr;
  for (Entry& entry : faults_) {
    const FakeFault& f = entry.fault;
    if (cdb.at(0) != static_cast<uint8_t>(f.opcode)) continue;
    if (f.action >= 0 && (cdb.at(1) & 0x1f) != f.action) continue;
    const unsigned seen = entry.seen++;
    if (found == nullptr && seen >= f.after && seen - f.after < f.times) found = &entry.fault;
  }
  return found;
}

void FakeScsi::carry_out(const Pending& pending, ScsiCompletion& completion) {
  const ScsiRequest& request = pending.request;
  if (total_++ >= vanish_after_) {
    completion.error = ENODEV;
    return;
  }
  if (pending.aborted) {
    completion.status = kTaskAborted;
    return;
  }
  FakeFault* fault = fault_of(Bytes(request.cdb.begin(), request.cdb.end()));
  if (fault != nullptr && fault->carried_out) {
    dispatch(request, completion, nullptr);
    if (completion.status != 0) return;
    return refuse(completion, fault->sense, fault->descriptor_format);
  }
  if (fault != nullptr && fault->work == 0) {
    completion.error = fault->error;
    completion.status = fault->status;
    if (fault->status == kCheckCondition) {
      refuse(completion, fault->sense, fault->descriptor_format);
    }
    return;
  }
  dispatch(request, completion, fault);
}

void FakeScsi::dispatch(const ScsiRequest& request, ScsiCompletion& completion, FakeFault* fault) {
  const auto command = decode_cdb(View(request.cdb));
  if (!command) {
    refuse(completion, command.error());
  } else if (const auto* inq = std::get_if<InquiryCdb>(&*command)) {
    inquiry(request, *inq, completion);
  } else if (std::get_if<ReadCapacityCdb>(&*command) != nullptr) {
    answer(request, completion, encode(disk(request.unit).unit.capacity));
  } else if (const auto* transfer = std::get_if<BlocksCdb>(&*command)) {
    blocks(request, *transfer, completion);
  } else if (const auto* in = std::get_if<CopyInCdb>(&*command)) {
    copy_in(request, *in, completion);
  } else if (const auto* out = std::get_if<CopyOutCdb>(&*command)) {
    copy_out(request, *out, completion, fault);
  }
}

void FakeScsi::answer(const ScsiRequest& request, ScsiCompletion& completion, const Bytes& data) {
  const size_t length = std::min(data.size(), request.in.size());
  std::copy_n(data.begin(), length, request.in.begin());
  completion.received = length;
}

void FakeScsi::refuse(ScsiCompletion& completion, const Sense& sense, bool descriptors) {
  const Bytes bytes = descriptors ? encode_descriptor_sense(sense) : encode_fixed_sense(sense);
  completion.status = kCheckCondition;
  completion.sense_length = static_cast<uint8_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), completion.sense.begin());
}

void FakeScsi::inquiry(const ScsiRequest& request, const InquiryCdb& cdb,
                       ScsiCompletion& completion) {
  const ScsiUnit& unit = disk(request.unit).unit;
  Bytes pages = pages_of(unit);
  if (!cdb.page) return answer(request, completion, encode(unit.inquiry));
  if (std::find(pages.begin(), pages.end(), *cdb.page) == pages.end()) {
    return refuse(completion, refusal_of_cdb(codes::kInvalidFieldInCdb, 2));
  }
  switch (*cdb.page) {
    case kPageSupported: return answer(request, completion, encode_supported_pages(0, pages));
    case kPageIdentification:
      return answer(request, completion, encode_identification(0, unit.designators));
    case kPageThirdPartyCopy: return answer(request, completion, encode(0, *unit.third_party_copy));
    default: return answer(request, completion, encode(0, *unit.block_limits));
  }
}

Bytes FakeScsi::pages_of(const ScsiUnit& unit) {
  Bytes pages{kPageSupported, kPageIdentification};
  if (unit.third_party_copy) pages.push_back(kPageThirdPartyCopy);
  if (unit.block_limits) pages.push_back(kPageBlockLimits);
  return pages;
}

void FakeScsi::blocks(const ScsiRequest& request, const BlocksCdb& cdb,
                      ScsiCompletion& completion) {
  FakeDisk& on = disk(request.unit);
  const uint64_t block = on.unit.capacity.block_length;
  const uint64_t begin = cdb.lba * block;
  const uint64_t length = cdb.blocks * block;
  if (begin + length > on.data.size()) return refuse(completion, refusal(codes::kLbaOutOfRange));
  if (cdb.opcode == Opcode::read_16) {
    answer(request, completion, View(on.data).part(begin, length).copy());
    host_bytes_ += completion.received;
  } else if (cdb.opcode == Opcode::write_16) {
    std::copy(request.out.begin(), request.out.end(),
              on.data.begin() + static_cast<ptrdiff_t>(begin));
    host_bytes_ += request.out.size();
  }
}

void FakeScsi::copy_in(const ScsiRequest& request, const CopyInCdb& cdb,
                       ScsiCompletion& completion) {
  const ScsiUnit& unit = disk(request.unit).unit;
  if (cdb.action == CopyIn::operating_parameters && unit.copy_parameters) {
    return answer(request, completion, encode(*unit.copy_parameters));
  }
  const auto running = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) {
    return one.copies && one.list_id == cdb.list_id;
  });
  if (cdb.action == CopyIn::copy_status_lid1 && running != pending_.end()) {
    CopyStatus status;
    status.segments_processed =
        static_cast<uint16_t>(running->pieces * (now_ - running->began) / copy_ms_);
    return answer(request, completion, encode(status));
  }
  if (cdb.action == CopyIn::copy_status_lid4 && running != pending_.end()) {
    OperationStatus status;
    status.state = OperationStatus::State::in_progress_foreground;
    status.segments_processed =
        static_cast<uint16_t>(running->pieces * (now_ - running->began) / copy_ms_);
    status.unit = kUnitBytes;
    status.count = running->bytes * (now_ - running->began) / copy_ms_ * boasts;
    return answer(request, completion, encode(status));
  }
  if (cdb.action == CopyIn::rod_token_information) {
    if (running != pending_.end()) {
      TokenInformation information;
      information.status.state = OperationStatus::State::in_progress_foreground;
      return answer(request, completion, encode(information));
    }
    const auto result = results_.find(cdb.list_id);
    if (result != results_.end() && result->second.pending > 0) {
      --result->second.pending;
      TokenInformation information;
      information.status.state = OperationStatus::State::in_progress_background;
      information.status.delay_ms = 100;
      return answer(request, completion, encode(information));
    }
    if (result != results_.end()) {
      return answer(request, completion, encode(result->second.information));
    }
  }
  refuse(completion, refusal_of_cdb(codes::kInvalidFieldInCdb, 2));
}

void FakeScsi::copy_out(const ScsiRequest& request, const CopyOutCdb& cdb,
                        ScsiCompletion& completion, FakeFault* fault) {
  switch (cdb.action) {
    case CopyOut::extended_copy_lid1: return extended_copy(request, Lid::lid1, completion, fault);
    case CopyOut::extended_copy_lid4: return extended_copy(request, Lid::lid4, completion, fault);
    case CopyOut::populate_token: return populate(request, cdb.list_id, completion);
    case CopyOut::write_using_token: return write_token(request, cdb.list_id, completion, fault);
    case CopyOut::copy_operation_abort:
      ++aborts_;
      for (Pending& one : pending_) {
        if (!one.copies || one.list_id != cdb.list_id) continue;
        one.ready = now_;
        one.aborted = true;
      }
      return;
    default: return refuse(completion, refusal_of_cdb(codes::kInvalidFieldInCdb, 1));
  }
}

FakeDisk* FakeScsi::find(const Cscd& cscd) {
  for (FakeDisk* one : {source_.get(), destination_.get()}) {
    const auto& names = one->unit.designators;
    if (std::find(names.begin(), names.end(), cscd.designator) != names.end() &&
        cscd.block_length == one->unit.capacity.block_length) {
      return one;
    }
  }
  return nullptr;
}

bool FakeScsi::copy_segment(const CopyList& list, const Segment& segment) {
  size_t from = 0;
  size_t to = 0;
  uint64_t length = 0;
  uint64_t in = 0;
  uint64_t out = 0;
  const uint32_t block = destination_->unit.capacity.block_length;
  if (const auto* blocks = std::get_if<BlockSegment>(&segment)) {
    from = blocks->source, to = blocks->destination, length = uint64_t{blocks->blocks} * block;
    in = blocks->source_lba * block, out = blocks->destination_lba * block;
  } else if (const auto* bytes = std::get_if<ByteSegment>(&segment)) {
    from = bytes->source, to = bytes->destination, length = bytes->bytes;
    in = bytes->source_lba * block + bytes->source_offset;
    out = bytes->destination_lba * block + bytes->destination_offset;
  } else {
    return true;
  }
  if (from >= list.cscds.size() || to >= list.cscds.size()) return false;
  FakeDisk* source = find(list.cscds[from]);
  FakeDisk* destination = find(list.cscds[to]);
  if (source == nullptr || destination == nullptr) return false;
  if (misdirected_) {
    elsewhere_.data.resize(destination->data.size());
    destination = &elsewhere_;
  }
  if (in + length > source->data.size() || out + length > destination->data.size()) return false;
  std::memmove(destination->data.data() + out, source->data.data() + in, length);
  return true;
}

void FakeScsi::extended_copy(const ScsiRequest& request, Lid lid, ScsiCompletion& completion,
                             FakeFault* fault) {
  const auto& page = destination_->unit.third_party_copy;
  const auto action = static_cast<uint8_t>(View(request.cdb).u8(1) & 0x1f);
  if (lid == Lid::lid4 ? !page || !page->supports(0x83, action)
                       : page && !page->commands.empty() && !page->supports(0x83, action)) {
    return refuse(completion, refusal_of_cdb(codes::kInvalidFieldInCdb, 1));
  }
  CopyListLimits limits;
  if (const auto& p = destination_->unit.copy_parameters) {
    limits = {p->max_cscds, p->max_segments, p->max_descriptors_length};
  } else if (page && page->parameters) {
    limits = {page->parameters->max_cscds, page->parameters->max_segments,
              page->parameters->max_descriptors_length};
  }
  const View data(request.out);
  lists_.push_back(data.copy());
  const auto list = decode_copy_list(lid, data, limits);
  if (!list) return refuse(completion, list.error());
  const bool fancy = list->usage != ListIdUsage::none ||
                     std::any_of(list->segments.begin(), list->segments.end(),
                                 [](const Segment& one) { return one.index() != 0; });
  if (only_plain && fancy) return refuse(completion, refusal_at(codes::kInvalidFieldInList, 1));
  for (size_t i = 0; i < list->segments.size(); ++i) {
    Sense stopped = fault != nullptr ? fault->sense : refusal(codes::kTargetNotReachable);
    stopped.command_specific = i;
    const bool stops = fault != nullptr && i == fault->work;
    if (stops || !copy_segment(*list, list->segments[i])) {
      return refuse(completion, stopped, fault != nullptr && fault->descriptor_format);
    }
  }
}

void FakeScsi::populate(const ScsiRequest& request, uint32_t list_id, ScsiCompletion& completion) {
  FakeDisk& on = disk(request.unit);
  const TokenLimits& limits = *on.unit.third_party_copy->tokens;
  const auto list = decode_populate_token(View(request.out), limits.max_ranges);
  if (!list) return refuse(completion, list.error());
  TokenData made;
  made.block = on.unit.capacity.block_length;
  uint64_t left = token_blocks;
  for (const BlockRange& range : list->ranges) {
    const uint64_t count = std::min<uint64_t>(range.blocks, left);
    left -= count;
    const View part = View(on.data).part(range.lba * made.block, count * made.block);
    if (part.size() != count * made.block) {
      return refuse(completion, refusal(codes::kLbaOutOfRange));
    }
    made.data.insert(made.data.end(), part.span().begin(), part.span().end());
  }
  TokenHead head;
  head.id = next_token_++;
  ListResult result;
  result.pending = token_pending;
  result.information.status.service_action = static_cast<uint8_t>(CopyOut::populate_token);
  result.information.status.state =
      left == 0 ? OperationStatus::State::complete_with_residual : OperationStatus::State::complete;
  result.information.status.count = made.data.size() / made.block;
  result.information.token = encode_token(head);
  const Token& token = *result.information.token;
  tokens_[Bytes(token.begin(), token.end())] = std::move(made);
  results_[list_id] = result;
}

void FakeScsi::write_token(const ScsiRequest& request, uint32_t list_id, ScsiCompletion& completion,
                           FakeFault* fault) {
  FakeDisk& on = disk(request.unit);
  const TokenLimits& limits = *on.unit.third_party_copy->tokens;
  const auto list = decode_write_using_token(View(request.out), limits.max_ranges);
  if (!list) return refuse(completion, list.error());
  const auto token = tokens_.find(Bytes(list->token.begin(), list->token.end()));
  if (token == tokens_.end()) return refuse(completion, refusal(codes::kTokenUnknown));
  if (token->second.writes++ >= token_writes) {
    tokens_.erase(token);
    return refuse(completion, refusal(codes::kTokenExpired));
  }
  const uint32_t block = token->second.block;
  uint64_t from = list->offset * block;
  uint64_t left = (fault != nullptr ? fault->work : UINT32_MAX) * uint64_t{block};
  uint64_t done = 0;
  FakeDisk& to = misdirected_ ? elsewhere_ : on;
  elsewhere_.data.resize(on.data.size());
  for (const BlockRange& range : list->ranges) {
    const uint64_t length = std::min(range.blocks * uint64_t{block}, left);
    const View part = View(token->second.data).part(from, length);
    const uint64_t out = range.lba * block;
    if (part.size() != length || out + length > on.data.size()) {
      return refuse(completion, refusal(codes::kUnderrun));
    }
    std::copy(part.span().begin(), part.span().end(),
              to.data.begin() + static_cast<ptrdiff_t>(out));
    from += length;
    left -= length;
    done += length;
  }
  ListResult result;
  result.information.status.service_action = static_cast<uint8_t>(CopyOut::write_using_token);
  result.information.status.state = OperationStatus::State::complete_with_residual;
  result.information.status.count = done / block;
  results_[list_id] = result;
  if (fault != nullptr) return refuse(completion, fault->sense, fault->descriptor_format);
  if (list->delete_token) tokens_.erase(token);
}

std::shared_ptr<FakeDisk> make_fake_disk(uint8_t number, uint64_t blocks, uint32_t block) {
  auto disk = std::make_shared<FakeDisk>();
  disk->data.resize(blocks * block);
  for (size_t i = 0; i < disk->data.size(); ++i) {
    disk->data[i] = static_cast<uint8_t>((i * 31 + (i >> 9) * 7 + number * 101) & 0xff);
  }
  ScsiUnit& unit = disk->unit;
  unit.inquiry.third_party_copy = true;
  unit.inquiry.vendor = "COPYFILE";
  unit.inquiry.product = "FAKE";
  unit.capacity.last_lba = blocks - 1;
  unit.capacity.block_length = block;
  Designator naa;
  naa.value = Bytes(16, number);
  naa.value[0] = 0x60;
  unit.designators = {naa};
  unit.block_limits = BlockLimits{};
  OperatingParameters p;
  p.no_list_id = true;
  p.max_cscds = 2;
  p.max_segments = 64;
  p.max_descriptors_length = 8192;
  p.max_concurrent_copies = 4;
  p.segment_granularity = 9;
  p.descriptor_types = {BlockSegment::kType, Cscd::kType};
  unit.copy_parameters = p;
  ThirdPartyCopy page;
  page.tokens = TokenLimits{64, 600, 60, 0, 0};
  page.commands = {{0x83, {0x00, 0x10, 0x11, 0x1c}}, {0x84, {0x03, 0x07}}};
  unit.third_party_copy = page;
  return disk;
}

}  // namespace libcopyfile::test
