// One EXTENDED COPY command (SPC-4 6.4, 6.5), decoded: its segments in their order, between units that its initiator sees.
#pragma once

#include "target/copy_state.h"

namespace libcopyfile::target {

// One thread. Keeps the units that it names.
class ExtendedCopy {
 public:
  // `units`: those that the initiator sees; no others are found, whatever they are called.
  ExtendedCopy(wire::CopyList list, const LunMap& units, Nexus nexus, uint32_t max_segment_length);

  // Of what can't be carried out at all, before anything is.
  wire::Decoded<void> check() const;
  uint64_t total() const;  // bytes, as far as they are known
  // Of the first segment that has them; null where there is none.
  std::shared_ptr<LogicalUnit> source() const;
  std::shared_ptr<LogicalUnit> destination() const;

  OperationResult run(CopyRun& run, Operation& operation) const;

 private:
  struct Found {
    std::shared_ptr<LogicalUnit> unit;
    wire::SenseCode why_not;
  };
  struct Plan {
    LogicalUnit* from = nullptr;
    LogicalUnit* to = nullptr;
    uint64_t from_offset = 0;
    Range destination;
  };
  using Planned = wire::Decoded<Plan>;

  static Found find(const wire::Cscd& cscd, const LunMap& units);
  wire::Decoded<LogicalUnit*> unit_at(uint16_t index) const;
  Planned between(uint16_t source, uint16_t destination) const;
  Planned plan(const wire::Segment& segment) const;
  Planned plan(const wire::BlockSegment& segment) const;
  Planned plan(const wire::ByteSegment& segment) const;
  Planned checked(Plan plan, uint64_t source_lba, uint64_t source_offset, uint64_t destination_lba,
                  uint64_t destination_offset, uint64_t bytes) const;
  std::optional<wire::Sense> reserved(const Plan& plan) const;
  std::optional<OperationResult> run(const wire::Segment& segment, CopyRun& run,
                                     std::vector<LogicalUnit*>& written) const;

  wire::CopyList list_;
  std::vector<Found> cscds_;
  Nexus nexus_;
  uint32_t max_segment_length_;
};

}  // namespace libcopyfile::target
