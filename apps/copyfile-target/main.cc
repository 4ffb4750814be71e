#include <sys/stat.h>

#include <cstring>

#include "copyfile-target/options.h"
#include "copyfile/messages.h"

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
  return parsed.options ? daemon::serve(*parsed.options) : parsed.exit;
}
