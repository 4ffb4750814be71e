// Keeps tasks going. What counts is the run of bytes from the first one on that are in place: a task that stops does not let
// those behind it begin anything new, but those before it end what they are for.
//
// A template of which each protocol has one instance, in a file of its own.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "mechanism/judgement.h"
#include "sys/device_queue.h"
#include "wire/bytes.h"

namespace libcopyfile {

template <class Protocol>
class TaskRunner {
 public:
  TaskRunner(const DeviceRun<Protocol>& run, DeviceTasks<Protocol>& tasks)
      : run_(run), tasks_(tasks), task_bytes_(run.first_bytes) {}

  Moved run() {
    for (;;) {
      begin_tasks();
      send_due();
      settle();
      if (active() == 0 && (exhausted_ || stopped() || cancelled_)) break;
      if (std::exchange(answered_, false)) continue;
      if (!wait()) break;
    }
    return result();
  }

 private:
  using Request = typename Protocol::Request;
  using Completion = typename Protocol::Completion;
  using Command = typename Protocol::Command;
  using Reply = typename Protocol::Reply;
  using Task = DeviceTask<Protocol>;
  using Step = DeviceStep<Command>;

  static constexpr uint64_t kMostBytes = uint64_t{256} << 20;
  // A command should take about a second at most: that long a ^C may have to wait, and the kernel's own timeout is 30 s.
  static constexpr uint64_t kFastMs = 250;
  static constexpr uint64_t kSlowMs = 1000;
  static constexpr uint64_t kMostGrowth = 8;
  // How many tasks may be done behind one that is not.
  static constexpr size_t kSlotsBehindAGap = 4;

  // The low bits of a tag: what the command is for.
  enum class Purpose : uint8_t { work, poll, abort };
  static constexpr uint64_t kPurposes = 4;

  struct Sent {
    Command command;
    wire::Bytes in;
    bool under_way = false;
  };

  struct Slot {
    uint64_t sequence = 0;
    std::unique_ptr<Task> task;
    Sent work, poll, abort;
    bool waiting = false;  // `work` is to be sent at `due`
    bool ended = false;    // finished, or stopped
    bool mute = false;     // the device does not answer polls
    uint64_t due = 0;
    uint64_t began = 0;
    uint64_t next_poll = 0;
    uint64_t polled = 0;

    bool over() const { return ended && !work.under_way && !poll.under_way && !abort.under_way; }
    bool complete() const { return task->done() == task->length(); }
    Sent& sent(Purpose purpose) {
      return purpose == Purpose::work ? work : purpose == Purpose::poll ? poll : abort;
    }
  };

  bool stopped() const { return stop_at_ != UINT64_MAX; }

  void begin_tasks() {
    const size_t most_slots = std::max(1U, run_.concurrency);
    while (!stopped() && !cancelled_ && !exhausted_ && active() < most_slots &&
           slots_.size() < most_slots * kSlotsBehindAGap) {
      const uint64_t most = std::max<uint64_t>(1, std::min(task_bytes_, run_.control.chunk()));
      std::unique_ptr<Task> task = tasks_.make(most);
      if (!task) {
        exhausted_ = true;
        return;
      }
      Slot& slot = slots_.emplace_back();
      slot.sequence = next_sequence_++;
      slot.task = std::move(task);
      slot.began = run_.queue.now_ms();
      take(slot, slot.task->first());
    }
  }

  // What a task said.
  void take(Slot& slot, Step step) {
    switch (step.kind) {
      case TaskEnd::Kind::command:
        if (slot.sequence > stop_at_ || cancelled_) {
          slot.ended = true;
          return;
        }
        slot.work.command = std::move(step.command);
        slot.waiting = true;
        slot.due = run_.queue.now_ms() + step.delay_ms;
        return;
      case TaskEnd::Kind::finished:
        slot.ended = true;
        adapt(run_.queue.now_ms() - slot.began);
        return;
      case TaskEnd::Kind::declined:
      case TaskEnd::Kind::failed:
        slot.ended = true;
        if (slot.sequence >= stop_at_) return;
        stop_at_ = slot.sequence;
        stop_ = {step.kind, std::move(step.error), step.scope};
        return;
    }
  }

  void adapt(uint64_t elapsed) {
    // Where the device is much faster than it need be, not step by step: each small command costs a turn.
    const uint64_t growth = elapsed < kFastMs / kMostGrowth ? kMostGrowth : 2;
    if (elapsed < kFastMs)
      task_bytes_ = std::min(task_bytes_ * growth, std::max(kMostBytes, task_bytes_));
    if (elapsed > kSlowMs) task_bytes_ = std::max<uint64_t>(task_bytes_ / 2, 1);
  }

  void send_due() {
    const uint64_t now = run_.queue.now_ms();
    for (Slot& slot : slots_) {
      if (slot.waiting && (slot.sequence > stop_at_ || cancelled_)) {
        slot.waiting = false;
        slot.ended = true;
      }
      if (!slot.waiting || slot.due > now || under_way_ >= run_.queue.depth()) continue;
      slot.waiting = false;
      slot.next_poll = now + run_.poll_ms;
      slot.polled = 0;
      send(slot, Purpose::work);
    }
  }

  static uint64_t tag_of(const Slot& slot, Purpose purpose) {
    return slot.sequence * kPurposes + static_cast<uint64_t>(purpose);
  }

  void send(Slot& slot, Purpose purpose) {
    Sent& sent = slot.sent(purpose);
    sent.in.assign(sent.command.in_length, 0);
    Request request = Protocol::request(sent.command, sent.in);
    request.timeout_ms = run_.timeout_ms;
    request.tag = tag_of(slot, purpose);
    sent.under_way = true;
    ++under_way_;
    Completion completion;
    completion.tag = request.tag;
    if (alone(slot, purpose)) {
      answered_ = true;
      const Result<Completion> answer = run_.queue.transact(request);
      if (answer) completion = *answer;
      if (!answer) completion.error = answer.error().code;
      complete(completion);
      return;
    }
    const Done submitted = run_.queue.submit(request);
    if (submitted) return;
    completion.error = submitted.error().code;
    complete(completion);
  }

  // While this command is under way there is nothing else to do: nothing to send, nothing to ask. Handing each one to another
  // thread and back cost 10 ms a GiB in an emulated machine.
  bool alone(const Slot& slot, Purpose purpose) const {
    return purpose == Purpose::work && run_.concurrency <= 1 && under_way_ == 1 &&
           run_.queue.transacts_here() && !slot.task->poll();
  }

  // Until something happens, or is due. False where the queue itself failed.
  bool wait() {
    const uint64_t now = run_.queue.now_ms();
    uint64_t until = now + run_.poll_ms;
    // What is due and has no place in the queue waits for a completion, like everything else.
    for (const Slot& slot : slots_) {
      if (slot.waiting && slot.due > now) until = std::min(until, slot.due);
    }
    std::array<Completion, 4> completions;
    const auto wait_ms = static_cast<unsigned>(until > now ? until - now : 0);
    const Result<size_t> count = run_.queue.reap(completions, wait_ms);
    if (!count) {
      stop_at_ = 0;
      stop_ = TaskEnd::stop(TaskEnd::Kind::failed, count.error().code, Scope::file, "");
      return false;
    }
    for (size_t i = 0; i < *count; ++i) complete(completions[i]);
    look_after();
    return true;
  }

  void complete(const Completion& completion) {
    const uint64_t sequence = completion.tag / kPurposes;
    const auto purpose = static_cast<Purpose>(completion.tag % kPurposes);
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [&](const Slot& slot) { return slot.sequence == sequence; });
    if (found == slots_.end() || !found->sent(purpose).under_way) return;
    Sent& sent = found->sent(purpose);
    sent.under_way = false;
    --under_way_;
    const Reply reply = Protocol::reply(completion, sent.in);
    if (purpose == Purpose::work) take(*found, found->task->next(reply));
    // What the device did not stop the transport may.
    if (purpose == Purpose::abort && !Protocol::succeeded(reply) && found->work.under_way) {
      (void)run_.queue.abort(tag_of(*found, Purpose::work));
    }
    if (purpose == Purpose::poll) {
      const auto bytes = Protocol::succeeded(reply) ? found->task->polled(reply) : std::nullopt;
      // Asked again and again, a device that does not answer would only be slowed down.
      if (!bytes) found->mute = true;
      if (bytes && found->work.under_way) found->polled = std::max(found->polled, *bytes);
    }
  }

  // Takes what is complete off the front, and tells how far it is.
  void settle() {
    while (!slots_.empty() && slots_.front().over() && slots_.front().complete()) {
      behind_ += slots_.front().task->length();
      slots_.pop_front();
    }
    const uint64_t more = in_place() - told_;
    if (more == 0) return;
    told_ += more;
    if (!run_.control.moved(more)) cancel();
  }

  // The first task that is not complete ends the run of bytes that count.
  uint64_t in_place() const { return behind_ + (slots_.empty() ? 0 : slots_.front().task->done()); }

  size_t active() const {
    return static_cast<size_t>(
        std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.over(); }));
  }

  // Polls what takes long, and asks whether to go on.
  void look_after() {
    const uint64_t now = run_.queue.now_ms();
    bool late = false;
    uint64_t working = 0;
    for (Slot& slot : slots_) {
      working += std::max(slot.task->done(), slot.polled);
      if (!slot.work.under_way || slot.next_poll > now) continue;
      late = true;
      slot.next_poll = now + run_.poll_ms;
      if (slot.mute || slot.poll.under_way || under_way_ >= run_.queue.depth()) continue;
      std::optional<Command> poll = slot.task->poll();
      if (!poll) continue;
      slot.poll.command = std::move(*poll);
      send(slot, Purpose::poll);
    }
    if (!late || run_.watch == nullptr) return;
    if (!run_.watch->working(behind_ + working - told_)) cancel();
  }

  void cancel() {
    if (cancelled_) return;
    cancelled_ = true;
    for (Slot& slot : slots_) {
      if (slot.waiting) {
        slot.waiting = false;
        slot.ended = true;
      }
      if (!slot.work.under_way) continue;
      std::optional<Command> abort = slot.task->abort();
      if (!abort || under_way_ >= run_.queue.depth()) {
        (void)run_.queue.abort(tag_of(slot, Purpose::work));
        continue;
      }
      slot.abort.command = std::move(*abort);
      send(slot, Purpose::abort);
    }
  }

  Moved result() const {
    Moved moved;
    moved.bytes = in_place();
    if (cancelled_) {
      moved.stop = Stop::cancelled;
    } else if (stopped()) {
      moved.stop = stop_.kind == TaskEnd::Kind::failed ? Stop::failed : Stop::declined;
      moved.error = stop_.error;
      moved.scope = stop_.scope;
    } else if (const std::optional<TaskEnd> declined = tasks_.declined()) {
      moved.stop = Stop::declined;
      moved.error = declined->error;
      moved.scope = declined->scope;
    }
    return moved;
  }

  const DeviceRun<Protocol>& run_;
  DeviceTasks<Protocol>& tasks_;
  std::deque<Slot> slots_;  // in the order of their bytes
  uint64_t task_bytes_;
  uint64_t next_sequence_ = 0;
  uint64_t stop_at_ = UINT64_MAX;  // the first task that stopped
  TaskEnd stop_;
  uint64_t behind_ = 0;  // bytes in place before the first slot
  uint64_t told_ = 0;
  unsigned under_way_ = 0;
  bool answered_ = false;  // a command has come back since the last wait
  bool exhausted_ = false;
  bool cancelled_ = false;
};

template <class Protocol>
Moved run_tasks(const DeviceRun<Protocol>& run, DeviceTasks<Protocol>& tasks) {
  return TaskRunner<Protocol>(run, tasks).run();
}

// What a command brings back, tried again as the table of its protocol says. REQUIRES nothing under way.
template <class Protocol>
Result<wire::Bytes> answer_to(typename Protocol::Queue& queue,
                              const typename Protocol::Command& command, unsigned timeout_ms) {
  wire::Bytes in(command.in_length);
  Attempts attempts;
  for (;;) {
    typename Protocol::Request request = Protocol::request(command, in);
    request.timeout_ms = timeout_ms;
    const auto completion = queue.transact(request);
    if (!completion) return fail(completion.error());
    const typename Protocol::Reply reply = Protocol::reply(*completion, in);
    const bool succeeded = Protocol::succeeded(reply);
    if (succeeded && reply.in.size() == in.size()) return in;
    const Judgement judgement =
        succeeded ? Judgement{Reaction::once_more, EIO, Scope::file, "a short read"}
                  : Protocol::judge(reply);
    const auto delay = attempts.again(judgement);
    if (!delay || judgement.action == Reaction::failed) {
      return fail(Error{judgement.code, Op::verify, judgement.reason, {}});
    }
    typename Protocol::Completion none;
    if (const auto slept = queue.reap({&none, 1}, *delay); !slept) return fail(slept.error());
  }
}

}  // namespace libcopyfile
