// `copyfile store`.
#pragma once

namespace libcopyfile::app {

// argv[0] is "store", argv[1] what to do with a repository. The exit status: 0, 1 if something was not done or is damaged, 2
// for wrong usage.
int store_command(int argc, char** argv);

}  // namespace libcopyfile::app
