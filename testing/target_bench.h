// A target device with units in memory, and initiators that send it commands and wait for the answers.
#pragma once

#include <future>
#include <initializer_list>

#include "target/command.h"
#include "target/device.h"
#include "testing/memory_image.h"

namespace libcopyfile::test {

// The test's thread; what it submits with start() may end on another one.
class TargetBench {
 public:
  struct Options {
    unsigned units = 1;
    uint64_t size = uint64_t{64} << 20;
    uint32_t block_length = 512;
    MemoryImage::Options image;  // of all, with `size` from above
    target::UnitOptions
        unit;  // of all, with the name "disk0", "disk1" and the block length from above
    target::DeviceOptions device;  // with the name "iqn.2026-01.org.example:bench" if none is given
  };
  // Units 0 to units - 1 are LUNs of the same number, seen by everybody. One nexus is open, and knows of power on.
  TargetBench();
  explicit TargetBench(Options options);
  ~TargetBench();
  TargetBench(const TargetBench&) = delete;
  TargetBench& operator=(const TargetBench&) = delete;

  target::Device& device() { return *device_; }
  target::LogicalUnit& unit(unsigned number = 0) { return *units_.at(number); }
  std::shared_ptr<target::LogicalUnit> shared_unit(unsigned number) { return units_.at(number); }
  MemoryImage& image(unsigned number = 0) { return *images_.at(number); }

  // Another initiator port, named "iqn.2026-01.org.example:host<n>" unless said otherwise; its unit attentions are taken.
  target::NexusId open(std::string initiator = {}, bool take_attentions = true);
  void close(target::NexusId nexus, target::NexusLoss why = target::NexusLoss::logout);
  // What that initiator (or, without a name of its own, everybody) sees from now on; tells the device.
  void map(const std::string& initiator, target::LunMap luns);
  target::NexusId nexus() const { return first_; }

  // Carries out and waits. The task as done() got it.
  struct To {
    target::NexusId nexus = 0;  // 0: the first one
    uint16_t lun = 0;
    target::Attribute attribute = target::Attribute::simple;
  };
  target::TaskPtr execute(std::initializer_list<uint8_t> cdb, wire::View data_out = {},
                          uint32_t expected_in = 65536) {
    return execute(wire::Bytes(cdb), data_out, expected_in, To{});
  }
  target::TaskPtr execute(const wire::Bytes& cdb, wire::View data_out, uint32_t expected_in, To to);
  target::TaskPtr execute(const wire::Bytes& cdb, To to) { return execute(cdb, {}, 65536, to); }

  // Submits and does not wait.
  class Pending {
   public:
    bool done() const;
    // Waits. Once.
    target::TaskPtr wait();
    uint64_t tag() const { return tag_; }

   private:
    friend class TargetBench;
    struct Shared;
    std::shared_ptr<Shared> shared_;
    uint64_t tag_ = 0;
  };
  Pending start(const wire::Bytes& cdb, wire::View data_out, uint32_t expected_in, To to);
  Pending start(const wire::Bytes& cdb, To to) { return start(cdb, {}, 65536, to); }

  std::future<target::ManagementResult> start_managing(target::Management function, To to,
                                                       uint64_t tag = 0);
  // The same, and waits.
  target::ManagementResult manage(target::Management function, To to, uint64_t tag = 0);

 private:
  struct Maps;
  std::vector<std::shared_ptr<MemoryImage>> images_;
  std::vector<std::shared_ptr<target::LogicalUnit>> units_;
  std::shared_ptr<Maps> maps_;
  std::unique_ptr<target::Device> device_;
  target::NexusId first_ = 0;
  uint64_t next_tag_ = 1;
  unsigned next_host_ = 0;
};

}  // namespace libcopyfile::test
