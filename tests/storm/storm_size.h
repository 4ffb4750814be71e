// How long a storm lasts, from the environment: COPYFILE_CRASH=full (./check --crash), COPYFILE_STORM_COPIES=N on each file
// system, COPYFILE_CRASH_SEED=N.
#pragma once

#include <cstddef>
#include <cstdint>

namespace libcopyfile::test {

bool storm_is_full();
size_t storm_copies();
uint64_t storm_seed();

}  // namespace libcopyfile::test
