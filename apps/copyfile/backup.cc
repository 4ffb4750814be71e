#include "copyfile/backup.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

struct Word {
  std::string_view name;
  Backup kind;
};

// In pairs, as they are listed where a word is none of them.
constexpr std::array<Word, 8> kWords{{{"none", Backup::none},
                                      {"off", Backup::none},
                                      {"simple", Backup::simple},
                                      {"never", Backup::simple},
                                      {"existing", Backup::existing},
                                      {"nil", Backup::existing},
                                      {"numbered", Backup::numbered},
                                      {"t", Backup::numbered}}};

std::optional<Backup> kind_of(std::string_view text, std::string_view what) {
  const Word* found = nullptr;
  bool ambiguous = false;
  for (const Word& word : kWords) {
    if (word.name == text) return word.kind;
    if (!word.name.starts_with(text)) continue;
    ambiguous = ambiguous || (found != nullptr && found->kind != word.kind);
    found = &word;
  }
  if (found != nullptr && !ambiguous) return found->kind;
  std::string valid;
  for (size_t i = 0; i < kWords.size(); i += 2) {
    valid += fmt::format("\n  - '{}', '{}'", kWords[i].name, kWords[i + 1].name);
  }
  usage_error(fmt::format("{} argument {} for '{}'\nValid arguments are:{}",
                          ambiguous ? "ambiguous" : "invalid", app::quoted(text), what, valid));
  return {};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return value != nullptr ? value : "";
}

}  // namespace

std::optional<BackupChoice> choose_backup(const std::optional<std::string>& control,
                                          const std::optional<std::string>& suffix) {
  BackupChoice choice;
  const std::string from_environment = variable("VERSION_CONTROL");
  choice.kind = Backup::existing;
  if (control && !control->empty()) {
    const std::optional<Backup> kind = kind_of(*control, "backup type");
    if (!kind) return {};
    choice.kind = *kind;
  } else if (!from_environment.empty()) {
    const std::optional<Backup> kind = kind_of(from_environment, "$VERSION_CONTROL");
    if (!kind) return {};
    choice.kind = *kind;
  }
  const std::string wanted = suffix ? *suffix : variable("SIMPLE_BACKUP_SUFFIX");
  // A suffix with a slash would put the backup elsewhere.
  if (!wanted.empty() && wanted.find('/') == std::string::npos) choice.suffix = wanted;
  return choice;
}

}  // namespace libcopyfile::app
