#include "sys/iscsi_session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "sys/system_info.h"
#include "sys/thread.h"

namespace libcopyfile {
namespace {

// A command that breaks the connection each time it is sent.
constexpr unsigned kMostTimesSent = 8;
constexpr unsigned kLogoutMs = 2'000;
constexpr uint64_t kFirstPauseMs = 100;
constexpr uint64_t kLongestPauseMs = 4'000;
constexpr uint8_t kTaskAborted = 0x40;
constexpr uint8_t kCheckCondition = 0x02;
// Answers to task management (RFC 7143, 11.6.1).
constexpr uint32_t kAbortDone = 0;
constexpr uint32_t kNoSuchTask = 1;
// Data comes in multiples of it, whatever the size of a block.
constexpr size_t kGranule = 512;

constexpr int kHexadecimal = 16;

void pause_ms(uint64_t ms) { sleep_seconds(static_cast<double>(ms) / 1e3); }

uint32_t random_24_bits() {
  return static_cast<uint32_t>(
      std::strtoul(random_name().substr(0, 6).c_str(), nullptr, kHexadecimal));
}

// Puts a mark at the end of every granule, which data that comes will cover.
void put_marks(std::span<uint8_t> in, uint64_t mark) {
  for (size_t end = kGranule; end <= in.size(); end += kGranule) {
    std::memcpy(in.data() + end - sizeof mark, &mark, sizeof mark);
  }
}

// Up to where no mark is left.
size_t covered(std::span<const uint8_t> in, uint64_t mark) {
  for (size_t end = kGranule; end <= in.size(); end += kGranule) {
    if (std::memcmp(in.data() + end - sizeof mark, &mark, sizeof mark) == 0) return end - kGranule;
  }
  return in.size();
}

// Whether sense data, in either form, reports that something has changed.
bool is_unit_attention(std::span<const uint8_t> sense) {
  constexpr uint8_t kUnitAttention = 6;
  if (sense.size() < 3) return false;
  const bool descriptors = (sense[0] & 0x7f) >= 0x72;
  return ((descriptors ? sense[1] : sense[2]) & 0xf) == kUnitAttention;
}

// What poll(2) says of a connection that has come to its end.
bool ended(short revents) { return (revents & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL)) != 0; }

}  // namespace

uint64_t IscsiSession::now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

IscsiSession::IscsiSession(const Libiscsi& library, IscsiUrl url, IscsiSettings settings)
    : library_(library),
      url_(std::move(url)),
      settings_(std::move(settings)),
      name_(url_.canonical()),
      isid_(random_24_bits()),
      mark_(std::strtoull(random_name().c_str(), nullptr, kHexadecimal)) {}

Result<std::unique_ptr<IscsiSession>> IscsiSession::open(const Libiscsi& library,
                                                         const IscsiUrl& url,
                                                         const IscsiSettings& settings) {
  std::unique_ptr<IscsiSession> session(new IscsiSession(library, url, settings));
  const SignalBlock no_signal(SIGPIPE);
  if (Done ok = session->login(); !ok) return fail(ok.error());
  return session;
}

IscsiSession::~IscsiSession() {
  const SignalBlock no_signal(SIGPIPE);
  if (context_ != nullptr && !broken_) logout();
  disconnect();
}

void IscsiSession::on_logout(iscsi_context*, int status, void*, void* session) {
  static_cast<IscsiSession*>(session)->answered_ = status;
}

void IscsiSession::on_command(iscsi_context*, int status, void*, void* command) {
  static_cast<Command*>(command)->status = status;
}

void IscsiSession::on_abort(iscsi_context*, int status, void* data, void* command) {
  auto* const one = static_cast<Command*>(command);
  one->aborting = false;
  if (status != SCSI_STATUS_GOOD || data == nullptr) return;
  const uint32_t answer = *static_cast<uint32_t*>(data);
  one->gone = answer == kAbortDone || answer == kNoSuchTask;
}

void IscsiSession::logout() {
  answered_.reset();
  if (library_.logout_async(context_, on_logout, this) != 0) return;
  const uint64_t until = now_ms() + kLogoutMs;
  for (uint64_t now = now_ms(); !answered_ && now < until; now = now_ms()) {
    pollfd one{library_.get_fd(context_), static_cast<short>(library_.which_events(context_)), 0};
    if (::poll(&one, 1, static_cast<int>(until - now)) < 0 && errno != EINTR) return;
    if (one.revents != 0 && library_.service(context_, one.revents) != 0) return;
  }
}

// Commands under way end as cancelled, and may be sent again.
void IscsiSession::disconnect() {
  if (context_ == nullptr) return;
  library_.destroy_context(std::exchange(context_, nullptr));
  for (Command& command : commands_) {
    command.aborting = false;
    if (!command.status) command.status = SCSI_STATUS_CANCELLED;
    if (command.status != SCSI_STATUS_CANCELLED || command.task == nullptr) continue;
    library_.free_task(std::exchange(command.task, nullptr));
  }
}

int IscsiSession::descriptor() const {
  return context_ != nullptr ? library_.get_fd(context_) : -1;
}

short IscsiSession::events() const {
  if (context_ == nullptr) return 0;
  return static_cast<short>(library_.which_events(context_) | POLLIN | POLLRDHUP);
}

Done IscsiSession::submit(const ScsiRequest& request) {
  const SignalBlock no_signal(SIGPIPE);
  if (dead_ != 0) return fail(dead_, Op::queue);
  if (std::exchange(doubted_, false) && context_ != nullptr && !broken_) look_again();
  // Idle connections are dropped by some targets.
  if (dead_ == 0 && (context_ == nullptr || broken_)) reconnect();
  if (dead_ != 0) return fail(dead_, Op::queue);
  Command& command = commands_.emplace_back();
  command.session = this;
  command.request = request;
  if (!send(command)) broken_ = true;
  return {};
}

bool IscsiSession::send(Command& command) {
  const ScsiRequest& request = command.request;
  const bool writes = !request.out.empty();
  const size_t length = writes ? request.out.size() : request.in.size();
  const int direction = length == 0 ? SCSI_XFER_NONE : writes ? SCSI_XFER_WRITE : SCSI_XFER_READ;
  command.status.reset();
  command.gone = command.aborting = false;
  command.abort_deadline = 0;
  command.deadline = now_ms() + request.timeout_ms;
  ++command.times_sent;
  put_marks(request.in, mark_);
  std::array<unsigned char, SCSI_CDB_MAX_SIZE> cdb{};
  std::copy(request.cdb.begin(), request.cdb.end(), cdb.begin());
  command.task = library_.create_task(static_cast<int>(request.cdb.size()), cdb.data(), direction,
                                      static_cast<int>(length));
  bool ok = command.task != nullptr;
  if (ok && direction == SCSI_XFER_WRITE) {
    auto* const data = const_cast<unsigned char*>(request.out.data());
    ok = library_.add_data_out_buffer(command.task, static_cast<int>(length), data) == 0;
  }
  if (ok && direction == SCSI_XFER_READ) {
    ok =
        library_.add_data_in_buffer(command.task, static_cast<int>(length), request.in.data()) == 0;
  }
  ok = ok && library_.scsi_command_async(context_, url_.lun, command.task, on_command, nullptr,
                                         &command) == 0;
  if (!ok) command.status = SCSI_STATUS_CANCELLED;
  return ok;
}

bool IscsiSession::abort(uint64_t tag) {
  const auto found = std::find_if(commands_.begin(), commands_.end(), [&](const Command& one) {
    return one.request.tag == tag && !one.reported;
  });
  if (found == commands_.end() || context_ == nullptr) return false;
  found->wanted_aborted = true;
  if (found->aborting || found->status) return true;
  return send_abort(*found, now_ms());
}

// The task stays known here until the target has answered: what it sends for it meanwhile must find it.
bool IscsiSession::send_abort(Command& command, uint64_t now) {
  command.abort_deadline = now + settings_.abort_ms;
  command.aborting =
      library_.task_mgmt_async(context_, url_.lun, ISCSI_TM_ABORT_TASK, command.task->itt,
                               command.task->cmdsn, on_abort, &command) == 0;
  return command.aborting;
}

void IscsiSession::service(short revents) {
  const SignalBlock no_signal(SIGPIPE);
  if (context_ != nullptr && revents != 0) {
    if (library_.service(context_, revents) != 0 || ended(revents)) broken_ = true;
  }
  settle();
  if (!broken_) return;
  // Without anything under way nobody waits for a connection.
  if (commands_.empty()) {
    disconnect();
    return;
  }
  reconnect();
  settle();
}

void IscsiSession::settle() {
  const uint64_t now = now_ms();
  for (auto at = commands_.begin(); at != commands_.end();) {
    if (!at->reported) {
      look_at(*at, now);
    } else if (at->aborting && now >= at->abort_deadline) {
      give_up(ETIMEDOUT);
    }
    at = at->reported && !at->aborting ? commands_.erase(at) : std::next(at);
  }
}

void IscsiSession::look_at(Command& command, uint64_t now) {
  if (command.status == SCSI_STATUS_CANCELLED) {
    broken_ = true;  // it is sent again by reconnect()
    return;
  }
  if (command.status) return complete(command);
  if (command.gone) {
    cancel_here(command);
    return command.wanted_aborted ? complete_aborted(command) : fail_command(command, ETIMEDOUT);
  }
  if (now < command.due()) return;
  if (command.abort_deadline == 0) {
    if (context_ != nullptr && send_abort(command, now)) return;
  } else if (now < command.abort_deadline && command.aborting) {
    return;
  }
  // Not even an answer to that: whatever comes later must find nobody.
  fail_command(command, ETIMEDOUT);
  give_up(ETIMEDOUT);
}

// Who gives a command up does not wait for its deadline, nor for a target that does not answer.
uint64_t IscsiSession::Command::due() const {
  return wanted_aborted && abort_deadline != 0 ? std::min(deadline, abort_deadline) : deadline;
}

void IscsiSession::cancel_here(Command& command) {
  if (context_ != nullptr && command.task != nullptr) {
    (void)library_.scsi_cancel_task(context_, command.task);
  }
}

void IscsiSession::complete(Command& command) {
  ScsiCompletion completion;
  const int status = *command.status;
  scsi_task* const task = command.task;
  if (status < 0 || status > UINT8_MAX) {
    completion.error = status == SCSI_STATUS_TIMEOUT ? ETIMEDOUT : EIO;
    return complete(command, completion);
  }
  completion.status = static_cast<uint8_t>(status);
  if (status == kCheckCondition && task != nullptr && task->datain.size > 2) {
    // Behind its length.
    const size_t there = static_cast<size_t>(task->datain.size) - 2;
    const size_t said = static_cast<size_t>(task->datain.data[0] << 8 | task->datain.data[1]);
    const size_t length = std::min({there, said, ScsiCompletion::kMaxSense});
    std::memcpy(completion.sense.data(), task->datain.data + 2, length);
    completion.sense_length = static_cast<uint8_t>(length);
    doubted_ = doubted_ || is_unit_attention(completion.sense_data());
  } else if (!command.request.in.empty()) {
    completion.received = received_by(command);
  } else if (status == SCSI_STATUS_GOOD && left_out(command) > 0) {
    completion.error = EIO;  // "good", of data of which the target did not take all
  }
  complete(command, completion);
}

// Bytes that did not go over, as the target says.
size_t IscsiSession::left_out(const Command& command) {
  const scsi_task* const task = command.task;
  return task->residual_status == SCSI_RESIDUAL_UNDERFLOW ? task->residual : 0;
}

// What a target says is taken for no more than what has come: one that says "good" and sends less would leave us with what
// happened to be in the buffer.
size_t IscsiSession::received_by(const Command& command) const {
  const std::span<uint8_t> in = command.request.in;
  return covered(in.first(in.size() - std::min(in.size(), left_out(command))), mark_);
}

void IscsiSession::complete(Command& command, const ScsiCompletion& completion) {
  completed_.push_back(completion);
  completed_.back().tag = command.request.tag;
  command.reported = true;
  if (command.task != nullptr) library_.free_task(std::exchange(command.task, nullptr));
}

void IscsiSession::complete_aborted(Command& command) {
  ScsiCompletion completion;
  completion.status = kTaskAborted;
  complete(command, completion);
}

void IscsiSession::fail_command(Command& command, int code) {
  ScsiCompletion completion;
  completion.error = code;
  cancel_here(command);
  complete(command, completion);
}

void IscsiSession::reconnect() {
  disconnect();
  const uint64_t until = now_ms() + settings_.reconnect_ms;
  uint64_t pause = 0;
  for (;;) {
    if (pause > 0) pause_ms(pause);
    const Done ok = login();
    if (ok) break;
    const int code = ok.error().code;
    if (code == ESTALE || code == EINTR) return give_up(code);
    pause = std::clamp(pause * 2, kFirstPauseMs, kLongestPauseMs);
    if (now_ms() + pause >= until) return give_up(ECONNRESET);
  }
  broken_ = false;
  for (Command& command : commands_) {
    if (command.reported || command.status != SCSI_STATUS_CANCELLED) continue;
    // Copying, reading and writing twice is doing it once.
    if (command.wanted_aborted) {
      complete_aborted(command);
    } else if (command.times_sent >= kMostTimesSent) {
      fail_command(command, ECONNRESET);
    } else if (!send(command)) {
      broken_ = true;
    }
  }
}

// The unit has reported that something changed.
void IscsiSession::look_again() {
  const Done ok = recognise();
  if (ok) return;
  const int code = ok.error().code;
  if (code == ESTALE || code == EINTR) return give_up(code);
  broken_ = true;
}

void IscsiSession::give_up(int code) {
  dead_ = code;
  broken_ = false;
  disconnect();
  for (Command& command : commands_) {
    if (!command.reported) fail_command(command, code);
  }
}

unsigned IscsiSession::quiet_ms(unsigned most) const {
  const uint64_t now = now_ms();
  uint64_t until = now + most;
  for (const Command& command : commands_) {
    const bool waits = !command.reported && now < command.due();
    until = std::min(until, waits ? command.due() : std::max(command.abort_deadline, now));
  }
  return static_cast<unsigned>(until > now ? until - now : 0);
}

bool IscsiSession::take(ScsiCompletion& completion) {
  if (completed_.empty()) return false;
  completion = completed_.front();
  completed_.pop_front();
  return true;
}

}  // namespace libcopyfile
