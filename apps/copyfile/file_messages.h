// Why a file was not copied, in a sentence that users of cp know where cp has one.
#pragma once

#include <string>

#include "copyfile/context.h"

namespace libcopyfile::app {

// A message, and the errno behind its colon; 0: none.
struct Message {
  std::string text;
  int code = 0;
};

// Of a file that the engine could not copy, with its names in the job. The report is as far as it went.
Message file_failure(Context& context, const FileJob& job, const Error& e,
                     const FileReport& report);
// "cannot create regular file 'to'"
std::string creating(const std::string& to);
// Of what is there and complete.
std::string not_durable(const std::string& to);

}  // namespace libcopyfile::app
