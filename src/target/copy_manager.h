// The copy manager: EXTENDED COPY (LID1, LID4), tokens, and what becomes of each operation (SPC-4 5.16, SBC-3 4.22). Turns what
// initiators ask for into copies between images.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/image.h"
#include "target/task.h"
#include "wire/copy_results.h"
#include "wire/third_party_copy.h"

namespace libcopyfile::target {

class LogicalUnit;
struct Context;

// What is announced (VPD 8Fh, RECEIVE COPY OPERATING PARAMETERS) and kept to.
struct CopyLimits {
  uint16_t max_cscds = 16;
  uint16_t max_segments = 256;
  uint32_t max_list_length =
      16384;  // descriptors of both kinds; see offload notes on DescrLimits for the lower bounds
  uint32_t max_segment_length = 1U << 30;  // bytes
  uint16_t max_ranges = 64;  // of POPULATE TOKEN and WRITE USING TOKEN: Windows uses no more
  uint32_t default_token_timeout = 60;  // seconds without use
  uint32_t max_token_timeout = 600;
  uint64_t max_token_bytes = uint64_t{1} << 40;
  uint64_t optimal_token_bytes = uint64_t{256} << 20;
  unsigned max_tokens_per_initiator = 256;
  // What all of an initiator's tokens stand for: each holds on to blocks that may have been written anew meanwhile.
  uint64_t max_token_bytes_per_initiator = uint64_t{4} << 40;
  // WRITE USING TOKEN in the foreground tells how far it came after so long: Windows gives an offload write 4 s.
  double token_write_seconds = 3;
  unsigned max_results_per_nexus = 64;
  unsigned concurrent = 64;
};

// A copy that is under way or has ended a moment ago, for ctl and the metrics.
struct CopyStatus {
  uint64_t number = 0;
  std::string initiator, source, destination, command;  // names of units; "EXTENDED COPY(LID1)"
  uint64_t bytes = 0, total = 0;
  CopyAccount account;
  double seconds = 0;
  bool running = true;
  int error = 0;
};

class Device;

// Any thread at any time.
class CopyManager {
 public:
  CopyManager(Device& device, const CopyLimits& limits);
  ~CopyManager();

  const CopyLimits& limits() const;
  wire::OperatingParameters operating_parameters() const;
  wire::ThirdPartyCopy page_for(const LogicalUnit& unit) const;  // VPD 8Fh

  // The commands; called by copy_commands.cc.
  std::optional<Outcome> extended_copy(Context& context, bool lid4);
  std::optional<Outcome> populate_token(Context& context);
  std::optional<Outcome> write_using_token(Context& context);
  Outcome abort_operation(Context& context);  // COPY OPERATION ABORT
  Outcome receive_results(Context& context);  // 84h, every service action

  void nexus_lost(NexusId nexus);  // results go; tokens stay until they time out
  void unit_reset(LogicalUnit& unit);
  void unit_removed(LogicalUnit& unit);  // its tokens are revoked
  std::vector<CopyStatus> copies() const;
  struct Totals {
    uint64_t copies = 0, shared = 0, moved = 0, zeroed = 0, failed = 0, tokens = 0, tokens_now = 0;
  };
  Totals totals() const;
  // Every copy under way is told to stop; returns when none runs.
  void stop();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace libcopyfile::target
