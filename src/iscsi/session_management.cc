// Task management (RFC 7143, 11.5 and 4.2.3.3): commands that the device has end there; those that still wait for their data end
// here, when the data that we asked for have come.
#include "iscsi/connection.h"
#include "iscsi/session.h"

namespace libcopyfile::iscsi {

using target::Management;
using target::ManagementResult;
using wire::iscsi::RejectReason;
using wire::iscsi::TaskFunction;
using wire::iscsi::TaskManagementRequest;

namespace {

// 11.6.1
constexpr uint8_t kComplete = 0, kNoTask = 1, kNoUnit = 2, kNoReassignment = 4, kNotSupported = 5,
                  kRejected = 255;
constexpr size_t kMostManaging = 64;

uint8_t response_for(ManagementResult result) {
  switch (result) {
    case ManagementResult::complete: return kComplete;
    case ManagementResult::no_task: return kNoTask;
    case ManagementResult::no_unit: return kNoUnit;
    case ManagementResult::not_supported: return kNotSupported;
    case ManagementResult::rejected: return kRejected;
  }
  return kRejected;
}

// Whether `a` comes before `b`, as numbers that begin again do (RFC 1982).
bool before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

}  // namespace

void Session::manage(const ReceivedPdu& pdu) {
  const auto request = wire::iscsi::decode<TaskManagementRequest>(pdu.header);
  if (managing_.size() >= kMostManaging) return reject(pdu, RejectReason::too_many_immediate);
  Managing& managing = managing_[next_managing_++];
  managing.tag = request.tag;
  switch (static_cast<TaskFunction>(request.function)) {
    case TaskFunction::abort_task: manage_task(request, managing); break;
    case TaskFunction::abort_task_set:
      manage_many(request, Management::abort_task_set, managing);
      break;
    case TaskFunction::clear_task_set:
      manage_many(request, Management::clear_task_set, managing);
      break;
    case TaskFunction::logical_unit_reset:
      manage_many(request, Management::logical_unit_reset, managing);
      break;
    case TaskFunction::target_warm_reset:
      manage_many(request, Management::target_warm_reset, managing);
      break;
    case TaskFunction::target_cold_reset:
      manage_many(request, Management::target_cold_reset, managing);
      break;
    case TaskFunction::task_reassign: managing.response = kNoReassignment; break;
    default: managing.response = kNotSupported; break;
  }
  answer_managed();
}

void Session::manage_task(const TaskManagementRequest& request, Managing& managing) {
  const auto found = commands_.find(request.referenced_tag);
  if (found == commands_.end()) {
    // 11.5.1: a command that was sent before and has not come is taken for received, and will not be carried out.
    const bool missing = in_window(request.referenced_cmd_sn) &&
                         !held_.contains(request.referenced_cmd_sn) &&
                         before(request.referenced_cmd_sn, request.numbers.cmd_sn);
    managing.response = missing ? kComplete : kNoTask;
    if (!missing) return;
    held_.emplace(request.referenced_cmd_sn, Held{});
    return advance();
  }
  Command& command = *found->second;
  if (command.lun != request.lun) {
    managing.response = kNoTask;
    return;
  }
  if (command.submitted)
    return ask_device(managing, Management::abort_task, request.lun, command.tag);
  managing.waits_for.insert(command.tag);
  abort(command);
}

void Session::manage_many(const TaskManagementRequest& request, Management function,
                          Managing& managing) {
  const bool whole_target =
      function == Management::target_warm_reset || function == Management::target_cold_reset;
  if (!whole_target && hub_.device.unit_of(nexus_, request.lun) == nullptr) {
    managing.response = kNoUnit;
    return;
  }
  std::vector<Command*> concerned;
  for (const auto& [tag, command] : commands_) {
    // What was sent after the request is none of its business.
    const bool later = !command->delivered && !command->immediate &&
                       !before(command->cmd_sn, request.numbers.cmd_sn);
    if (!command->submitted && !later && (whole_target || command->lun == request.lun)) {
      concerned.push_back(command.get());
      managing.waits_for.insert(tag);
    }
  }
  for (Command* const command : concerned) abort(*command);
  if (function != Management::abort_task_set) hub_.abort_elsewhere(*this, function, request.lun);
  ask_device(managing, function, request.lun, 0);
}

void Session::ask_device(Managing& managing, Management function, uint64_t lun, uint32_t tag) {
  managing.device = true;
  ++under_way_;
  const uint64_t number = next_managing_ - 1;
  hub_.device.manage(function, nexus_, lun, tag, [this, number](ManagementResult result) {
    hub_.post([this, number, result] { managed(number, result); });
  });
}

void Session::managed(uint64_t number, ManagementResult result) {
  --under_way_;
  const auto found = managing_.find(number);
  if (found == managing_.end() || connection_ == nullptr) return;
  found->second.device = false;
  found->second.response = response_for(result);
  answer_managed();
}

// Nothing of it is kept but what tells its data from another command's.
void Session::abort(Command& command) {
  if (!std::exchange(command.aborted, true)) command.moved = hub_.now;
  // A data segment on its way goes on into its memory: data_moved() comes back here behind it.
  if (filling_ == &command) return;
  command.lease.reset();
  command.task->data_out = target::TransferBuffer();
  // One whose turn has not come keeps its place until it does.
  if (!command.waits_for_data() && (command.delivered || command.immediate)) end(command);
}

void Session::abort_collecting(target::LogicalUnit& unit) {
  std::vector<Command*> concerned;
  for (const auto& [tag, command] : commands_) {
    if (command->submitted || command->aborted) continue;
    if (hub_.device.unit_of(nexus_, command->lun).get() == &unit)
      concerned.push_back(command.get());
  }
  for (Command* const command : concerned) abort(*command);
  submit_ready();
}

void Session::answer_managed() {
  if (connection_ == nullptr) return;
  for (auto i = managing_.begin(); i != managing_.end();) {
    Managing& managing = i->second;
    std::erase_if(managing.waits_for, [&](uint32_t tag) {
      const auto found = commands_.find(tag);
      return found == commands_.end() || !found->second->aborted ||
             !found->second->waits_for_data();
    });
    if (managing.device || !managing.waits_for.empty()) {
      ++i;
      continue;
    }
    wire::iscsi::TaskManagementResponse response;
    response.response = managing.response;
    response.tag = managing.tag;
    response.numbers = status_numbers();
    connection_->send(encode(response));
    i = managing_.erase(i);
  }
  // An ordered command may have waited for one that was aborted.
  submit_ready();
}

}  // namespace libcopyfile::iscsi
