// How a task goes through the device: into the task set of its unit, through the checks that all commands have in common, to its
// handler on the thread where that belongs, and back to the front end.
#include <bit>
#include <utility>

#include "target/device_state.h"
#include "target/mode_pages.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {
namespace {

constexpr uint8_t kVariableLength = 0x7f;
constexpr uint8_t kNaca = 0x04;

void give_back_aborted(TaskPtr task) {
  task->aborted = true;
  auto done = std::move(task->done);
  done(std::move(task));
}

// The bits of byte `at` that may be set in a CDB of this command.
uint8_t may_be_set(const Command& command, size_t at) {
  uint8_t bits = command.usage[at];
  if (at == 0) return 0xff;
  if (command.opcode == kVariableLength) {
    // CONTROL, ADDITIONAL CDB LENGTH and the service action.
    if (at == 1 || at == 7 || at == 8 || at == 9) bits = 0xff;
    return bits;
  }
  if (at == 1 && command.service_action) bits |= 0x1f;
  // CONTROL (SAM-5 5.2): vendor specific and obsolete bits mean nothing to us, and NACA has a check of its own.
  if (at + 1 == command.length) bits = 0xff;
  return bits;
}

std::optional<Outcome> misused(const Command& command, wire::View cdb) {
  const size_t control = command.opcode == kVariableLength ? 1 : command.length - size_t{1};
  auto refuse = [](size_t byte, unsigned bit) {
    wire::Sense sense = wire::refusal_of_cdb(wire::codes::kInvalidFieldInCdb, byte);
    sense.pointer->bit = static_cast<uint8_t>(bit);
    return Outcome::refused(std::move(sense));
  };
  // NormACA of the standard INQUIRY data is 0: there is no ACA.
  if ((cdb.u8(control) & kNaca) != 0) return refuse(control, 2);
  for (size_t at = 0; at < std::min<size_t>(command.length, command.usage.size()); ++at) {
    const auto wrong = static_cast<uint8_t>(cdb.u8(at) & ~may_be_set(command, at));
    if (wrong != 0) return refuse(at, static_cast<unsigned>(std::bit_width(wrong)) - 1);
  }
  return std::nullopt;
}

// What is checked of every command before its handler sees it; in the order in which Linux's target does it, too: unit attention,
// the CDB, reservations.
std::optional<Outcome> refused(Entry& entry) {
  using namespace wire::codes;
  const wire::View cdb = entry.task->command();
  bool known_opcode = false;
  entry.command = find_command(cdb, known_opcode);
  if (entry.unit == nullptr && (entry.command == nullptr || !entry.command->without_unit)) {
    return Outcome::refused(kUnitNotSupported);
  }
  const bool past_attention = entry.command != nullptr && entry.command->past_attention;
  if (entry.unit != nullptr && !past_attention) {
    if (const auto code = entry.unit->attentions().take(entry.nexus_id)) {
      return Outcome::refused(*code);
    }
  }
  if (entry.command == nullptr) {
    return Outcome::refused(known_opcode ? wire::refusal_of_cdb(kInvalidFieldInCdb, 1)
                                         : wire::refusal_of_cdb(kInvalidOperation, 0));
  }
  if (auto misuse = misused(*entry.command, cdb)) return misuse;
  if (entry.unit != nullptr) {
    const Status allowed =
        entry.unit->reservations().allows(entry.nexus->nexus, entry.command->need);
    if (allowed != Status::good) return Outcome::of(allowed);
  }
  return std::nullopt;
}

}  // namespace

void Device::State::submit(TaskPtr task) {
  const auto found = nexuses.find(task->nexus, task->lun);
  if (found.nexus == nullptr || !gate.enter()) return give_back_aborted(std::move(task));
  auto entry = std::make_shared<Entry>();
  entry->nexus = found.nexus;
  entry->unit = found.unit;
  entry->nexus_id = task->nexus;
  entry->opcode = task->cdb[0];
  entry->tag = task->tag;
  entry->attribute = task->attribute;
  entry->task = std::move(task);
  if (entry->unit != nullptr) {
    switch (entry->unit->tasks().add(entry)) {
      case TaskSet::Added::start: break;
      case TaskSet::Added::wait:
        // A nexus that was closed between find() and add() has aborted its tasks without this one.
        if (entry->nexus->closed) abort_tasks_of(*entry->unit, entry->nexus_id);
        return;
      case TaskSet::Added::full: {
        TaskPtr refused = std::move(entry->task);
        refused->outcome = Outcome::of(Status::task_set_full);
        auto done = std::move(refused->done);
        done(std::move(refused));
        return gate.leave();
      }
    }
  }
  if (entry->nexus->closed) entry->aborted = true;
  run({entry});
}

void Device::State::run(std::vector<EntryPtr> ready) {
  // A list, not a recursion: a long row of ordered commands would be a deep one.
  for (size_t i = 0; i < ready.size(); ++i) {
    const EntryPtr entry = std::move(ready[i]);
    if (start(entry)) finish(entry, ready);
  }
}

bool Device::State::start(const EntryPtr& entry) {
  if (entry->aborted) return true;
  if (auto refusal = refused(*entry)) {
    entry->task->outcome = std::move(*refusal);
    return true;
  }
  switch (entry->command->where) {
    case Where::here: return handle(*entry, MayBlock::yes);
    case Where::io:
    case Where::copy: return handle(*entry, MayBlock::no) || hand_over(entry);
  }
  return true;
}

bool Device::State::hand_over(const EntryPtr& entry) {
  auto work = [this, entry] {
    carry_out(*entry);
    finish_behind_preempted(entry);
  };
  const bool taken = entry->command->where == Where::copy ? executor->run_copy(std::move(work))
                                                          : executor->run_io(std::move(work));
  if (taken) return false;
  entry->rest = nullptr;
  entry->task->outcome = Outcome::of(Status::task_set_full);
  return true;
}

void Device::State::carry_out(Entry& entry) {
  // The rest is called even if the task was aborted: something waits to be told that it has ended.
  if (const auto rest = std::exchange(entry.rest, nullptr)) {
    entry.task->outcome = rest(entry.aborted);
  } else if (!entry.aborted) {
    handle(entry, MayBlock::yes);
  }
}

bool Device::State::handle(Entry& entry, MayBlock may_block) {
  Context context{
      *device, entry.nexus->nexus, entry.unit.get(), *entry.task, may_block, entry.aborted, {}, {}};
  Handled handled = entry.command->run(context);
  entry.rest = std::move(context.rest);
  if (!handled && may_block == MayBlock::no) return false;
  entry.preempted = std::move(context.preempted);
  // A handler that may block has no reason to put it off.
  entry.task->outcome =
      handled ? std::move(*handled) : Outcome::refused(wire::codes::kInternalFailure);
  return true;
}

void Device::State::finish(const EntryPtr& entry, std::vector<EntryPtr>& ready) {
  TaskPtr task = std::move(entry->task);
  LogicalUnit* const unit = entry->unit.get();
  task->aborted = unit != nullptr ? unit->tasks().settle(*entry) : entry->aborted.load();
  task->descriptor_sense = unit != nullptr && unit->mode().descriptor_sense();
  // Without its data, a command that failed or was aborted would keep memory that nobody sends.
  if (task->aborted || !task->outcome.ok()) task->data_in = TransferBuffer();
  if (unit != nullptr && task->outcome.status == Status::check_condition) {
    unit->counters().errors.fetch_add(1, std::memory_order_relaxed);
  }
  auto done = std::move(task->done);
  done(std::move(task));
  if (unit != nullptr) unit->tasks().end(entry, ready);
  gate.leave();
}

}  // namespace libcopyfile::target
