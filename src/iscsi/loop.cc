#include "iscsi/loop.h"

#include <algorithm>

#include "sys/local_socket.h"
#include "sys/stream_socket.h"

namespace libcopyfile::iscsi {
namespace {

constexpr int kTickMs = 1000;
constexpr int kAcceptsAtOnce = 64;
// Of the processor's second cache: what is copied out of it should still be there.
constexpr size_t kReceiveBuffer = 64U << 10;
// What was sent may give memory to who waits for it, which makes more to send.
constexpr int kRoundsAtOnce = 8;

}  // namespace

Server::Loop::Loop(ServerOptions its_options, target::Device& its_device)
    : Hub(its_device, std::move(its_options)), buffer_(kReceiveBuffer) {}

Result<std::unique_ptr<Server::Loop>> Server::Loop::start(ServerOptions options,
                                                          target::Device& device) {
  std::unique_ptr<Loop> loop(new Loop(std::move(options), device));
  auto events = EventLoop::create();
  if (!events) return fail(events.error());
  loop->events_ = std::move(*events);
  loop->now = EventLoop::now_ms();
  if (const Done done = loop->listen(); !done) return fail(done.error());
  auto thread = Thread::start([raw = loop.get()] {
    shorten_slices_of_this_thread();
    raw->run();
  });
  if (!thread) return fail(thread.error());
  loop->thread_.emplace(std::move(*thread));
  return loop;
}

Server::Loop::~Loop() {
  if (!thread_) return;
  post([this] { quit_ = true; });
  thread_->join();
}

Done Server::Loop::listen() {
  for (const Portal& portal : options->portals) {
    auto fd = listen_stream(portal.address, portal.port);
    if (!fd) return fail(fd.error());
    portals.push_back({portal.address, local_port(fd->get())});
    listeners_.push_back({std::move(*fd)});
    Listener& listener = listeners_.back();
    if (const Done done = events_->add(listener.fd.get(), &listener, true, false); !done)
      return done;
  }
  return {};
}

void Server::Loop::post(std::function<void()> work) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = posted_.empty() && done_.empty();
    posted_.push_back(std::move(work));
  }
  if (wake) events_->wake();
}

void Server::Loop::completed(Session& session, target::TaskPtr task) {
  if (std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed)) {
    return session.completed(std::move(task));
  }
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = posted_.empty() && done_.empty();
    done_.emplace_back(&session, std::move(task));
  }
  if (wake) events_->wake();
}

void Server::Loop::call(const std::function<void()>& work) {
  if (std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed)) return work();
  std::promise<void> done;
  post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void Server::Loop::run() {
  thread_id_ = std::this_thread::get_id();
  while (!quit_) turn();
}

void Server::Loop::turn() {
  const bool hurry = memory->freed();
  const auto ready = events_->wait(hurry ? 0 : kTickMs);
  now = EventLoop::now_ms();
  if (hurry) retry_for_memory();
  do_posted();
  for (const EventLoop::Ready& one : ready) serve(one);
  for (int i = 0; i < kRoundsAtOnce; ++i) {
    flush();
    if (!memory->freed()) break;
    retry_for_memory();
  }
  flush();
  if (now - last_tick_ >= kTickMs) tick();
  clean_up();
}

void Server::Loop::do_posted() {
  std::vector<std::function<void()>> posted;
  std::vector<std::pair<Session*, target::TaskPtr>> done;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
    done.swap(done_);
  }
  for (auto& [session, task] : done) session->completed(std::move(task));
  for (const auto& work : posted) work();
}

void Server::Loop::serve(const EventLoop::Ready& ready) {
  const auto listener = std::find_if(listeners_.begin(), listeners_.end(),
                                     [&](const Listener& l) { return &l == ready.who; });
  if (listener != listeners_.end()) return accept(*listener);
  // Connections are taken away at the end of a turn only.
  auto& connection = *static_cast<Connection*>(ready.who);
  if (ready.writable) connection.flush();
  if (ready.readable) connection.readable();
  // Who is not listened to would be ready for ever.
  if (ready.broken && !connection.wants_to_read()) connection.drop("connection lost");
  watch(connection);
}

void Server::Loop::accept(Listener& listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    auto accepted = accept_stream(listener.fd.get());
    if (accepted) {
      adopt(std::move(accepted->fd), accepted->peer);
      continue;
    }
    const int code = accepted.error().code;
    if (code == EAGAIN) return;
    if (code == ECONNABORTED) continue;
    // No descriptors, no memory: it would be ready for ever. tick() tries again.
    log("accept_failed", {{"reason", accepted.error().message()}});
    listener.paused = true;
    events_->remove(listener.fd.get());
    return;
  }
}

void Server::Loop::adopt(Fd fd, const std::string& peer) {
  const size_t logging_in = connections_.size() - std::min(connections_.size(), sessions_.size());
  const bool full = logging_in >= options->limits.connections_logging_in;
  if (full || stopping || !prepare_stream(fd.get())) {
    ++totals.logins_failed;
    log("connection_refused",
        {{"peer", peer}, {"reason", full ? "too many that have not logged in" : "stopping"}});
    return;
  }
  auto made = std::make_unique<Connection>(*this, std::move(fd), peer);
  Connection* const connection = made.get();
  if (!events_->add(connection->fd(), connection, true, false)) return;
  connections_.emplace(connection, std::move(made));
}

void Server::Loop::flush() {
  // What is sent may be followed by more for the same connection.
  const std::vector<Connection*> outputs = std::exchange(outputs_, {});
  for (Connection* const connection : outputs) {
    connection->has_output = false;
    connection->flush();
    watch(*connection);
  }
}

void Server::Loop::watch(Connection& connection) {
  const bool read = connection.wants_to_read(), write = connection.wants_to_write();
  if (connection.over() || (read == connection.watched_read && write == connection.watched_write))
    return;
  connection.watched_read = read;
  connection.watched_write = write;
  if (!events_->change(connection.fd(), &connection, read, write)) connection.drop("out of memory");
}

void Server::Loop::retry_for_memory() {
  for (const auto& [tsih, session] : sessions_) {
    if (session->waits_for_memory()) session->memory_freed();
  }
}

void Server::Loop::tick() {
  last_tick_ = now;
  for (const auto& [raw, connection] : connections_) connection->tick();
  for (Listener& listener : listeners_) {
    if (listener.paused && events_->add(listener.fd.get(), &listener, true, false))
      listener.paused = false;
  }
  if (stopping && now >= stop_at_) {
    for (const auto& [raw, connection] : connections_) connection->drop("stopping");
  }
  flush();
}

std::string Server::Loop::key_of(const Parameters& parameters) {
  return parameters.initiator + (parameters.discovery ? ",d," : ",n,") +
         std::string(parameters.isid.begin(), parameters.isid.end());
}

// RFC 7143, 6.3.5: the same initiator port logs in anew; what it had under way ends before.
void Server::Loop::wants_session(Connection& connection) {
  const Parameters& parameters = connection.login()->parameters();
  const std::string key = key_of(parameters);
  if (stopping) return connection.refuse(LoginStatus::service_unavailable);
  if (const auto old = by_port_.find(key); old != by_port_.end()) {
    log("session_reinstated", {{"initiator", parameters.initiator}, {"peer", connection.peer()}});
    end_session(*old->second, target::NexusLoss::reinstated);
  }
  const bool still = std::any_of(ending_.begin(), ending_.end(),
                                 [&](const auto& s) { return key_of(s->parameters()) == key; });
  const bool closing = std::any_of(closed_.begin(), closed_.end(), [&](const Session* s) {
    return key_of(s->parameters()) == key;
  });
  if (still || closing) return logins_waiting_.push_back(&connection);
  const Limits& limits = options->limits;
  const auto of_it = by_initiator_.find(parameters.initiator);
  const unsigned its = of_it == by_initiator_.end() ? 0 : of_it->second;
  if (sessions_.size() >= limits.sessions || sessions_.size() >= UINT16_MAX - 1 ||
      its >= limits.sessions_per_initiator) {
    return connection.refuse(LoginStatus::out_of_resources);
  }
  do {
    ++last_tsih_;
  } while (last_tsih_ == 0 || sessions_.contains(last_tsih_));
  const uint16_t tsih = last_tsih_;
  auto made = std::make_unique<Session>(*this, connection, parameters, tsih);
  Session& session = *made;
  sessions_.emplace(tsih, std::move(made));
  by_port_[key] = &session;
  ++by_initiator_[parameters.initiator];
  log("login", {{"initiator", parameters.initiator},
                {"peer", connection.peer()},
                {"tsih", std::to_string(tsih)},
                {"type", parameters.discovery ? "discovery" : "normal"}});
  connection.begin(session, tsih);
}

void Server::Loop::end_session(Session& session, target::NexusLoss why) {
  Connection* const connection = session.connection();
  session.close(why);
  if (connection != nullptr)
    connection->drop(why == target::NexusLoss::reinstated ? "reinstated" : "closed");
}

// What is over goes, now that nobody is in the middle of it.
void Server::Loop::clean_up() {
  for (Connection* const connection : std::exchange(over_, {})) {
    if (Session* const session = connection->session())
      session->close(target::NexusLoss::connection_lost);
    events_->remove(connection->fd());
    std::erase(logins_waiting_, connection);
    std::erase(outputs_, connection);
    connections_.erase(connection);
  }
  for (Session* const session : std::exchange(closed_, {})) {
    const Parameters& parameters = session->parameters();
    const auto port = by_port_.find(key_of(parameters));
    if (port != by_port_.end() && port->second == session) by_port_.erase(port);
    const auto count = by_initiator_.find(parameters.initiator);
    if (count != by_initiator_.end() && --count->second == 0) by_initiator_.erase(count);
    const auto found = sessions_.find(session->tsih());
    ending_.push_back(std::move(found->second));
    sessions_.erase(found);
  }
  const size_t ended = std::erase_if(ending_, [](const auto& s) { return s->over(); });
  if (ended > 0) retry_logins();
  if (stopping && ended_ && nothing_left()) std::exchange(ended_, nullptr)();
}

void Server::Loop::retry_logins() {
  for (Connection* const connection : std::exchange(logins_waiting_, {})) {
    if (!connection->over()) wants_session(*connection);
  }
  flush();
}

void Server::Loop::abort_elsewhere(const Session& session, target::Management function,
                                   uint64_t lun) {
  using target::Management;
  std::vector<std::shared_ptr<target::LogicalUnit>> units;
  if (function == Management::clear_task_set || function == Management::logical_unit_reset) {
    units.push_back(device.unit_of(session.nexus(), lun));
  } else {
    for (const auto& [number, unit] : device.units_of(session.nexus())) units.push_back(unit);
  }
  for (const auto& [tsih, other] : sessions_) {
    if (other.get() == &session || other->parameters().discovery) continue;
    for (const auto& unit : units) {
      if (unit != nullptr) other->abort_collecting(*unit);
    }
  }
}

std::vector<SessionStatus> Server::Loop::statuses() const {
  std::vector<SessionStatus> all;
  all.reserve(sessions_.size());
  for (const auto& [tsih, session] : sessions_) all.push_back(session->status());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.nexus < b.nexus; });
  return all;
}

ServerTotals Server::Loop::all_totals() const {
  ServerTotals all = totals;
  all.sessions = static_cast<unsigned>(sessions_.size());
  all.connections = static_cast<unsigned>(connections_.size());
  return all;
}

void Server::Loop::replace_options(ServerOptions replacement) {
  replacement.portals = options->portals;
  replacement.target_name = options->target_name;
  options = std::make_shared<const ServerOptions>(std::move(replacement));
}

unsigned Server::Loop::drop(const std::string& initiator) {
  std::vector<Session*> concerned;
  for (const auto& [tsih, session] : sessions_) {
    const bool named = session->parameters().initiator == initiator ||
                       std::to_string(session->nexus()) == initiator;
    if (named && session->connection() != nullptr) concerned.push_back(session.get());
  }
  for (Session* const session : concerned)
    end_session(*session, target::NexusLoss::connection_lost);
  return static_cast<unsigned>(concerned.size());
}

void Server::Loop::begin_stop(unsigned seconds, std::function<void()> ended) {
  stopping = true;
  stop_at_ = now + seconds * uint64_t{1000};
  ended_ = [before = std::move(ended_), ended = std::move(ended)] {
    if (before) before();
    ended();
  };
  for (Listener& listener : listeners_) {
    if (!listener.paused) events_->remove(listener.fd.get());
  }
  listeners_.clear();
  for (const auto& [raw, connection] : connections_) {
    if (seconds == 0 || connection->session() == nullptr) {
      connection->drop("stopping");
    } else {
      connection->session()->ask_to_log_out(seconds);
    }
  }
}

}  // namespace libcopyfile::iscsi
