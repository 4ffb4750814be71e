// What a daemon hears from and tells its service manager: signals, and sd_notify(3) without its library.
#pragma once

#include <initializer_list>
#include <string>

#include "base/error.h"

namespace libcopyfile {

// Blocks these signals in the calling thread and in all that it starts from now on; they are then taken by wait_for_signal(). Before
// any other thread: a signal goes to whichever does not block it.
Done block_signals(std::initializer_list<int> signals);
// The next of them.
int wait_for_signal(std::initializer_list<int> signals);
// Sends this process a signal: wakes wait_for_signal().
void signal_self(int signal);

// Tells the service manager (systemd: NOTIFY_SOCKET) lines like "READY=1"; nothing happens where there is none.
Done notify_service_manager(const std::string& state);

}  // namespace libcopyfile
