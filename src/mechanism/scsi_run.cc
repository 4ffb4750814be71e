#include <algorithm>
#include <string>

#include "mechanism/device_run.h"
#include "mechanism/scsi_sense.h"
#include "sys/system_info.h"

namespace libcopyfile {

ScsiRequest ScsiProtocol::request(const ScsiCommand& command, std::span<uint8_t> in) {
  ScsiRequest request;
  request.unit = command.unit;
  request.cdb = command.cdb.view().span();
  request.out = command.out;
  request.in = in;
  return request;
}

ScsiReply ScsiProtocol::reply(const ScsiCompletion& completion, wire::View in) {
  ScsiReply reply;
  reply.error = completion.error;
  reply.status = completion.status;
  reply.sense = wire::decode_sense(wire::View(completion.sense_data()));
  reply.in = in.part(0, completion.received);
  return reply;
}

bool ScsiProtocol::succeeded(const ScsiReply& reply) { return libcopyfile::succeeded(reply); }
Judgement ScsiProtocol::judge(const ScsiReply& reply) { return libcopyfile::judge(reply); }

Moved run_scsi_tasks(const ScsiRun& run, ScsiTasks& tasks) { return run_tasks(run, tasks); }

uint32_t first_list_id() {
  constexpr int kHexadecimal = 16;
  const std::string digits = random_name().substr(0, 8);
  return std::max(1U, static_cast<uint32_t>(std::stoul(digits, nullptr, kHexadecimal)));
}

Result<wire::Bytes> answer_to(ScsiQueue& queue, const ScsiCommand& command, unsigned timeout_ms) {
  return answer_to<ScsiProtocol>(queue, command, timeout_ms);
}

}  // namespace libcopyfile
