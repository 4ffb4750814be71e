#include "target/command.h"

namespace libcopyfile::target {

std::span<const Command> reservation_commands() { return {}; }

}  // namespace libcopyfile::target
