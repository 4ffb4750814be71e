// Our own initiator against our own target, in process: what it sends goes to two units of a bench.
#pragma once

#include <deque>

#include "sys/scsi_queue.h"
#include "testing/target_bench.h"

namespace libcopyfile::test {

// The bench outlives it. Answers come in the order of the commands.
class TargetQueue final : public ScsiQueue {
 public:
  TargetQueue(TargetBench& bench, TargetBench::To source, TargetBench::To destination)
      : bench_(bench), source_(source), destination_(destination) {}

  unsigned depth() const override { return 8; }
  Done submit(const ScsiRequest& request) override;
  Result<size_t> reap(std::span<ScsiCompletion> store, unsigned wait_ms) override;
  uint64_t now_ms() const override;

 private:
  struct Sent {
    ScsiRequest request;
    TargetBench::Pending pending;
  };
  TargetBench& bench_;
  TargetBench::To source_, destination_;
  std::deque<Sent> sent_;
};

}  // namespace libcopyfile::test
