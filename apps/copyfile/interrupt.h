// SIGINT, SIGTERM and SIGHUP while a copy runs: the copy is asked to stop at the next chunk, leaves nothing behind, and then
// the process ends by the same signal, as its parent expects.
#pragma once

namespace libcopyfile::app {

// Installs the handlers; signals that were ignored (nohup(1)) stay ignored.
void catch_interrupts();
bool interrupted();
// Ends the process by the signal that came. Does nothing if none came.
void end_by_signal();

}  // namespace libcopyfile::app
