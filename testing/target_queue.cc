#include "testing/target_queue.h"

#include "sys/system_info.h"

namespace libcopyfile::test {

Done TargetQueue::submit(const ScsiRequest& request) {
  if (sent_.size() >= depth()) return fail(EAGAIN, Op::queue);
  const wire::Bytes cdb(request.cdb.begin(), request.cdb.end());
  const TargetBench::To to = request.unit == Unit::source ? source_ : destination_;
  sent_.push_back({request, bench_.start(cdb, wire::View(request.out),
                                         static_cast<uint32_t>(request.in.size()), to)});
  return {};
}

Result<size_t> TargetQueue::reap(std::span<ScsiCompletion> store, unsigned wait_ms) {
  if (sent_.empty()) {
    sleep_seconds(wait_ms / 1000.0);
    return size_t{0};
  }
  Sent sent = std::move(sent_.front());
  sent_.pop_front();
  const target::TaskPtr task = sent.pending.wait();
  ScsiCompletion& completion = store[0];
  completion = ScsiCompletion{};
  completion.tag = sent.request.tag;
  if (task->aborted) {
    completion.error = ETIMEDOUT;
    return size_t{1};
  }
  completion.status = static_cast<uint8_t>(task->outcome.status);
  const wire::Bytes sense = target::sense_data_of(*task);
  completion.sense_length = static_cast<uint8_t>(sense.size());
  std::copy(sense.begin(), sense.end(), completion.sense.begin());
  completion.received = std::min(task->data_in.size(), sent.request.in.size());
  std::copy_n(task->data_in.span().begin(), completion.received, sent.request.in.begin());
  return size_t{1};
}

uint64_t TargetQueue::now_ms() const { return static_cast<uint64_t>(monotonic_seconds() * 1000); }

}  // namespace libcopyfile::test
