// One queue over the sessions of the two units: it waits for both at once.
#include <poll.h>

#include <algorithm>
#include <array>

#include "sys/iscsi_session.h"

namespace libcopyfile {
namespace {

// What a target lets an initiator have under way is its own affair (MaxCmdSN); libiscsi holds the rest back.
constexpr unsigned kDepth = 32;
// What is under way at the end is waited for in slices.
constexpr unsigned kSliceMs = 1000;

class IscsiQueue final : public ScsiQueue {
 public:
  IscsiQueue(IscsiSession& source, IscsiSession& destination)
      : source_(source), destination_(destination) {}

  ~IscsiQueue() override {
    ScsiCompletion completion;
    while (source_.under_way() + destination_.under_way() > 0) {
      if (!take(completion)) wait(kSliceMs);
    }
  }

  unsigned depth() const override { return kDepth; }

  Done submit(const ScsiRequest& request) override { return session(request.unit).submit(request); }

  bool abort(uint64_t tag) override { return source_.abort(tag) || destination_.abort(tag); }

  Result<size_t> reap(std::span<ScsiCompletion> store, unsigned wait_ms) override {
    const uint64_t until = now_ms() + wait_ms;
    for (bool looked = false;; looked = true) {
      size_t count = 0;
      while (count < store.size() && take(store[count])) ++count;
      const uint64_t now = now_ms();
      if (count > 0 || (looked && now >= until)) return count;
      wait(static_cast<unsigned>(until > now ? until - now : 0));
    }
  }

  uint64_t now_ms() const override { return IscsiSession::now_ms(); }

 private:
  IscsiSession& session(Unit unit) { return unit == Unit::source ? source_ : destination_; }

  bool take(ScsiCompletion& completion) {
    return source_.take(completion) || destination_.take(completion);
  }

  void wait(unsigned most_ms) {
    std::array<pollfd, 2> both{{{source_.descriptor(), source_.events(), 0},
                                {destination_.descriptor(), destination_.events(), 0}}};
    const size_t count = &source_ == &destination_ ? 1 : 2;
    const unsigned ms = destination_.quiet_ms(source_.quiet_ms(most_ms));
    // After a signal the caller asks whether to go on.
    if (::poll(both.data(), count, static_cast<int>(ms)) < 0) both[0].revents = both[1].revents = 0;
    source_.service(both[0].revents);
    if (count == 2) destination_.service(both[1].revents);
  }

  IscsiSession& source_;
  IscsiSession& destination_;
};

}  // namespace

std::unique_ptr<ScsiQueue> make_iscsi_queue(IscsiSession& source, IscsiSession& destination) {
  return std::make_unique<IscsiQueue>(source, destination);
}

}  // namespace libcopyfile
