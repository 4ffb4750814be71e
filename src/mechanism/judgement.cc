#include "mechanism/judgement.h"

#include <algorithm>

namespace libcopyfile {
namespace {

constexpr unsigned kFirstDelayMs = 20;
constexpr unsigned kLongestDelayMs = 2000;

}  // namespace

TaskEnd Judgement::give_up() const {
  const bool final = action == Reaction::failed;
  return TaskEnd::stop(final ? TaskEnd::Kind::failed : TaskEnd::Kind::declined, code, scope,
                       reason);
}

std::optional<unsigned> Attempts::again(const Judgement& judgement) {
  const bool patient = judgement.action == Reaction::again || judgement.action == Reaction::rename;
  const unsigned most = patient ? kMaxAgain : 1;
  if (count_ >= most) return std::nullopt;
  const unsigned delay = std::min(kFirstDelayMs << count_, kLongestDelayMs);
  ++count_;
  return delay;
}

}  // namespace libcopyfile
