#include <malloc.h>
#include <sys/stat.h>

#include <cstring>

#include "copyfile-target/options.h"
#include "copyfile/messages.h"

namespace {

// The data of commands come and go by the megabyte. Taken from the kernel and given back each time, they cost more by page faults
// than by copying them: reads of 1 MiB went at 190 MB/s instead of 330.
void keep_memory() {
  // No other thread is there yet.  NOLINTBEGIN(concurrency-mt-unsafe)
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 20);
  // NOLINTEND(concurrency-mt-unsafe)
}

}  // namespace

int main(int argc, char** argv) {
  using namespace libcopyfile;
  app::set_program_name(argv[0]);
  // What it makes is for its user alone: the control socket's directory, reservations.
  ::umask(077);
  if (argc > 1 && std::strcmp(argv[1], "ctl") == 0) {
    app::set_verb("ctl");
    const auto parsed = daemon::parse_ctl_options(argc - 1, argv + 1);
    return parsed.options ? daemon::ctl(*parsed.options) : parsed.exit;
  }
  const auto parsed = daemon::parse_serve_options(argc, argv);
  keep_memory();
  return parsed.options ? daemon::serve(*parsed.options) : parsed.exit;
}
