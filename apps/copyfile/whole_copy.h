// Copies that are no matter of trees: all of one thing to another that has no name of its own to give.
#pragma once

#include <string>

#include "copyfile/context.h"

namespace libcopyfile::app {

// All of `from` into `to`, which is written in place: what `copyfile range FROM TO ::` does, and durable by default. Either may be
// a logical unit. An exit status; all has been told.
int copy_whole(Context& context, const std::string& from, const std::string& to);

// Whether what is to be copied, or overwritten, is a logical unit: by a URL, or by a SCSI generic node.
bool names_a_unit(Context& context);
// SOURCE DEST, of which at least one is one.
int copy_unit(Context& context);

}  // namespace libcopyfile::app
