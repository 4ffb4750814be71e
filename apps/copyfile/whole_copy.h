// Copies that are no matter of trees: all of one thing to another that has no name of its own to give.
#pragma once

#include <string>

#include "copyfile/context.h"

namespace libcopyfile::app {

// All of `from` into `to`, which is written in place: what `copyfile range FROM TO ::` does, and durable by default. Either may be
// a URL. An exit status; all has been told.
int copy_whole(Context& context, const std::string& from, const std::string& to);

// Whether one of the operands is the URL of a logical unit.
bool names_a_unit(const Options& options);
// SOURCE DEST, of which at least one is such a URL.
int copy_unit(Context& context);

}  // namespace libcopyfile::app
