// Third-party copy commands for a target bench: as initiators send them.
#pragma once

#include "testing/target_bench.h"
#include "wire/cdb.h"
#include "wire/extended_copy.h"
#include "wire/rod_token.h"

namespace libcopyfile::test {

// What a task ended with, in one comparable value.
struct Ending {
  target::Status status = target::Status::good;
  wire::SenseCode code;
  bool operator==(const Ending&) const = default;
};
Ending ending_of(const target::Task& task);
Ending refused_with(wire::SenseCode code);
// For messages of tests: "02 5/26/00". GoogleTest finds it by this name.  NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const Ending& ending, std::ostream* out);

// Bytes that are different everywhere and for every seed.
wire::Bytes pattern(uint64_t length, uint8_t seed);

class CopyBench : public TargetBench {
 public:
  using TargetBench::TargetBench;

  // A descriptor that names the unit as sg_xcopy, QEMU and libiscsi do.
  wire::Cscd cscd(unsigned unit_number);
  // From the first to the second of two units (or one and the same), a segment 02h each.
  wire::CopyList list(std::vector<wire::BlockSegment> segments, unsigned source = 0,
                      unsigned destination = 1);

  target::TaskPtr copy(const wire::CopyList& list, To to);
  target::TaskPtr copy(const wire::CopyList& list) { return copy(list, To{}); }
  Pending start_copy(const wire::CopyList& list, To to);

  target::TaskPtr populate(const wire::PopulateToken& list, uint32_t list_id, To to);
  target::TaskPtr write(const wire::WriteUsingToken& list, uint32_t list_id, To to);
  Pending start_write(const wire::WriteUsingToken& list, uint32_t list_id, To to);
  target::TaskPtr receive(wire::CopyIn action, uint32_t list_id, To to,
                          uint32_t allocation_length = 1024);
  target::TaskPtr abort(uint32_t list_id, To to);

  // A token for these blocks, all the way; an all-zero one where it was not made.
  wire::Token token(std::vector<wire::BlockRange> ranges, To to);
  std::optional<wire::TokenInformation> information(uint32_t list_id, To to);
  std::optional<wire::OperationStatus> status(uint32_t list_id, To to);
  // Writes these blocks from the beginning of the token; the ending of the command.
  Ending write(const wire::Token& token, std::vector<wire::BlockRange> ranges, To to,
               uint64_t offset = 0);
  // Asks until the operation has ended.
  wire::OperationStatus ended(uint32_t list_id, To to);

  wire::Bytes bytes(unsigned unit_number, uint64_t lba, uint64_t blocks);
  void fill(unsigned unit_number, uint64_t lba, uint64_t blocks, uint8_t seed);

 private:
  uint32_t next_list_ = 0x1000;
};

}  // namespace libcopyfile::test
