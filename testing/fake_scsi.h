// Two logical units of one array, in process: they say what they are told to say, copy as a real target does (out of the bytes
// of the commands, decoded by src/wire), and fail, fall short, forget and vanish on demand. Time is virtual: a command takes as
// long as the test says, and waiting costs nothing.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "facts/scsi_unit.h"
#include "sys/scsi_queue.h"
#include "wire/cdb.h"
#include "wire/extended_copy.h"

namespace libcopyfile::test {

struct FakeDisk {
  ScsiUnit unit;
  wire::Bytes data;
};

// What becomes of a command instead.
struct FakeFault {
  // Which commands: by opcode, and by service action where there is one (-1: any).
  wire::Opcode opcode = wire::Opcode::third_party_copy_out;
  int action = -1;
  unsigned after = 0;     // so many are let through first
  unsigned times = 1;     // so many are affected
  uint8_t status = 0x02;  // CHECK CONDITION
  wire::Sense sense;      // with status 02h
  bool descriptor_format = false;
  int error = 0;  // the transport fails instead
  // How much is done before: segments of EXTENDED COPY, blocks of WRITE USING TOKEN. EXTENDED COPY reports the segment.
  uint64_t work = 0;
  bool carried_out = false;  // all is done, and then this is answered
};

class FakeScsi final : public ScsiQueue {
 public:
  FakeScsi(std::shared_ptr<FakeDisk> source, std::shared_ptr<FakeDisk> destination)
      : source_(std::move(source)), destination_(std::move(destination)) {}

  unsigned depth() const override { return depth_; }
  Done submit(const ScsiRequest& request) override;
  bool abort(uint64_t tag) override;
  bool transacts_here() const override { return transacts_here_; }
  Result<ScsiCompletion> transact(const ScsiRequest& request) override {
    ++transacted_;
    return ScsiQueue::transact(request);
  }
  Result<size_t> reap(std::span<ScsiCompletion> store, unsigned wait_ms) override;
  uint64_t now_ms() const override { return now_; }

  void set_depth(unsigned depth) { depth_ = depth; }
  void add(FakeFault fault) { faults_.push_back({std::move(fault)}); }
  void clear_faults() { faults_.clear(); }
  // How long copies take; everything else takes no time.
  void set_copy_ms(uint64_t ms) { copy_ms_ = ms; }
  // As a queue does that has no threads of its own to hand commands to.
  void set_transacts_here(bool here) { transacts_here_ = here; }
  // Later commands are done before earlier ones.
  void set_reversed(bool reversed) { reversed_ = reversed; }
  // Both units answer nothing any more, from the given number of commands on.
  void vanish_after(unsigned commands) { vanish_after_ = commands; }
  // Commands under way can be given up one by one, as an iSCSI session can (ABORT TASK).
  void set_abortable(bool abortable) { abortable_ = abortable; }
  // The copy manager writes to a third unit and says that all is well.
  void misdirect() { misdirected_ = true; }
  // A token stands for at most so many blocks; it lives for so many writes; it is "in progress" so many times before it is
  // there.
  uint64_t token_blocks = UINT64_MAX;
  unsigned token_writes = UINT32_MAX;
  unsigned token_pending = 0;
  // Segment descriptors of any other type than 02h, and lists with an identifier, are refused.
  bool only_plain = false;
  // What it tells of a list under way is so many times what it has done.
  uint64_t boasts = 1;

  // What came: "83/00" or "88".
  const std::map<std::string, unsigned>& commands() const { return commands_; }
  unsigned count(const std::string& command) const;
  unsigned transacted() const { return transacted_; }
  unsigned most_under_way() const { return most_under_way_; }
  // Bytes of user data that went through the host.
  uint64_t host_bytes() const { return host_bytes_; }
  unsigned aborts() const { return aborts_; }
  unsigned task_aborts() const { return task_aborts_; }
  // The bytes of every EXTENDED COPY list.
  const std::vector<wire::Bytes>& lists() const { return lists_; }

 private:
  struct Pending {
    ScsiRequest request;
    uint64_t began = 0;
    uint64_t ready = 0;
    bool copies = false;
    bool aborted = false;
    uint32_t list_id = 0;
    uint64_t pieces = 0;  // segments of it
    uint64_t bytes = 0;
  };
  struct Entry {
    FakeFault fault;
    unsigned seen = 0;
  };
  struct TokenData {
    wire::Bytes data;
    uint32_t block = 512;
    unsigned writes = 0;
  };
  struct ListResult {
    wire::TokenInformation information;
    unsigned pending = 0;
  };

  void carry_out(const Pending& pending, ScsiCompletion& completion);
  FakeFault* fault_of(const wire::Bytes& cdb);
  FakeDisk& disk(Unit unit) { return unit == Unit::source ? *source_ : *destination_; }
  void dispatch(const ScsiRequest& request, ScsiCompletion& completion, FakeFault* fault);
  void answer(const ScsiRequest& request, ScsiCompletion& completion, const wire::Bytes& data);
  static wire::Bytes pages_of(const ScsiUnit& unit);
  static void refuse(ScsiCompletion& completion, const wire::Sense& sense,
                     bool descriptors = false);
  void inquiry(const ScsiRequest& request, const wire::InquiryCdb& cdb, ScsiCompletion& completion);
  void blocks(const ScsiRequest& request, const wire::BlocksCdb& cdb, ScsiCompletion& completion);
  void copy_in(const ScsiRequest& request, const wire::CopyInCdb& cdb, ScsiCompletion& completion);
  void copy_out(const ScsiRequest& request, const wire::CopyOutCdb& cdb, ScsiCompletion& completion,
                FakeFault* fault);
  void extended_copy(const ScsiRequest& request, wire::Lid lid, ScsiCompletion& completion,
                     FakeFault* fault);
  bool copy_segment(const wire::CopyList& list, const wire::Segment& segment);
  FakeDisk* find(const wire::Cscd& cscd);
  void populate(const ScsiRequest& request, uint32_t list_id, ScsiCompletion& completion);
  void write_token(const ScsiRequest& request, uint32_t list_id, ScsiCompletion& completion,
                   FakeFault* fault);

  std::shared_ptr<FakeDisk> source_, destination_;
  FakeDisk elsewhere_;
  std::deque<Pending> pending_;
  std::vector<Entry> faults_;
  std::map<std::string, unsigned> commands_;
  std::map<wire::Bytes, TokenData> tokens_;
  std::map<uint32_t, ListResult> results_;
  std::vector<wire::Bytes> lists_;
  unsigned depth_ = 8;
  unsigned vanish_after_ = UINT32_MAX;
  unsigned total_ = 0;
  unsigned most_under_way_ = 0;
  unsigned aborts_ = 0;
  unsigned task_aborts_ = 0;
  uint64_t now_ = 0;
  uint64_t copy_ms_ = 0;
  uint64_t host_bytes_ = 0;
  uint64_t next_token_ = 1;
  unsigned transacted_ = 0;
  bool transacts_here_ = false;
  bool reversed_ = false;
  bool abortable_ = false;
  bool misdirected_ = false;
};

// A disk of `blocks` blocks with a name ending in `number`, that copies in both ways with generous limits; its bytes are
// different everywhere, and from those of another number.
std::shared_ptr<FakeDisk> make_fake_disk(uint8_t number, uint64_t blocks, uint32_t block = 512);

}  // namespace libcopyfile::test
