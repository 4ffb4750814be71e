// Task management (SAM-5 7) and the end of nexuses: which tasks end without an answer, and who is told.
#include "target/device_state.h"
#include "target/mode_pages.h"
#include "wire/sense_codes.h"

namespace libcopyfile::target {

void Device::State::manage(Management function, NexusId nexus, uint64_t lun, uint64_t tag,
                           std::function<void(ManagementResult)> done) {
  const auto found = nexuses.find(nexus, lun);
  if (found.nexus == nullptr || !gate.enter()) return done(ManagementResult::rejected);
  const bool whole_target =
      function == Management::target_warm_reset || function == Management::target_cold_reset;
  if (!whole_target && found.unit == nullptr) {
    done(ManagementResult::no_unit);
    return gate.leave();
  }
  auto result = std::make_shared<ManagementResult>(ManagementResult::complete);
  const auto after = std::make_shared<Afterwards>([this, result, done = std::move(done)] {
    done(*result);
    gate.leave();
  });
  switch (function) {
    case Management::abort_task: {
      auto aborted = found.unit->tasks().abort(
          [&](const Entry& e) { return e.nexus_id == nexus && e.tag == tag; }, after);
      if (aborted.found == 0) *result = ManagementResult::no_task;
      end_aborted(std::move(aborted.not_started));
      break;
    }
    case Management::abort_task_set: {
      auto aborted =
          found.unit->tasks().abort([&](const Entry& e) { return e.nexus_id == nexus; }, after);
      end_aborted(std::move(aborted.not_started));
      break;
    }
    case Management::clear_task_set: {
      auto aborted = found.unit->tasks().abort([](const Entry&) { return true; }, after);
      // TAS 0: the others learn of it by a unit attention only (SAM-5 5.14).
      for (const NexusId other : aborted.nexuses) {
        if (other != nexus) {
          found.unit->attentions().establish_for(other, wire::codes::kCommandsCleared);
        }
      }
      end_aborted(std::move(aborted.not_started));
      break;
    }
    case Management::logical_unit_reset:
      reset(*found.unit, wire::codes::kDeviceReset, after);
      break;
    case Management::target_warm_reset:
    case Management::target_cold_reset: {
      const auto code = function == Management::target_warm_reset ? wire::codes::kBusReset
                                                                  : wire::codes::kPowerOn;
      for (const auto& unit : units_in(nexuses.luns_of(nexus))) reset(*unit, code, after);
      break;
    }
  }
}

// SAM-5 6.3.3: every nexus is told, also the one that asked for it; iscsi-test-cu (MultipathIO.Reset) expects that.
void Device::State::reset(LogicalUnit& unit, wire::SenseCode code,
                          const std::shared_ptr<Afterwards>& after) {
  auto aborted = unit.tasks().abort([](const Entry&) { return true; }, after);
  unit.reservations().reset();
  unit.mode().reset();
  copies->unit_reset(unit);
  unit.attentions().establish(code);
  end_aborted(std::move(aborted.not_started));
}

void Device::State::end_aborted(std::vector<EntryPtr> entries) {
  // start() sees that they were aborted.
  run(std::move(entries));
}

void Device::State::close(NexusId nexus) {
  const auto closed = nexuses.close(nexus);
  if (!closed) return;
  for (const auto& unit : units_in(closed->luns)) abort_tasks_of(*unit, nexus);
  copies->nexus_lost(nexus);
}

void Device::State::abort_tasks_of(LogicalUnit& unit, NexusId nexus) {
  auto aborted = unit.tasks().abort([&](const Entry& e) { return e.nexus_id == nexus; }, nullptr);
  end_aborted(std::move(aborted.not_started));
}

// SPC-4 5.13.11.3: whoever reads GOOD knows that nothing of the preempted nexuses comes any more. Nobody waits: a thread that did
// would be missed by the tasks that it waits for. Their PERSISTENT RESERVE OUT are left alone: they touch no data, and two of
// them would wait for each other.
void Device::State::finish_behind_preempted(const EntryPtr& entry) {
  constexpr uint8_t kPersistentReserveOut = 0x5f;
  const auto after = std::make_shared<Afterwards>([this, entry] {
    std::vector<EntryPtr> ready;
    finish(entry, ready);
    run(std::move(ready));
  });
  for (const NexusId nexus : entry->preempted) {
    auto aborted = entry->unit->tasks().abort(
        [&](const Entry& e) { return e.nexus_id == nexus && e.opcode != kPersistentReserveOut; },
        after);
    end_aborted(std::move(aborted.not_started));
  }
}

}  // namespace libcopyfile::target
