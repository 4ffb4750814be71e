#include "target/command.h"

namespace libcopyfile::target {

std::span<const Command> primary_commands() { return {}; }

}  // namespace libcopyfile::target
