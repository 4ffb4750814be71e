// The handlers of the commands of SBC-3 that concern blocks; block_commands.cc has their rows.
#pragma once

#include "target/command.h"

namespace libcopyfile::target {

// read_write.cc
Handled read_blocks(Context& context);
Handled write_blocks(Context& context);
// verify.cc
Handled verify_blocks(Context& context);
Handled write_and_verify(Context& context);
// one_step.cc
Handled or_write(Context& context);
Handled compare_and_write(Context& context);
// block_cache.cc
Handled prefetch_blocks(Context& context);
Handled synchronize_cache(Context& context);
// write_same.cc
Handled write_same(Context& context);
// unmap.cc
Handled unmap(Context& context);
// lba_status.cc
Handled get_lba_status(Context& context);

}  // namespace libcopyfile::target
