#include "settings.h"

#include <cstdlib>

#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

uint64_t number(const std::string& text, const char* name) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') throw ScratchError(std::string(name) + " is no number");
  return value;
}

constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

}  // namespace

bool crash_suite_is_full() { return variable("COPYFILE_CRASH") == "full"; }

size_t states_asked(const CrashSettings& settings, FsKind fs) {
  if (settings.states != 0) return settings.states;
  if (settings.full) {
    // So that there are more than 5,000 different ones. XFS writes less between two flushes, so that more of what is tried
    // is equal; Btrfs flushes more often, and each flush is looked at.
    if (fs == FsKind::xfs) return 6700;
    return fs == FsKind::btrfs ? 4800 : 5700;
  }
  // States are explored by the kernel: a sanitizer sees no more in a thousand of them than in a few.
  return kSanitized ? 100 : 700;
}

size_t tree_states_asked(const CrashSettings& settings, FsKind fs) {
  if (settings.states != 0) return settings.states;
  if (settings.full) return fs == FsKind::xfs ? 3400 : 2600;
  return kSanitized ? 30 : 250;
}

size_t store_states_asked(const CrashSettings& settings, FsKind fs) {
  if (settings.states != 0) return settings.states;
  if (settings.full) return fs == FsKind::xfs ? 5000 : 4200;
  return kSanitized ? 30 : 100;
}

CrashSettings crash_settings() {
  CrashSettings settings;
  settings.full = crash_suite_is_full();
  const auto read = [](const char* name, auto& into) {
    if (const std::string text = variable(name); !text.empty()) into = number(text, name);
  };
  read("COPYFILE_CRASH_STATES", settings.states);
  read("COPYFILE_CRASH_SEED", settings.seed);
  settings.replay = variable("COPYFILE_CRASH_REPLAY");
  settings.keep = variable("COPYFILE_CRASH_KEEP");
  if (const std::string text = variable("COPYFILE_CRASH_STATE"); !text.empty()) {
    const size_t dot = text.find('.');
    if (dot == std::string::npos || settings.replay.empty()) {
      throw ScratchError("COPYFILE_CRASH_STATE is WINDOW.NUMBER of COPYFILE_CRASH_REPLAY");
    }
    settings.only = StateId{number(text.substr(0, dot), "COPYFILE_CRASH_STATE"),
                            number(text.substr(dot + 1), "COPYFILE_CRASH_STATE")};
  }
  return settings;
}

}  // namespace libcopyfile::test
