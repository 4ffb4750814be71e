#include "target/command.h"

namespace libcopyfile::target {

std::span<const Command> block_commands() { return {}; }

}  // namespace libcopyfile::target
