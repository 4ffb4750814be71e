// The thread that serves all connections of a server.
#pragma once

#include <deque>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "iscsi/connection.h"
#include "iscsi/session.h"
#include "sys/event_loop.h"
#include "sys/thread.h"

namespace libcopyfile::iscsi {

class Server::Loop final : public Hub {
 public:
  static Result<std::unique_ptr<Loop>> start(ServerOptions options, target::Device& device);
  // Everything is over by then, or it is now.
  ~Loop() override;

  // Any thread: carried out by the loop; waits for that.
  void call(const std::function<void()>& work);
  // Any thread.
  void post(std::function<void()> work) override;
  void completed(Session& session, target::TaskPtr task) override;

  // The loop's thread, by call().
  void adopt(Fd fd, const std::string& peer);
  std::vector<SessionStatus> statuses() const;
  ServerTotals all_totals() const;
  void replace_options(ServerOptions replacement);
  unsigned drop(const std::string& initiator);
  // `ended` is called when the last session and connection are gone.
  void begin_stop(unsigned seconds, std::function<void()> ended);

  void has_output(Connection& connection) override { outputs_.push_back(&connection); }
  void is_over(Connection& connection) override { over_.push_back(&connection); }
  void is_closed(Session& session) override { closed_.push_back(&session); }
  void wants_session(Connection& connection) override;
  bool has_session(uint16_t tsih) const override { return sessions_.contains(tsih); }
  void abort_elsewhere(const Session& session, target::Management function, uint64_t lun) override;
  std::span<uint8_t> receive_buffer() override { return buffer_; }

 private:
  struct Listener {
    Fd fd;
    bool paused = false;
  };

  Loop(ServerOptions options, target::Device& device);
  Done listen();
  void run();
  void turn();
  void serve(const EventLoop::Ready& ready);
  void do_posted();
  void accept(Listener& listener);
  void flush();
  void retry_for_memory();
  void watch(Connection& connection);
  void tick();
  void clean_up();
  void end_session(Session& session, target::NexusLoss why);
  void retry_logins();
  bool nothing_left() const { return connections_.empty() && sessions_.empty() && ending_.empty(); }
  static std::string key_of(const Parameters& parameters);

  std::unique_ptr<EventLoop> events_;
  std::deque<Listener> listeners_;  // stay where they are
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::unordered_map<uint16_t, std::unique_ptr<Session>> sessions_;  // by TSIH
  std::unordered_map<std::string, Session*> by_port_;                // initiator port and type
  std::unordered_map<std::string, unsigned> by_initiator_;           // how many
  std::list<std::unique_ptr<Session>> ending_;                       // with tasks under way
  std::vector<Connection*> outputs_, over_, logins_waiting_;
  std::vector<Session*> closed_;
  uint16_t last_tsih_ = 0;
  uint64_t last_tick_ = 0;
  std::vector<uint8_t> buffer_;
  bool quit_ = false;
  uint64_t stop_at_ = 0;
  std::function<void()> ended_;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  std::vector<std::pair<Session*, target::TaskPtr>> done_;
  std::atomic<std::thread::id> thread_id_;
  std::optional<Thread> thread_;
};

}  // namespace libcopyfile::iscsi
