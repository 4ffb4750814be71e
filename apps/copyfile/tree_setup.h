// From what was said to what src/tree/ is told.
#pragma once

#include "copyfile/context.h"
#include "tree/tree_options.h"

namespace libcopyfile::app {

TreeOptions tree_options(Context& context);
// What may be open at a time, by what this process may have open.
void limit_descriptors(size_t roots, TreeOptions& options);

// -Z, --context and --preserve=context, as far as this kernel has SELinux. False if it can't be as asked, which has been told.
bool set_up_context(Context& context);

}  // namespace libcopyfile::app
