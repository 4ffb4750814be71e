// A few threads that each serve one connection after the other: as many at once as there are threads, whoever connects.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "sys/local_socket.h"
#include "sys/thread.h"

namespace libcopyfile::daemon {

class Connections {
 public:
  // `serve` is called with the socket and the fd of a StopSignal, and returns when the connection is to be closed. Called by several
  // threads at once.
  using Serve = std::function<void(int socket, int stop)>;
  static Result<std::unique_ptr<Connections>> start(Fd listener, unsigned threads, Serve serve);
  // Ends what is under way.
  ~Connections();
  uint16_t port() const { return local_port(listener_.get()); }

 private:
  Connections(Fd listener, StopSignal stop, Serve serve)
      : listener_(std::move(listener)), stop_(std::move(stop)), serve_(std::move(serve)) {}
  void run();

  Fd listener_;
  StopSignal stop_;
  Serve serve_;
  std::vector<Thread> threads_;  // last: joined first
};

}  // namespace libcopyfile::daemon
