#include "sys/sg_transport.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <map>
#include <utility>

#include "sys/kernel_devices.h"
#include "sys/sg_block_device.h"

namespace libcopyfile {
namespace {

constexpr unsigned kScsiGeneric = 21;  // the major number (Documentation/admin-guide/devices.txt)
// Where the driver does not say how much it takes at once.
constexpr size_t kLittle = size_t{64} << 10;

class SgLink final : public UnitLink {
 public:
  SgLink(Fd node, bool may_write, std::string name, std::shared_ptr<const Fd> block_device)
      : node_(std::move(node)),
        writes_(may_write),
        name_(std::move(name)),
        block_device_(std::move(block_device)) {}

  const std::string& name() const override { return name_; }

  size_t most_bytes() const override {
    // Bytes here, although it is sectors everywhere else.
    int bytes = 0;
    if (::ioctl(node_.get(), BLKSECTGET, &bytes) != 0 || bytes <= 0) return kLittle;
    return static_cast<size_t>(bytes);
  }

  Done may_write() override {
    if (!writes_) return fail(EACCES, Op::open);
    if (block_device() < 0) return {};
    int read_only = 0;
    if (::ioctl(block_device(), BLKROGET, &read_only) == 0 && read_only != 0) {
      return fail(EROFS, Op::open);
    }
    if (!drop_cache()) {
      return fail(EPERM, Op::open, "the page cache of the same disk can't be emptied");
    }
    return {};
  }

  Done drop_cache() override {
    if (block_device() < 0) return {};
    return KernelDevices().drop_cache(block_device());
  }

  int commands() const override { return node_.get(); }
  int block_device() const override { return block_device_ ? block_device_->get() : -1; }

 private:
  const Fd node_;
  const bool writes_;
  const std::string name_;
  const std::shared_ptr<const Fd> block_device_;
};

class SgTransport final : public UnitTransport {
 public:
  Result<std::unique_ptr<UnitLink>> open(const std::string& address) override {
    // Of those that may only read the kernel takes few commands. It waits for nobody else to close the node.
    constexpr int kFlags = O_NONBLOCK | O_CLOEXEC;
    Fd node(::open(address.c_str(), O_RDWR | kFlags));
    const bool writes = node.valid();
    if (!writes && (errno == EACCES || errno == EPERM || errno == EROFS)) {
      node = Fd(::open(address.c_str(), O_RDONLY | kFlags));
    }
    if (!node.valid()) return fail(errno, Op::open);
    struct ::stat st {};
    if (::fstat(node.get(), &st) != 0) return fail(errno, Op::open);
    if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != kScsiGeneric) return fail(ENOTTY, Op::open);
    const std::string number =
        std::to_string(major(st.st_rdev)) + ":" + std::to_string(minor(st.st_rdev));
    const auto disk = block_node_of("/sys/dev/char/" + number + "/device");
    if (!disk) return fail(disk.error());
    if (!*disk) {
      return std::make_unique<SgLink>(std::move(node), writes, "sg:" + number, nullptr);
    }
    Result<std::shared_ptr<const Fd>> claim = claimed(**disk);
    if (!claim) return fail(claim.error());
    return std::make_unique<SgLink>(std::move(node), writes, (*disk)->name, std::move(*claim));
  }

  Result<std::unique_ptr<ScsiQueue>> queue(UnitLink& source, UnitLink& destination) override {
    return make_sg_queue(source.commands(), destination.commands());
  }

 private:
  // One claim of a disk is for all of our links to it.
  Result<std::shared_ptr<const Fd>> claimed(const BlockNode& disk) {
    std::weak_ptr<const Fd>& known = claims_[disk.number];
    if (auto claim = known.lock()) return claim;
    Result<Fd> fd = claim_block_node(disk, "/dev");
    if (!fd) return fail(fd.error());
    auto claim = std::make_shared<const Fd>(std::move(*fd));
    known = claim;
    return claim;
  }

  std::map<uint64_t, std::weak_ptr<const Fd>> claims_;
};

}  // namespace

bool is_sg_node(const FileStat& stat) {
  return (stat.format & S_IFMT) == S_IFCHR && stat.special_device >> 32 == kScsiGeneric;
}

std::unique_ptr<UnitTransport> make_sg_transport() { return std::make_unique<SgTransport>(); }

}  // namespace libcopyfile
