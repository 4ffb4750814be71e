#include "target/command.h"

namespace libcopyfile::target {
namespace {

Handled test_unit_ready(Context& /*context*/) { return Outcome::good(); }

constexpr Command kCommands[] = {
    {.opcode = 0x00,
     .length = 6,
     .name = "TEST UNIT READY",
     .need = Need::reading,
     .run = test_unit_ready},
};

}  // namespace

std::span<const Command> primary_commands() { return kCommands; }

}  // namespace libcopyfile::target
