#include <sys/stat.h>

#include <cstring>

#include "copyfile/context.h"
#include "copyfile/interrupt.h"
#include "copyfile/map_command.h"
#include "copyfile/messages.h"
#include "copyfile/store_command.h"

int main(int argc, char** argv) {
  using namespace libcopyfile::app;
  set_program_name(argv[0]);
  // Asking for the umask means setting it: here, before any thread.
  const mode_t mask = ::umask(022);
  ::umask(mask);
  // To cp, the names of the subcommands are names of files.
  const char* verb = argc > 1 && !is_cp() ? argv[1] : "";
  if (std::strcmp(verb, "probe") == 0) return probe_command(argc - 1, argv + 1);
  if (std::strcmp(verb, "sweep") == 0) return sweep_command(argc - 1, argv + 1);
  if (std::strcmp(verb, "map") == 0) return map_command(argc - 1, argv + 1);
  if (std::strcmp(verb, "store") == 0) return store_command(argc - 1, argv + 1);
  const int status = std::strcmp(verb, "range") == 0 ? range_command(argc - 1, argv + 1, mask)
                                                     : copy_command(argc, argv, mask);
  end_by_signal();
  return status;
}
