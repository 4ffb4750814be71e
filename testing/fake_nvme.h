// One or two namespaces of an NVMe controller, in process: they say what they are told to say, copy as a real controller does
// (out of the dwords and the ranges, decoded by src/wire), and fail, stop half way and vanish on demand. Time is virtual, as that
// of fake_scsi.h.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "facts/nvme_space.h"
#include "sys/nvme_queue.h"

namespace libcopyfile::test {

struct FakeSpace {
  NvmeSpace says;
  wire::Bytes data;

  NvmeIdentity identity() const;
};

// What becomes of a command instead.
struct FakeNvmeFault {
  uint8_t opcode = wire::CopyCommand::kOpcode;
  unsigned after = 0;  // so many are let through first
  unsigned times = 1;  // so many are affected
  uint16_t status = 0;
  int error = 0;      // the transport fails instead
  uint32_t work = 0;  // ranges that are copied before
};

class FakeNvme final : public NvmeQueue {
 public:
  FakeNvme(std::shared_ptr<FakeSpace> source, std::shared_ptr<FakeSpace> destination)
      : source_(std::move(source)), destination_(std::move(destination)) {}

  unsigned depth() const override { return depth_; }
  Done submit(const NvmeRequest& request) override;
  Result<size_t> reap(std::span<NvmeCompletion> store, unsigned wait_ms) override;
  uint64_t now_ms() const override { return now_; }

  void set_depth(unsigned depth) { depth_ = depth; }
  void add(FakeNvmeFault fault) { faults_.push_back({fault, 0}); }
  // How long copies take; everything else takes no time.
  void set_copy_ms(uint64_t ms) { copy_ms_ = ms; }
  // Later commands are done before earlier ones.
  void set_reversed(bool reversed) { reversed_ = reversed; }
  // Nothing is answered any more, from the given number of commands on.
  void vanish_after(unsigned commands) { vanish_after_ = commands; }
  // Copies go to another place than the one that was meant, and all is said to be well.
  void misdirect() { misdirected_ = true; }
  // What the controller takes, where that is less than it says: ranges, and blocks of a command.
  uint32_t real_ranges = 256;
  uint64_t real_blocks = UINT64_MAX;

  struct Copied {
    wire::CopyCommand command;
    std::vector<wire::NvmeRange> ranges;
  };
  // Every Copy that came.
  const std::vector<Copied>& copies() const { return copies_; }
  unsigned most_under_way() const { return most_under_way_; }
  // Bytes of user data that went through the host.
  uint64_t host_bytes() const { return host_bytes_; }

 private:
  struct Pending {
    NvmeRequest request;
    uint64_t ready = 0;
  };
  struct Entry {
    FakeNvmeFault fault;
    unsigned seen = 0;
  };

  const FakeNvmeFault* fault_of(uint8_t opcode);
  FakeSpace* find(uint32_t namespace_id);
  void carry_out(const NvmeRequest& request, NvmeCompletion& completion);
  void read(const NvmeRequest& request, NvmeCompletion& completion);
  void copy(const NvmeRequest& request, NvmeCompletion& completion, const FakeNvmeFault* fault);
  uint16_t refusal(const NvmeRequest& request, const Copied& copied) const;
  uint16_t copy_range(const NvmeRequest& request, const Copied& copied,
                      const wire::NvmeRange& range, uint64_t lba);

  std::shared_ptr<FakeSpace> source_, destination_;
  wire::Bytes elsewhere_;
  std::deque<Pending> pending_;
  std::vector<Entry> faults_;
  std::vector<Copied> copies_;
  unsigned depth_ = 8;
  unsigned vanish_after_ = UINT32_MAX;
  unsigned total_ = 0;
  unsigned most_under_way_ = 0;
  uint64_t now_ = 0;
  uint64_t copy_ms_ = 0;
  uint64_t host_bytes_ = 0;
  bool reversed_ = false;
  bool misdirected_ = false;
};

// Namespace `id` of `blocks` blocks, with the limits of QEMU's documentation (128 blocks, 128 ranges); its bytes are different
// everywhere, and from those of another number.
std::shared_ptr<FakeSpace> make_fake_space(uint32_t id, uint64_t blocks, uint32_t block = 512);

}  // namespace libcopyfile::test
