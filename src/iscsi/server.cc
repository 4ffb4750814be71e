#include "iscsi/server.h"

#include "iscsi/loop.h"

namespace libcopyfile::iscsi {

Server::Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, target::Device& device) {
  auto loop = Loop::start(std::move(options), device);
  if (!loop) return fail(loop.error());
  std::unique_ptr<Server> server(new Server);
  server->loop_ = std::move(*loop);
  return server;
}

Server::~Server() {
  if (loop_ != nullptr) stop(0);
}

std::vector<Portal> Server::portals() const { return loop_->portals; }

std::vector<SessionStatus> Server::sessions() const {
  std::vector<SessionStatus> all;
  loop_->call([&] { all = loop_->statuses(); });
  return all;
}

ServerTotals Server::totals() const {
  ServerTotals all;
  loop_->call([&] { all = loop_->all_totals(); });
  return all;
}

void Server::set_options(ServerOptions options) {
  loop_->call([&] { loop_->replace_options(std::move(options)); });
}

void Server::stop(unsigned seconds) {
  std::promise<void> ended;
  loop_->call([&] { loop_->begin_stop(seconds, [&] { ended.set_value(); }); });
  ended.get_future().wait();
}

unsigned Server::drop(const std::string& initiator) {
  unsigned count = 0;
  loop_->call([&] { count = loop_->drop(initiator); });
  return count;
}

void Server::adopt(Fd connection, const std::string& peer) {
  // A function that is stored must be one that can be copied.
  const auto shared = std::make_shared<Fd>(std::move(connection));
  loop_->post([loop = loop_.get(), shared, peer] { loop->adopt(std::move(*shared), peer); });
}

}  // namespace libcopyfile::iscsi
