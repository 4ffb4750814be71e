#include "target/command.h"
#include "target/device.h"

namespace libcopyfile::target {
namespace {

// The parameter list, whose length stands at the same place in all of them, is what goes over.
void takes_list(Context& context) { context.task.transfer_length = context.cdb().be32(10); }

Handled extended_copy_lid1(Context& context) {
  takes_list(context);
  return context.device.copies().extended_copy(context, false);
}

Handled extended_copy_lid4(Context& context) {
  takes_list(context);
  return context.device.copies().extended_copy(context, true);
}

Handled populate_token(Context& context) {
  takes_list(context);
  return context.device.copies().populate_token(context);
}

Handled write_using_token(Context& context) {
  takes_list(context);
  return context.device.copies().write_using_token(context);
}

Handled copy_operation_abort(Context& context) {
  return context.device.copies().abort_operation(context);
}

Handled receive(Context& context) { return context.device.copies().receive_results(context); }

constexpr std::array<uint8_t, 16> usage_of_list(uint8_t action) {
  return {0x83, action, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x07};
}
constexpr std::array<uint8_t, 16> usage_of_token(uint8_t action) {
  return {0x83, action, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x07};
}
// LID1 has one byte for the list identifier, LID4 four of them.
constexpr std::array<uint8_t, 16> usage_of_results(uint8_t action, unsigned id_bytes) {
  std::array<uint8_t, 16> usage{0x84, action, 0,    0,    0,    0,    0, 0,
                                0,    0,      0xff, 0xff, 0xff, 0xff, 0, 0x07};
  for (unsigned i = 0; i < id_bytes; ++i) usage[2 + i] = 0xff;
  return usage;
}

// EXTENDED COPY names its units itself; what holds for them is looked at segment by segment.
constexpr Command kCommands[] = {
    {0x83, 0x00, 16, usage_of_list(0x00), "EXTENDED COPY(LID1)", Need::writing, Where::copy, false,
     false, extended_copy_lid1},
    {0x83, 0x01, 16, usage_of_list(0x01), "EXTENDED COPY(LID4)", Need::writing, Where::copy, false,
     false, extended_copy_lid4},
    {0x83, 0x10, 16, usage_of_token(0x10), "POPULATE TOKEN", Need::reading, Where::copy, false,
     false, populate_token},
    {0x83, 0x11, 16, usage_of_token(0x11), "WRITE USING TOKEN", Need::writing, Where::copy, false,
     false, write_using_token},
    {0x83,
     0x1c,
     16,
     {0x83, 0x1c, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x07},
     "COPY OPERATION ABORT",
     Need::nothing,
     Where::here,
     false,
     false,
     copy_operation_abort},
    {0x84, 0x00, 16, usage_of_results(0x00, 1), "RECEIVE COPY STATUS(LID1)", Need::nothing,
     Where::here, false, false, receive},
    {0x84, 0x03, 16, usage_of_results(0x03, 0), "RECEIVE COPY OPERATING PARAMETERS", Need::nothing,
     Where::here, false, false, receive},
    {0x84, 0x04, 16, usage_of_results(0x04, 1), "RECEIVE COPY FAILURE DETAILS(LID1)", Need::nothing,
     Where::here, false, false, receive},
    {0x84, 0x05, 16, usage_of_results(0x05, 4), "RECEIVE COPY STATUS(LID4)", Need::nothing,
     Where::here, false, false, receive},
    {0x84, 0x07, 16, usage_of_results(0x07, 4), "RECEIVE ROD TOKEN INFORMATION", Need::nothing,
     Where::here, false, false, receive},
    {0x84, 0x08, 16, usage_of_results(0x08, 0), "REPORT ALL ROD TOKENS", Need::nothing, Where::here,
     false, false, receive},
};

}  // namespace

std::span<const Command> copy_commands() { return kCommands; }

}  // namespace libcopyfile::target
