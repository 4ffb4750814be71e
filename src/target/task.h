// One SCSI command on its way through the target: what a front end brings, and what it takes back. Independent of transport.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "wire/bytes.h"
#include "wire/sense.h"

namespace libcopyfile::target {

// An I_T nexus: one initiator port that talks through one port of ours. For iSCSI that is a session. Numbers are never used again
// while the daemon lives.
using NexusId = uint64_t;

struct Nexus {
  NexusId id = 0;
  std::string initiator;  // iSCSI name, as the LUN maps know it
  // SPC-4 7.6.4: what persistent reservations know an initiator port by, with the ISID.
  wire::Bytes transport_id;
  uint16_t relative_port = 1;  // of ours
  std::string peer;            // address, for logs and ctl
};

// SAM-5 5.3.
enum class Status : uint8_t {
  good = 0x00,
  check_condition = 0x02,
  condition_met = 0x04,
  busy = 0x08,
  reservation_conflict = 0x18,
  task_set_full = 0x28,
  task_aborted = 0x40,
};

// SAM-5 8.6.
enum class Attribute : uint8_t { simple, ordered, head_of_queue };

// What became of a command.
struct Outcome {
  Status status = Status::good;
  wire::Sense sense;  // with check_condition

  static Outcome good() { return {}; }
  static Outcome of(Status status) { return {status, {}}; }
  static Outcome refused(wire::Sense sense) { return {Status::check_condition, std::move(sense)}; }
  static Outcome refused(wire::SenseCode code) { return refused(wire::refusal(code)); }
  bool ok() const { return status == Status::good || status == Status::condition_met; }
};

// Memory of a transfer: uninitialised, page-aligned where it is large. REQUIRES: single owner.
class TransferBuffer {
 public:
  TransferBuffer() = default;
  // Empty where there is no memory.
  explicit TransferBuffer(size_t size);
  explicit TransferBuffer(wire::View bytes);
  TransferBuffer(TransferBuffer&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  TransferBuffer& operator=(TransferBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  std::span<uint8_t> span() { return {data_.get(), size_}; }
  std::span<const uint8_t> span() const { return {data_.get(), size_}; }
  wire::View view() const { return span(); }
  size_t size() const { return size_; }
  // Only less than it had.
  void shrink(size_t size) { size_ = std::min(size_, size); }

 private:
  struct Free {
    void operator()(uint8_t* data) const;
  };
  std::unique_ptr<uint8_t[], Free> data_;
  size_t size_ = 0;
};

struct Task;
using TaskPtr = std::unique_ptr<Task>;

struct Task {
  // Of the front end.
  NexusId nexus = 0;
  uint64_t tag = 0;  // of the initiator; unique in the nexus while the command is under way
  uint64_t lun = 0;  // the eight bytes of SAM-5 4.7, big-endian, as they came
  Attribute attribute = Attribute::simple;
  std::array<uint8_t, 16> cdb{};
  // All that the initiator sends for it, never more than what it announced.
  TransferBuffer data_out;
  uint32_t expected_in = 0;  // how many bytes the initiator takes at most
  // Called once, by any thread, also for a command that was aborted (then `aborted` is set and nothing goes to the initiator).
  std::function<void(TaskPtr)> done;

  // Of the target.
  Outcome outcome;
  // What there is to send, cut to the allocation length of the CDB; may be more than expected_in: the front end sends what fits and
  // reports the rest as residual.
  TransferBuffer data_in;
  // How many bytes of data the CDB stands for (in or out): the front end tells residuals by it.
  uint64_t transfer_length = 0;
  bool aborted = false;
  // The initiator wants sense data in descriptor format (D_SENSE of the control mode page).
  bool descriptor_sense = false;

  wire::View command() const { return {std::span<const uint8_t>(cdb)}; }
};

// What goes to the initiator with CHECK CONDITION, at most wire::kMaxSense bytes, in the format that it wants; else empty.
wire::Bytes sense_data_of(const Task& task);

// SAM-5 7: task management functions.
enum class Management : uint8_t {
  abort_task,          // `tag` on `lun`
  abort_task_set,      // all of this nexus on `lun`
  clear_task_set,      // all of everybody on `lun`
  logical_unit_reset,  // and reservations of SPC-2, and unit attentions for everybody
  target_warm_reset,
  target_cold_reset,
};
enum class ManagementResult : uint8_t { complete, no_task, no_unit, not_supported, rejected };

// Why a nexus ends: what becomes of its reservations (SPC-2) and unit attentions.
enum class NexusLoss : uint8_t { logout, connection_lost, reinstated };

}  // namespace libcopyfile::target
