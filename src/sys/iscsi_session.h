// A session with one logical unit of an iSCSI target: commands under way, their deadlines, and a connection that is made again
// when it breaks. It waits for nothing by itself: who has a session polls its descriptor and calls service().
#pragma once

#include <deque>
#include <list>
#include <optional>
#include <vector>

#include "sys/iscsi_transport.h"
#include "sys/iscsi_url.h"
#include "sys/libiscsi.h"

namespace libcopyfile {

// One thread at a time.
class IscsiSession final : public UnitLink {
 public:
  // Logs in. A failure's `where` is the reason, without user and password.
  static Result<std::unique_ptr<IscsiSession>> open(const Libiscsi& library, const IscsiUrl& url,
                                                    const IscsiSettings& settings);
  ~IscsiSession() override;

  const std::string& name() const override { return name_; }

  Done submit(const ScsiRequest& request);
  // ABORT TASK for the command with the tag; false where there is none under way.
  bool abort(uint64_t tag);
  // What to poll for.
  int descriptor() const;
  short events() const;
  // What poll(2) said of descriptor(), which may be nothing: also deadlines are looked after here.
  void service(short revents);
  // How long nothing is to be done unless something comes, at most `most` ms.
  unsigned quiet_ms(unsigned most) const;
  // The next completion; false where there is none yet.
  bool take(ScsiCompletion& completion);
  size_t under_way() const { return commands_.size() + completed_.size(); }

  static uint64_t now_ms();

 private:
  // A command from its request to its completion. libiscsi has pointers to it, so it stays where it is.
  struct Command {
    IscsiSession* session = nullptr;
    ScsiRequest request;
    scsi_task* task = nullptr;
    uint64_t deadline = 0;
    unsigned times_sent = 0;
    std::optional<int> status;    // libiscsi's, once there is one
    bool reported = false;        // only the answer to its ABORT TASK is waited for
    bool aborting = false;        // an ABORT TASK is under way
    bool gone = false;            // the target says that it has no such task any more
    bool wanted_aborted = false;  // by the caller, not by the deadline
    uint64_t abort_deadline = 0;

    // When something is to be done about it.
    uint64_t due() const;
  };

  IscsiSession(const Libiscsi& library, IscsiUrl url, IscsiSettings settings);
  IscsiSession(const IscsiSession&) = delete;

  Done login();
  Done connect();
  Done await_login(uint64_t until);
  Done wait_for_target(uint64_t until);
  Error login_error() const;
  Done recognise();
  Result<std::vector<uint8_t>> read_names();
  void look_again();
  void disconnect();
  // Again, with everything that was under way; or the end of the session.
  void reconnect();
  void give_up(int code);
  bool send(Command& command);
  bool send_abort(Command& command, uint64_t now);
  void settle();
  void look_at(Command& command, uint64_t now);
  static size_t left_out(const Command& command);
  size_t received_by(const Command& command) const;
  void complete(Command& command);
  void complete(Command& command, const ScsiCompletion& completion);
  void complete_aborted(Command& command);
  void fail_command(Command& command, int code);
  void cancel_here(Command& command);
  void logout();

  static void on_login(iscsi_context* context, int status, void* data, void* session);
  static void on_command(iscsi_context* context, int status, void* data, void* command);
  static void on_abort(iscsi_context* context, int status, void* data, void* command);
  static void on_logout(iscsi_context* context, int status, void* data, void* session);

  const Libiscsi library_;
  const IscsiUrl url_;
  const IscsiSettings settings_;
  const std::string name_;
  // The same in every login, so that the target ends what was under way before it begins the new session (RFC 7143, 6.3.5).
  uint32_t isid_ = 0;
  // Where it still stands in a buffer, no data has come.
  const uint64_t mark_;
  iscsi_context* context_ = nullptr;
  std::optional<int> answered_;                // login or logout
  std::string said_;                           // by libiscsi, of the login
  std::optional<std::vector<uint8_t>> names_;  // of the unit, as its target tells them
  bool doubted_ = false;                       // whether it is still the same one
  bool broken_ = false;
  int dead_ = 0;  // why there will be no connection any more
  std::list<Command> commands_;
  std::deque<ScsiCompletion> completed_;
};

// Commands to the units of two sessions, which may be one.
std::unique_ptr<ScsiQueue> make_iscsi_queue(IscsiSession& source, IscsiSession& destination);

}  // namespace libcopyfile
