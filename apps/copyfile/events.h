// What is told of one name that was copied or was not: in lines for people, or as one JSON object.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "copyfile/context.h"
#include "copyfile/file_messages.h"
#include "tree/tree_job.h"

namespace libcopyfile::app {

// The two names, as they were typed or met.
struct Pair {
  const std::string& from;
  const std::string& to;
};

// "'a' -> 'b'", with " (backup: 'b~')" where there is one.
void announce(const Context& context, const Pair& pair, std::string_view backup = {});

// What moved, behind that line; `file` is null where the destination is a device or a pipe.
void tell_copied(const Context& context, const Pair& pair, const Facts& facts,
                 const DataOutcome& data, uint64_t size, const FileReport* file);
// To standard error, and as an event.
void tell_failed(const Context& context, const Pair& pair, const Message& message);
// Other events, for --json only.
void tell_event(const Context& context, const char* event, const Pair& pair, const char* key,
                std::string_view value);
void tell_made(const Context& context, const Pair& pair, Made what, std::span<const Loss> losses);
// What came of all.
void tell_summary(const Context& context, const TreeReport& report, size_t roots);

}  // namespace libcopyfile::app
