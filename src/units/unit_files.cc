#include "units/unit_files.h"

#include <mutex>

#include "facts/read_scsi_unit.h"
#include "sys/io_queue.h"
#include "sys/placeholder.h"
#include "units/block_io.h"

namespace libcopyfile {
namespace {

// The device number that all units are on: no kernel has it.
constexpr uint64_t kDevice = UINT64_MAX;
constexpr uint32_t kBlockDevice = 0060000;  // S_IFBLK
constexpr uint32_t kOwnerOnly = 0600;
constexpr uint32_t kPreferredSize = uint32_t{512} << 10;

tl::unexpected<Error> not_for_units(Op op) { return fail(EOPNOTSUPP, op); }

}  // namespace

struct UnitFiles::OpenUnit {
  Fd placeholder;  // kept, so that no other file gets its place
  uint64_t device = 0;
  uint64_t inode = 0;
  UnitTransport* transport = nullptr;
  std::unique_ptr<UnitLink> link;
  ScsiUnit unit;
  bool writable = false;
  uint64_t identity = 0;  // the same for two ways to one unit
  std::mutex mutex;

  template <class Operation>
  auto with_io(Operation&& operation) -> decltype(operation(std::declval<BlockIo&>())) {
    const std::lock_guard lock(mutex);
    const Result<std::unique_ptr<ScsiQueue>> queue = transport->queue(*link, *link);
    if (!queue) return fail(queue.error());
    BlockIo io(**queue, Unit::destination, unit, link->most_bytes());
    return operation(io);
  }
};

// Disks of the kernel, and units.
class UnitFiles::UnitDevices final : public Devices {
 public:
  explicit UnitDevices(UnitFiles& files) : files_(files) {}

  Result<DiskNode> disk(int fd) override {
    if (const OpenUnit* unit = files_.find(fd)) {
      fd = unit->link->block_device();
      if (fd < 0) return DiskNode{DiskKind::scsi, "", unit->link->name(), 0, false, ""};
    }
    if (kernel() == nullptr) return fail(EOPNOTSUPP, Op::stat);
    return kernel()->disk(fd);
  }

  // What another initiator does to a unit nobody here can prevent: a reservation would outlive a crash of ours.
  Result<Fd> claim(int fd, bool write) override {
    if (files_.find(fd) != nullptr) return duplicate(fd);
    if (kernel() == nullptr) return fail(EOPNOTSUPP, Op::open);
    return kernel()->claim(fd, write);
  }

  Done drop_cache(int fd) override {
    if (const OpenUnit* unit = files_.find(fd)) return unit->link->drop_cache();
    if (kernel() == nullptr) return fail(EOPNOTSUPP, Op::sync);
    return kernel()->drop_cache(fd);
  }

  Result<std::unique_ptr<ScsiQueue>> scsi_queue(int source, int destination) override {
    OpenUnit* const in = files_.find(source);
    OpenUnit* const out = files_.find(destination);
    if (in != nullptr && out != nullptr && in->transport == out->transport) {
      return in->transport->queue(*in->link, *out->link);
    }
    if (in != nullptr) source = in->link->commands();
    if (out != nullptr) destination = out->link->commands();
    if (source < 0 || destination < 0) {
      return fail(EXDEV, Op::offload,
                  "one of the disks is the kernel's, the other one is reached past it");
    }
    if (kernel() == nullptr) return fail(EOPNOTSUPP, Op::offload);
    return kernel()->scsi_queue(source, destination);
  }

  Result<std::unique_ptr<NvmeQueue>> nvme_queue(int source, int destination) override {
    if (kernel() == nullptr) return fail(EOPNOTSUPP, Op::offload);
    return kernel()->nvme_queue(source, destination);
  }
  Result<NvmeIdentity> nvme_identity(int fd) override {
    if (kernel() == nullptr) return fail(EOPNOTSUPP, Op::offload);
    return kernel()->nvme_identity(fd);
  }

 private:
  Devices* kernel() { return files_.kernel_.devices(); }

  UnitFiles& files_;
};

UnitFiles::UnitFiles(Files& kernel)
    : kernel_(kernel), devices_(std::make_unique<UnitDevices>(*this)) {}

UnitFiles::~UnitFiles() = default;

UnitFiles::OpenUnit* UnitFiles::find(int fd) {
  if (units_.empty()) return nullptr;
  const Result<FileStat> is = kernel_.stat(fd);
  if (!is) return nullptr;
  for (const auto& unit : units_) {
    if (unit->device == is->device && unit->inode == is->inode) return unit.get();
  }
  return nullptr;
}

Result<Fd> UnitFiles::open(UnitTransport& transport, const std::string& address, bool write) {
  Result<std::unique_ptr<UnitLink>> link = transport.open(address);
  if (!link) return fail(link.error());
  if (write) {
    if (Done may = (*link)->may_write(); !may) return fail(may.error());
  }
  auto unit = std::make_unique<OpenUnit>();
  {
    const Result<std::unique_ptr<ScsiQueue>> queue = transport.queue(**link, **link);
    if (!queue) return fail(queue.error());
    Result<ScsiUnit> read = read_scsi_unit(**queue, Unit::source);
    if (!read) return fail(read.error());
    unit->unit = std::move(*read);
  }
  if (unit->unit.inquiry.device_type != 0) {
    return fail(ENOTBLK, Op::open, "the logical unit is no disk");
  }
  Result<Fd> placeholder = make_placeholder();
  if (!placeholder) return fail(placeholder.error());
  const Result<FileStat> is = kernel_.stat(placeholder->get());
  if (!is) return fail(is.error());
  Result<Fd> fd = duplicate(placeholder->get());
  if (!fd) return fail(fd.error());
  unit->placeholder = std::move(*placeholder);
  unit->device = is->device;
  unit->inode = is->inode;
  unit->transport = &transport;
  unit->link = std::move(*link);
  unit->writable = write;
  unit->identity = units_.size() + 1;
  for (const auto& other : units_) {
    if (other->link->name() == unit->link->name() || are_one_unit(other->unit, unit->unit)) {
      unit->identity = other->identity;
    }
  }
  units_.push_back(std::move(unit));
  return fd;
}

const ScsiUnit* UnitFiles::unit_of(int fd) {
  const OpenUnit* const unit = find(fd);
  return unit != nullptr ? &unit->unit : nullptr;
}

Result<FileStat> UnitFiles::stat(int fd) {
  const OpenUnit* const unit = find(fd);
  if (unit == nullptr) return kernel_.stat(fd);
  FileStat stat;
  stat.device = kDevice;
  stat.inode = stat.special_device = unit->identity;
  stat.type = FileType::block_device;
  stat.format = kBlockDevice;
  stat.mode = kOwnerOnly;
  stat.links = 1;
  stat.block_size = kPreferredSize;
  stat.direct_known = true;  // and there is none: nothing of a unit is in the page cache
  return stat;
}

Result<FsInfo> UnitFiles::fs_info(int fd) {
  if (find(fd) != nullptr) return not_for_units(Op::stat);
  return kernel_.fs_info(fd);
}

ServerCopies UnitFiles::server_copies(int fd) {
  if (find(fd) != nullptr) return {};
  return kernel_.server_copies(fd);
}

Result<uint64_t> UnitFiles::device_size(int fd) {
  if (const OpenUnit* unit = find(fd)) return unit->unit.size();
  return kernel_.device_size(fd);
}

Result<Access> UnitFiles::access(int fd) {
  if (const OpenUnit* unit = find(fd)) return Access{true, unit->writable, false};
  return kernel_.access(fd);
}

Result<size_t> UnitFiles::read(int fd, std::span<std::byte> buffer, uint64_t offset, Cache cache) {
  OpenUnit* const unit = find(fd);
  if (unit == nullptr) return kernel_.read(fd, buffer, offset, cache);
  if (offset == kStream) return fail(ESPIPE, Op::read);
  return unit->with_io([&](BlockIo& io) { return io.read(buffer, offset); });
}

Result<size_t> UnitFiles::write(int fd, std::span<const std::byte> data, uint64_t offset,
                                Cache cache) {
  OpenUnit* const unit = find(fd);
  if (unit == nullptr) return kernel_.write(fd, data, offset, cache);
  if (offset == kStream) return fail(ESPIPE, Op::write);
  if (!unit->writable) return fail(EBADF, Op::write);
  const Result<size_t> written = unit->with_io([&](BlockIo& io) { return io.write(data, offset); });
  // What somebody has read meanwhile is old.
  if (Done ok = unit->link->drop_cache(); written && !ok) return fail(ok.error());
  return written;
}

Result<size_t> UnitFiles::copy_range(int in, int out, const CopyRange& range) {
  if (find(in) != nullptr || find(out) != nullptr) return not_for_units(Op::copy_range);
  return kernel_.copy_range(in, out, range);
}

Done UnitFiles::clone(int in, int out) {
  if (find(in) != nullptr || find(out) != nullptr) return not_for_units(Op::clone);
  return kernel_.clone(in, out);
}

Done UnitFiles::clone_range(int in, int out, const CopyRange& range) {
  if (find(in) != nullptr || find(out) != nullptr) return not_for_units(Op::clone);
  return kernel_.clone_range(in, out, range);
}

Result<uint64_t> UnitFiles::seek(int fd, uint64_t offset, Seek what) {
  if (find(fd) != nullptr) return not_for_units(Op::seek);
  return kernel_.seek(fd, offset, what);
}

Result<size_t> UnitFiles::extents(int fd, Range range, bool sync, std::span<RawExtent> store) {
  if (find(fd) != nullptr) return not_for_units(Op::map_extents);
  return kernel_.extents(fd, range, sync, store);
}

Done UnitFiles::allocate(int fd, Allocate how, Range range) {
  if (find(fd) != nullptr) {
    return not_for_units(how == Allocate::reserve ? Op::allocate : Op::punch);
  }
  return kernel_.allocate(fd, how, range);
}

Done UnitFiles::truncate(int fd, uint64_t size) {
  if (find(fd) != nullptr) return fail(EINVAL, Op::truncate);
  return kernel_.truncate(fd, size);
}

Done UnitFiles::sync(int fd, Sync what) {
  OpenUnit* const unit = find(fd);
  if (unit == nullptr) return kernel_.sync(fd, what);
  // What is only read has no writes of ours to wait for.
  if (!unit->writable) return {};
  return unit->with_io([](BlockIo& io) { return io.flush(); });
}

Done UnitFiles::sync_file_system(int fd) {
  if (find(fd) != nullptr) return sync(fd, Sync::all);
  return kernel_.sync_file_system(fd);
}

// Nothing of a unit is kept here that could be written back, dropped or locked.

Done UnitFiles::start_writeback(int fd, Range range) {
  if (find(fd) != nullptr) return {};
  return kernel_.start_writeback(fd, range);
}

Done UnitFiles::wait_writeback(int fd, Range range) {
  if (find(fd) != nullptr) return {};
  return kernel_.wait_writeback(fd, range);
}

Done UnitFiles::flush(int fd) {
  if (find(fd) != nullptr) return {};
  return kernel_.flush(fd);
}

Done UnitFiles::lock(int fd, LockMode mode) {
  if (find(fd) != nullptr) return {};
  return kernel_.lock(fd, mode);
}

Done UnitFiles::advise(int fd, Range range, Advice advice) {
  if (find(fd) != nullptr) return {};
  return kernel_.advise(fd, range, advice);
}

Result<Fd> UnitFiles::reopen(int fd, Reopen how) {
  if (find(fd) != nullptr) return not_for_units(Op::open);
  return kernel_.reopen(fd, how);
}

Result<std::unique_ptr<IoQueue>> UnitFiles::queue(unsigned depth) { return kernel_.queue(depth); }

Result<uint64_t> UnitFiles::resident(int fd, Range range) {
  if (find(fd) != nullptr) return not_for_units(Op::read);
  return kernel_.resident(fd, range);
}

Devices* UnitFiles::devices() { return devices_.get(); }

}  // namespace libcopyfile
