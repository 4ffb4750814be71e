#include "copyfile-target/connections.h"

namespace libcopyfile::daemon {

Result<std::unique_ptr<Connections>> Connections::start(Fd listener, unsigned threads,
                                                        Serve serve) {
  Result<StopSignal> stop = StopSignal::create();
  if (!stop) return fail(stop.error());
  std::unique_ptr<Connections> made(
      new Connections(std::move(listener), std::move(*stop), std::move(serve)));
  for (unsigned i = 0; i < threads; ++i) {
    Result<Thread> thread = Thread::start([connections = made.get()] { connections->run(); });
    if (!thread) return fail(thread.error());
    made->threads_.push_back(std::move(*thread));
  }
  return made;
}

Connections::~Connections() {
  stop_.raise();
  threads_.clear();
}

void Connections::run() {
  for (;;) {
    const Result<Fd> socket = accept_connection(listener_.get(), stop_.fd());
    if (!socket) return;
    serve_(socket->get(), stop_.fd());
  }
}

}  // namespace libcopyfile::daemon
