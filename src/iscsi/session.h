// A session in its full feature phase (RFC 7143, 4.2 and 11): the order of commands, their data, and everything else that an
// initiator may ask for.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "iscsi/command.h"
#include "iscsi/hub.h"
#include "iscsi/parameters.h"
#include "iscsi/receiver.h"
#include "wire/iscsi_text.h"

namespace libcopyfile::iscsi {

// The loop's thread. Lives until over(): tasks of it may be under way when its connection is gone.
class Session {
 public:
  Session(Hub& hub, Connection& connection, Parameters parameters, uint16_t tsih);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Parameters& parameters() const { return parameters_; }
  uint16_t tsih() const { return tsih_; }
  target::NexusId nexus() const { return nexus_; }
  // Null when it is closed.
  Connection* connection() const { return connection_; }
  SessionStatus status() const;

  std::span<uint8_t> header_came(const ReceivedPdu& pdu);
  void data_came(const ReceivedPdu& pdu, bool digest_is_good);
  void completed(target::TaskPtr task);
  // Memory was given back somewhere: who waits for some tries again.
  void memory_freed();
  bool waits_for_memory() const { return waits_for_memory_; }
  // `heard`: when the peer said something last.
  void tick(uint64_t heard);
  void ask_to_log_out(unsigned seconds);
  // Commands that are not with the device yet; for another session's reset.
  void abort_collecting(target::LogicalUnit& unit);

  // The nexus is gone, and the connection need not know it any more.
  void close(target::NexusLoss why);
  bool over() const { return connection_ == nullptr && under_way_ == 0; }

 private:
  // A request whose turn has not come.
  struct Held {
    std::optional<uint32_t> command;  // the tag of one
    ReceivedPdu pdu;
    wire::Bytes data;
  };
  // A task management function on its way.
  struct Managing {
    uint32_t tag = 0;
    std::unordered_set<uint32_t> waits_for;  // commands whose data are still coming
    bool device = false;                     // has yet to answer
    uint8_t response = 0;
  };

  // session.cc: numbers, and requests in their order.
  wire::iscsi::TargetNumbers numbers() const;
  wire::iscsi::TargetNumbers status_numbers();
  uint32_t window() const;
  bool in_window(uint32_t cmd_sn) const;
  void take_in_order(const ReceivedPdu& pdu, std::optional<uint32_t> command);
  void advance();
  void process(const ReceivedPdu& pdu, wire::View data);
  std::span<uint8_t> place_of_other(const ReceivedPdu& pdu);
  void reject(const ReceivedPdu& pdu, wire::iscsi::RejectReason reason);

  // session_commands.cc: commands to the device and back.
  std::span<uint8_t> command_came(const ReceivedPdu& pdu);
  std::unique_ptr<Command> make_command(const wire::iscsi::ScsiCommand& pdu);
  void command_complete(const ReceivedPdu& pdu, bool digest_is_good);
  void submit_ready();
  bool submit(Command& command);
  void answer(Command& command, target::Task& task);
  void send_data(Command& command, target::Task& task, uint32_t length,
                 const wire::iscsi::Residual& residual);
  void send_response(const Command& command, const target::Task& task, uint32_t data_pdus,
                     const wire::iscsi::Residual& residual);
  void end(Command& command);

  // session_data.cc: data on their way in.
  std::span<uint8_t> prepare_data(Command& command, bool final, size_t immediate);
  std::span<uint8_t> data_out_came(const ReceivedPdu& pdu);
  void data_out_complete(const ReceivedPdu& pdu, bool digest_is_good);
  bool make_whole(Command& command);
  void ask_for_data(Command& command);
  void data_moved(Command& command);
  void fail(Command& command, wire::SenseCode code);
  bool stalled() const;

  // session_management.cc
  void manage(const ReceivedPdu& pdu);
  void manage_task(const wire::iscsi::TaskManagementRequest& request, Managing& managing);
  void manage_many(const wire::iscsi::TaskManagementRequest& request, target::Management function,
                   Managing& managing);
  void ask_device(Managing& managing, target::Management function, uint64_t lun, uint32_t tag);
  void managed(uint64_t number, target::ManagementResult result);
  void abort(Command& command);
  void answer_managed();

  // session_other.cc
  void nop_out(const ReceivedPdu& pdu, wire::View data);
  void text(const ReceivedPdu& pdu, wire::View data);
  void send_text(uint32_t tag, uint64_t lun);
  wire::Bytes answer_text(const std::vector<wire::iscsi::KeyValue>& keys);
  void logout(const ReceivedPdu& pdu);

  Hub& hub_;
  Connection* connection_;
  const std::shared_ptr<const ServerOptions> options_;
  const std::shared_ptr<Budget> memory_;
  Parameters parameters_;
  const uint16_t tsih_;
  const target::NexusId nexus_;
  const uint64_t since_;

  uint32_t exp_cmd_sn_ = 0, stat_sn_ = 0;
  std::unordered_map<uint32_t, std::unique_ptr<Command>> commands_;  // by tag
  std::vector<Command*> waiting_;            // delivered and not submitted, in order
  std::unordered_map<uint32_t, Held> held_;  // by CmdSN
  size_t held_bytes_ = 0;
  unsigned numbered_ = 0;   // commands that take a place in the window
  unsigned immediate_ = 0;  // and those that do not
  unsigned under_way_ = 0;  // with the device, tasks and functions
  uint64_t total_ = 0;      // of its life
  bool waits_for_memory_ = false;
  bool submitting_ = false;
  uint32_t next_transfer_tag_ = 1;
  Command* filling_ = nullptr;  // whose data segment is coming
  wire::Bytes other_;           // the data segment of another request
  Lease other_lease_;
  // What the header that came last is told when its data segment is over: thrown away, or rejected.
  bool ignored_ = false;
  std::optional<wire::iscsi::RejectReason> rejected_;

  std::map<uint64_t, Managing> managing_;
  uint64_t next_managing_ = 1;

  wire::Bytes text_in_;
  wire::iscsi::TextParts text_out_;
  uint64_t pinged_ = 0;  // 0: there is no ping out
};

}  // namespace libcopyfile::iscsi
