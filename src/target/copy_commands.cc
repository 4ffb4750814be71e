#include "target/command.h"

namespace libcopyfile::target {

std::span<const Command> copy_commands() { return {}; }

}  // namespace libcopyfile::target
