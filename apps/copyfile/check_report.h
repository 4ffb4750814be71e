// What is said of digests, of verification, and of sources that changed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/copy_job.h"

namespace libcopyfile::app {

// The whole sentence of a failure that concerns these; empty where it is about something else.
std::string check_failure(const FileJob& job, const Error& e, const FileReport& report);

// Where verifying had nothing to read from but the page cache: a sentence to be said in any case. Else empty.
std::string check_warning(const FileJob& job, const FileReport& report);

// Lines behind "'a' -> 'b'": where the copy was read back from, how often it began again.
std::string check_lines(const FileReport& report);

// Members of the JSON object of a file.
nlohmann::ordered_json json_of_check(const FileReport& report);

}  // namespace libcopyfile::app
