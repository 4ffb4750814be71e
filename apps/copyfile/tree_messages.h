// Why something of a tree was not copied, as cp(1) says it.
#pragma once

#include "copyfile/file_messages.h"
#include "tree/tree_job.h"

namespace libcopyfile::app {

Message tree_failure(Context& context, const TreeItem& item, const TreeFailure& failure);

// Whether cp -v has named the item before it fails like this.
bool fails_after_it_is_named(const Options& options, const TreeItem& item,
                             const TreeFailure& failure);

}  // namespace libcopyfile::app
