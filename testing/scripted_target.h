// An iSCSI target in process that answers as a test likes: a unit of testing/fake_scsi.h behind it, and a function that may make
// of every answer what no honest target would send.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "testing/fake_scsi.h"

namespace libcopyfile::test {

// What goes back for one command.
struct TargetAnswer {
  enum class Manner : uint8_t { reply, silence, hang_up };

  Manner manner = Manner::reply;
  uint8_t status = 0;
  wire::Bytes data;     // of the unit, sent in one piece
  uint32_t offset = 0;  // where in the initiator's buffer it is said to belong
  wire::Bytes sense;
  uint32_t underflow = 0;  // the residual that is announced
};

class ScriptedTarget {
 public:
  using Twist = std::function<void(wire::View cdb, TargetAnswer& answer)>;
  enum class Login : uint8_t { accept, silence, hang_up, garbage, refuse };

  explicit ScriptedTarget(const std::shared_ptr<FakeDisk>& disk);
  ~ScriptedTarget();
  ScriptedTarget(const ScriptedTarget&) = delete;
  ScriptedTarget& operator=(const ScriptedTarget&) = delete;

  std::string url() const;
  // From now on. `twist` is called by the target's own thread.
  void set_twist(Twist twist);
  void set_login(Login login) { login_ = login; }
  // Whether it answers requests to abort.
  void set_aborts(bool answered) { aborts_answered_ = answered; }
  unsigned logins() const { return logins_; }
  // Requests to abort a command.
  unsigned aborts() const { return aborts_; }

 private:
  struct Pdu;

  void serve();
  void talk(int connection);
  bool read_pdu(int connection, Pdu& pdu) const;
  bool answer_login(int connection, const Pdu& pdu);
  bool take_command(int connection, Pdu command);
  bool answer_command(int connection, const Pdu& command);
  bool send(int connection, wire::Bytes head, const wire::Bytes& data);
  wire::Bytes reply_to(const Pdu& pdu, uint8_t opcode, uint8_t flags);

  FakeScsi scsi_;
  unsigned port_ = 0;
  Fd listening_;
  std::atomic<int> connection_{-1};
  std::atomic<bool> stopping_ = false;
  std::atomic<Login> login_ = Login::accept;
  std::atomic<bool> aborts_answered_ = true;
  std::atomic<unsigned> logins_ = 0;
  std::atomic<unsigned> aborts_ = 0;
  std::mutex mutex_;  // of the member below
  Twist twist_;
  // Of the connection.
  uint32_t next_status_ = 1;
  uint32_t next_command_ = 0;
  std::vector<Pdu> writing_;  // commands whose data is not all here
  std::thread thread_;
};

}  // namespace libcopyfile::test
