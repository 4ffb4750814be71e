// Finds out whether two open block devices are disks that can be asked to copy.
#pragma once

#include "facts/facts.h"

namespace libcopyfile {

// Into facts.units, or why not into facts.no_units. Nothing is said of what is no pair of block devices. `out_claimed`: `out`
// was opened by Devices::claim(), which nobody can do again.
void read_unit_facts(Files& files, int in, int out, bool out_claimed, Facts& facts);

}  // namespace libcopyfile
