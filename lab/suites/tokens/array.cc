#include "array.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "lab/support/workplace.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

const std::string kTarget = "/sys/kernel/config/target";

// What the kernel sends besides what copies need.
enum Other : uint8_t {
  kModeSense6 = 0x1a,
  kStartStop = 0x1b,
  kReadCapacity10 = 0x25,
  kRead10 = 0x28,
  kWrite10 = 0x2a,
  kSynchronizeCache10 = 0x35,
  kModeSense10 = 0x5a,
};

bool brings_data(uint8_t opcode) {
  constexpr uint8_t kWithData[] = {kWrite10, 0x83, 0x8a, 0x15, 0x55, 0x42};
  return std::find(std::begin(kWithData), std::end(kWithData), opcode) != std::end(kWithData);
}

ScsiCompletion say(std::vector<uint8_t>& data, std::initializer_list<uint8_t> answer) {
  const size_t length = std::min(data.size(), answer.size());
  std::copy_n(answer.begin(), length, data.begin());
  ScsiCompletion completion;
  completion.received = length;
  return completion;
}

uint8_t byte_of(uint64_t value, unsigned shift) { return static_cast<uint8_t>(value >> shift); }

}  // namespace

Array::Array(uint64_t blocks) : stop_(eventfd(0, EFD_CLOEXEC)) {
  replace(*make_fake_disk(1, blocks), *make_fake_disk(2, blocks));
  add_disk(0, blocks);
  add_disk(1, blocks);
  thread_ = std::thread([this] { serve(); });
  for (const char* number : {"0", "1"}) {
    const std::string lun = kTarget + "/loopback/naa.5001405000000001/tpgt_1/lun/lun_" + number;
    const std::string disk = std::string("/dev/sd") + (*number == '0' ? "a" : "b");
    shell("mkdir " + lun + " && ln -s " + kTarget + "/core/user_0/d" + number + " " + lun +
          "/x && until [ -b " + disk + " ]; do sleep 0.1; done");
  }
}

Array::~Array() {
  const uint64_t one = 1;
  (void)!write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void Array::add_disk(unsigned number, uint64_t blocks) {
  constexpr uint64_t kBlock = 512;
  const std::string n = std::to_string(number);
  const std::string group = kTarget + "/loopback/naa.5001405000000001/tpgt_1";
  const std::string disk = kTarget + "/core/user_0/d" + n;
  shell("mkdir -p " + disk + " && echo dev_config=lab/d" + n + " >" + disk +
        "/control && echo dev_size=" + std::to_string(blocks * kBlock) + " >" + disk +
        "/control && echo hw_block_size=512 >" + disk + "/control && echo nl_reply_supported=-1 >" +
        disk + "/control && echo 1 >" + disk + "/enable && until [ -c /dev/uio" + n +
        " ]; do sleep 0.1; done");
  shell("[ -d " + group + " ] || { mkdir -p " + group + " && echo naa.500140500000001f >" + group +
        "/nexus; }");
  rings_.push_back(std::make_unique<TcmuRing>(number));
}

void Array::replace(const FakeDisk& source, const FakeDisk& destination) {
  const std::lock_guard lock(mutex_);
  source_ = std::make_shared<FakeDisk>(source);
  destination_ = std::make_shared<FakeDisk>(destination);
  scsi_ = std::make_unique<FakeScsi>(source_, destination_);
}

void Array::with(const std::function<void(FakeScsi&, FakeDisk&, FakeDisk&)>& what) {
  const std::lock_guard lock(mutex_);
  what(*scsi_, *source_, *destination_);
}

void Array::serve() {
  for (;;) {
    pollfd waiting[] = {
        {rings_[0]->fd(), POLLIN, 0}, {rings_[1]->fd(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (poll(waiting, std::size(waiting), -1) < 0) continue;
    if (waiting[2].revents != 0) return;
    for (const Unit unit : {Unit::source, Unit::destination}) {
      const size_t i = unit == Unit::source ? 0 : 1;
      if (waiting[i].revents == 0) continue;
      rings_[i]->serve([&](std::span<const uint8_t> cdb, std::vector<uint8_t>& data) {
        return carry_out(unit, cdb, data);
      });
    }
  }
}

ScsiCompletion Array::carry_out(Unit unit, std::span<const uint8_t> cdb,
                                std::vector<uint8_t>& data) {
  const std::lock_guard lock(mutex_);
  const wire::View view(cdb);
  const wire::Capacity& capacity = (unit == Unit::source ? source_ : destination_)->unit.capacity;
  wire::Cdb command;
  command.length = static_cast<uint8_t>(cdb.size());
  std::copy(cdb.begin(), cdb.end(), command.bytes.begin());
  const uint64_t last = capacity.last_lba;
  switch (cdb[0]) {
    case kModeSense6: return say(data, {3, 0, 0, 0});
    case kModeSense10: return say(data, {0, 6, 0, 0, 0, 0, 0, 0});
    case kStartStop:
    case kSynchronizeCache10: return {};
    case kReadCapacity10:
      return say(data, {byte_of(last, 24), byte_of(last, 16), byte_of(last, 8), byte_of(last, 0), 0,
                        0, byte_of(capacity.block_length, 8), byte_of(capacity.block_length, 0)});
    case kRead10:
    case kWrite10: {
      const auto opcode = cdb[0] == kRead10 ? wire::Opcode::read_16 : wire::Opcode::write_16;
      command = wire::encode(wire::BlocksCdb{opcode, view.be32(2), view.be16(7)});
      break;
    }
    default: break;
  }
  ScsiRequest request;
  request.unit = unit;
  request.cdb = command.view().span();
  if (brings_data(cdb[0])) {
    request.out = data;
  } else {
    request.in = data;
  }
  ScsiCompletion completion;
  if (!scsi_->submit(request) || !scsi_->reap({&completion, 1}, 0)) {
    throw ScratchError("the array has no answer");
  }
  return completion;
}

}  // namespace libcopyfile::test
