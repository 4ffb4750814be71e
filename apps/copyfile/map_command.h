// `copyfile map`.
#pragma once

namespace libcopyfile::app {

// argv[0] is "map". The exit status: 0, 1 if a file could not be mapped or the output not be written, 2 for wrong usage.
int map_command(int argc, char** argv);

}  // namespace libcopyfile::app
