#include "served_disks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "testing/scratch_error.h"
#include "testing/stamped.h"
#include "wire/extended_copy.h"

namespace libcopyfile::test {
namespace {

using Block = std::array<std::byte, kDiskBlock>;

std::string disk_path(const std::string& directory, unsigned disk) {
  return directory + "/disk" + std::to_string(disk);
}
std::string reservations_path(const std::string& directory) {
  return directory + "/disk0.reservations";
}

Filling content_of(const Block& block) {
  static constexpr Block kZeros{};
  if (block == kZeros) return 0;
  uint64_t first = 0;
  std::memcpy(&first, block.data(), sizeof first);
  const auto stamp = decode(first);
  if (!stamp || stamp->offset % kDiskBlock != 0) return kTorn;
  Block right;
  fill_stamped(right, 1, stamp->offset);
  return block == right ? stamp->offset / kDiskBlock : kTorn;
}

void look_at_disk(const std::string& path, std::array<Filling, kDiskBlocks>& blocks,
                  std::string& error) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Block block;
  for (uint64_t i = 0; i < kDiskBlocks; ++i) {
    const auto at = static_cast<off_t>(i * kDiskBlock);
    if (pread(fd.get(), block.data(), block.size(), at) != ssize_t{kDiskBlock}) {
      error = path + " cannot be read";
      return;
    }
    blocks[i] = content_of(block);
  }
}

}  // namespace

void make_disks(const std::string& directory) {
  for (unsigned disk = 0; disk < kDisks; ++disk) {
    const Fd fd(
        open(disk_path(directory, disk).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid() || ftruncate(fd.get(), kDiskBlock * kDiskBlocks) != 0) {
      throw ScratchError::of_errno("make a disk");
    }
  }
}

ServedDisks::ServedDisks(const std::string& directory) {
  target::LunMap luns;
  for (unsigned disk = 0; disk < kDisks; ++disk) {
    auto image = target::open_image(disk_path(directory, disk), {});
    if (!image) throw ScratchError(image.error().message());
    target::UnitOptions options;
    options.name = "disk" + std::to_string(disk);
    options.target_name = "iqn.2026-01.org.example:crash";
    options.block_length = kDiskBlock;
    if (disk == 0) options.reservations_file = reservations_path(directory);
    units_.push_back(std::make_shared<target::LogicalUnit>(std::move(options), *image));
    if (const Done loaded = units_.back()->reservations().load(); !loaded) {
      throw ScratchError(loaded.error().message());
    }
    luns[static_cast<uint16_t>(disk)] = units_.back();
  }
  target::DeviceOptions options;
  options.name = "iqn.2026-01.org.example:crash";
  auto device = target::Device::create(options, [luns](const std::string&) { return luns; });
  if (!device) throw ScratchError(device.error().message());
  device_ = std::move(*device);
  target::Nexus nexus;
  nexus.id = nexus_ = target::Device::next_nexus();
  nexus.initiator = "iqn.2026-01.org.example:host";
  nexus.transport_id = target::iscsi_port(nexus.initiator, "00023d000001");
  device_->open_nexus(nexus);
  for (const auto& unit : units_) {
    while (unit->attentions().take(nexus_)) {
    }
  }
}

ServedDisks::~ServedDisks() = default;

void ServedDisks::execute(unsigned disk, const wire::Bytes& cdb, wire::View data) {
  auto task = std::make_unique<target::Task>();
  task->nexus = nexus_;
  task->lun = target::lun_field(static_cast<uint16_t>(disk));
  std::copy(cdb.begin(), cdb.end(), task->cdb.begin());
  task->data_out = target::TransferBuffer(data);
  auto answer = std::make_shared<std::promise<target::TaskPtr>>();
  task->done = [answer](target::TaskPtr done) { answer->set_value(std::move(done)); };
  device_->submit(std::move(task));
  const target::TaskPtr done = answer->get_future().get();
  if (done->aborted || !done->outcome.ok()) {
    const wire::SenseCode code = done->outcome.sense.code;
    throw ScratchError("command " + std::to_string(cdb[0]) + " ended with sense " +
                       std::to_string(code.asc) + "/" + std::to_string(code.ascq));
  }
}

void ServedDisks::write(unsigned disk, uint64_t block, uint32_t blocks, Filling first, bool fua) {
  wire::Bytes data(blocks * kDiskBlock);
  fill_stamped(std::as_writable_bytes(std::span(data)), 1, first * kDiskBlock);
  wire::Bytes cdb(16);
  wire::Writer writer(cdb);
  writer.u8(0, 0x8a);
  writer.u8(1, fua ? 0x08 : 0);
  writer.be64(2, block);
  writer.be32(10, blocks);
  execute(disk, cdb, data);
}

void ServedDisks::synchronize(unsigned disk) {
  execute(disk, {0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {});
}

void ServedDisks::copy(unsigned from, uint64_t block, uint64_t to_block, uint16_t blocks) {
  wire::CopyList list;
  for (const unsigned disk : {from, 1 - from}) {
    list.cscds.push_back({.designator = units_[disk]->naa(), .block_length = kDiskBlock});
  }
  list.segments.emplace_back(wire::BlockSegment{0, 1, blocks, block, to_block});
  const wire::Bytes data = wire::encode_copy_list(list);
  wire::Bytes cdb(16);
  wire::Writer writer(cdb);
  writer.u8(0, 0x83);
  writer.be32(10, static_cast<uint32_t>(data.size()));
  execute(1 - from, cdb, data);
}

void ServedDisks::register_key(uint64_t key) {
  wire::Bytes data(24);
  wire::Writer list(data);
  list.be64(8, key);
  list.u8(20, 0x01);  // APTPL
  execute(0, {0x5f, 0x06, 0, 0, 0, 0, 0, 0, 24, 0}, data);
}

FoundDisks look_at_disks(const std::string& directory) {
  FoundDisks found;
  for (unsigned disk = 0; disk < kDisks; ++disk) {
    look_at_disk(disk_path(directory, disk), found.blocks[disk], found.error);
  }
  const auto state = target::ReservationFile(reservations_path(directory)).load();
  if (!state) {
    found.error = state.error().message();
  } else if (!state->registrations.empty()) {
    found.key = state->registrations.front().key;
  }
  return found;
}

}  // namespace libcopyfile::test
