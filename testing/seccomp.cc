#include "testing/seccomp.h"

#include <seccomp.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <sstream>
#include <thread>

#include "testing/scratch_error.h"
#include "testing/seccomp_rules.h"

namespace libcopyfile::test {
namespace {

using Filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

int number_of(const std::string& system_call) {
  char* end = nullptr;
  const long number = std::strtol(system_call.c_str(), &end, 10);
  if (end != system_call.c_str() && *end == '\0') return static_cast<int>(number);
  const int resolved = seccomp_syscall_resolve_name(system_call.c_str());
  if (resolved == __NR_SCMP_ERROR)
    throw ScratchError("there is no system call '" + system_call + "'");
  return resolved;
}

void add(const Filter& filter, const Refusal& refusal) {
  const uint32_t action = SCMP_ACT_ERRNO(static_cast<uint32_t>(refusal.error));
  const int number = number_of(refusal.system_call);
  const scmp_arg_cmp compare{refusal.argument, SCMP_CMP_MASKED_EQ, refusal.mask, refusal.value};
  const int code =
      seccomp_rule_add_array(filter.get(), action, number, refusal.mask != 0 ? 1 : 0, &compare);
  // A rule that says what another one has said already.
  if (code != 0 && code != -EEXIST)
    throw ScratchError::of_errno("refuse " + refusal.system_call, -code);
}

bool contains_word(std::string_view list, std::string_view word) {
  std::istringstream words{std::string(list)};
  for (std::string one; words >> one;) {
    if (one == word) return true;
    for (const Profile& profile : profiles()) {
      if (profile.name == one && contains_word(profile.rules, word)) return true;
    }
  }
  return false;
}

}  // namespace

void refuse_from_now_on(const std::vector<std::string>& words) {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
  if (filter == nullptr) throw ScratchError("cannot make a seccomp filter");
  for (const std::string& word : words) {
    const std::optional<std::vector<Refusal>> refusals = parse_refusals(word);
    if (!refusals) throw ScratchError("'" + word + "' is neither a rule nor a profile");
    for (const Refusal& refusal : *refusals) add(filter, refusal);
  }
  const int code = seccomp_load(filter.get());
  if (code != 0) throw ScratchError::of_errno("load a seccomp filter", -code);
}

void refusing(const std::vector<std::string>& words, const std::function<void()>& body) {
  std::exception_ptr thrown;
  std::thread([&] {
    try {
      refuse_from_now_on(words);
      body();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

bool is_refused(const std::string& word) {
  const char* refused = std::getenv("REFUSED");
  return refused != nullptr && contains_word(refused, word);
}

}  // namespace libcopyfile::test
