#include "testing/faulty_queue.h"

#include <algorithm>
#include <cstring>
#include <deque>

namespace libcopyfile::test {
namespace {

class FaultyQueue final : public IoQueue {
 public:
  FaultyQueue(std::unique_ptr<IoQueue> real, Script& script)
      : real_(std::move(real)), script_(script) {}

  Done submit(const IoRequest& request) override {
    const Verdict refused =
        script_.begin("submit", script_.names().get(request.fd), request.offset, request.length);
    if (refused.error != 0) return fail(refused.error, Op::queue);
    const bool reads = request.kind == IoRequest::Kind::read;
    const Verdict verdict = script_.begin(reads ? "read" : "write", script_.names().get(request.fd),
                                          request.offset, request.length);
    if (verdict.error != 0) return finish({request.tag, verdict.error, 0});
    if (verdict.limit == 0) return finish({request.tag, 0, 0});
    if (verdict.drop) {
      if (reads) std::memset(request.buffer, 0, request.length);
      return finish({request.tag, 0, request.length});
    }
    IoRequest part = request;
    part.length = std::min<uint64_t>(request.length, verdict.limit.value_or(request.length));
    return real_->submit(part);
  }

  Result<size_t> reap(std::span<IoCompletion> completions) override {
    const Verdict refused = script_.begin("reap", "");
    if (refused.error != 0) return fail(refused.error, Op::queue);
    if (finished_.empty()) return real_->reap(completions);
    size_t count = 0;
    for (; count < completions.size() && !finished_.empty(); ++count) {
      completions[count] = finished_.front();
      finished_.pop_front();
    }
    return count;
  }

 private:
  Done finish(const IoCompletion& completion) {
    finished_.push_back(completion);
    return {};
  }

  std::unique_ptr<IoQueue> real_;
  Script& script_;
  std::deque<IoCompletion> finished_;
};

}  // namespace

std::unique_ptr<IoQueue> make_faulty_queue(std::unique_ptr<IoQueue> real, Script& script) {
  return std::make_unique<FaultyQueue>(std::move(real), script);
}

}  // namespace libcopyfile::test
