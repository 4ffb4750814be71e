#include "copyfile/preserve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "copyfile/choice.h"

namespace libcopyfile::app {
namespace {

using namespace metadata;

// `all` is more than its parts: what is not an attribute of every file is tried, but not insisted on.
constexpr uint64_t kEverything = uint64_t{1} << 62;
// No class either: a relation between files.
constexpr uint64_t kLinks = uint64_t{1} << 61;

// What cp knows of: a script that calls it does not expect immutable copies.
uint64_t everything() {
  return is_cp() ? kMode | kAcl | kOwner | kTimes | kXattr | kCapabilities | kLabel : kAll;
}

constexpr std::array<Choice<uint64_t>, 12> kWords{{{"mode", kMode | kAcl},
                                                   {"timestamps", kTimes},
                                                   {"ownership", kOwner},
                                                   {"links", kLinks},
                                                   {"context", kLabel},
                                                   {"xattr", kXattr | kCapabilities},
                                                   {"all", kEverything},
                                                   {"acl", kAcl},
                                                   {"capabilities", kCapabilities},
                                                   {"flags", kInodeFlags},
                                                   {"project", kProject},
                                                   {"verity", kVerity}}};

const char* name_of_class(uint64_t metadata_class) {
  switch (metadata_class) {
    case kMode: return "mode";
    case kOwner: return "ownership";
    case kTimes: return "timestamps";
    case kAcl: return "acl";
    case kXattr: return "xattr";
    case kCapabilities: return "capabilities";
    case kLabel: return "context";
    case kInodeFlags: return "flags";
    case kProject: return "project";
    case kVerity: return "verity";
    default: return "";
  }
}

// To cp, "a" is "all".
bool choose_word(const char* option, std::string_view word, uint64_t& classes) {
  constexpr size_t kOfCp = 7;  // the first
  const auto is_word = [&](const Choice<uint64_t>& c) { return c.name == word; };
  if (!is_cp() || std::any_of(kWords.begin(), kWords.end(), is_word)) {
    return choose(option, word, kWords, classes);
  }
  std::array<Choice<uint64_t>, kOfCp> words{};
  std::copy_n(kWords.begin(), kOfCp, words.begin());
  return choose(option, word, words, classes);
}

// Calls `take` with the classes of each word.
template <class F>
bool for_each_word(const char* option, const char* list, F&& take) {
  std::string_view rest(list);
  for (;;) {
    const size_t comma = rest.find(',');
    uint64_t classes = 0;
    if (!choose_word(option, rest.substr(0, comma), classes)) return false;
    take(classes);
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

bool is_privileged() { return ::geteuid() == 0; }

// Nobody but root may give files away; cp -p does not ask it of others either.
void require(uint64_t classes, Preserve& preserve) {
  const uint64_t hopeless = is_privileged() ? 0 : kOwner;
  preserve.required |= classes & ~hopeless;
  preserve.wanted |= classes & hopeless;
}

bool is_expected(const Loss& loss, const Preserve& preserve) {
  if (preserve.quiet && (preserve.required & loss.metadata_class) == 0) return true;
  if ((preserve.wanted & loss.metadata_class) == 0) return false;
  if (loss.metadata_class == kOwner) return !is_privileged() && loss.error == EPERM;
  return is_not_supported(loss.error);
}

void preserve_all(Preserve& preserve) {
  require(kMode | kAcl | kOwner | kTimes, preserve);
  preserve.wanted |= everything();
  preserve.links = true;
  preserve.plain_mode = false;
}

}  // namespace

bool add_preserved(const char* list, Preserve& preserve) {
  return for_each_word("preserve", list, [&](uint64_t classes) {
    if (classes == kEverything) return preserve_all(preserve);
    if (classes == kLinks) {
      preserve.links = true;
      return;
    }
    require(classes, preserve);
    if ((classes & kMode) != 0) preserve.plain_mode = false;
    if ((classes & kLabel) != 0) preserve.context_insisted = true;
  });
}

bool remove_preserved(const char* list, Preserve& preserve) {
  return for_each_word("no-preserve", list, [&](uint64_t classes) {
    if (classes == kLinks || classes == kEverything) preserve.links = false;
    if (classes == kLinks) return;
    const uint64_t gone = classes == kEverything ? kAll : classes;
    preserve.required &= ~gone;
    preserve.wanted &= ~gone;
    if ((gone & kMode) != 0) preserve.plain_mode = true;
    if ((gone & kLabel) != 0) preserve.context_insisted = false;
  });
}

void preserve_all_quietly(Preserve& preserve) {
  preserve_all(preserve);
  preserve.quiet = true;
}

void settle(Preserve& preserve) {
  if (((preserve.required | preserve.wanted) & kOwner) != 0) return;
  preserve.wanted |= preserve.required & kMode;
  preserve.required &= ~kMode;
}

std::string text_of_loss(const Loss& loss, const std::string& to) {
  const std::string file = app::quoted(to);
  const std::string name = app::quoted(loss.attribute);
  switch (loss.metadata_class) {
    case kOwner: return fmt::format("failed to preserve ownership for {}", file);
    case kMode:
    case kAcl: return fmt::format("preserving permissions for {}", file);
    case kTimes: return fmt::format("preserving times for {}", file);
    case kLabel: return fmt::format("failed to set the security context of {}", file);
    case kInodeFlags: return fmt::format("setting the flag {} of {}", name, file);
    case kProject: return fmt::format("setting the project of {}", file);
    case kVerity: return fmt::format("enabling fs-verity for {}", file);
    default: return fmt::format("setting attribute {} for {}", name, file);
  }
}

void warn_of_losses(std::span<const Loss> losses, const Preserve& preserve, const std::string& to) {
  for (const Loss& loss : losses) {
    if (is_expected(loss, preserve)) continue;
    const bool asked = ((preserve.required | preserve.wanted) & loss.metadata_class) != 0;
    if (asked) {
      complain((is_cp() ? "" : "warning: ") + text_of_loss(loss, to), loss.error);
    } else if (!is_cp()) {
      complain(fmt::format("warning: {} loses what the file that it replaces had: {} ({})",
                           app::quoted(to), loss.attribute, name_of_class(loss.metadata_class)),
               loss.error);
    }
  }
}

bool tell_losses(std::span<const Loss> losses, const Preserve& preserve, const std::string& to) {
  bool all = true;
  for (const Loss& loss : losses) {
    if ((preserve.required & loss.metadata_class) != 0) {
      complain(text_of_loss(loss, to), loss.error);
      all = false;
    } else {
      warn_of_losses({&loss, 1}, preserve, to);
    }
  }
  return all;
}

std::vector<std::string> names_of_classes(uint64_t classes) {
  std::vector<std::string> names;
  for (uint64_t c = 1; c <= kAll; c <<= 1) {
    if ((classes & c) != 0) names.emplace_back(name_of_class(c));
  }
  return names;
}

std::string explain_losses(std::span<const Loss> losses) {
  std::string text;
  for (const Loss& loss : losses) {
    text += fmt::format("not preserved: {} ({}): {}\n", loss.attribute,
                        name_of_class(loss.metadata_class), errno_text(loss.error));
  }
  return text;
}

nlohmann::ordered_json json_of(std::span<const Loss> losses) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Loss& loss : losses) {
    const char* code = strerrorname_np(loss.error);
    list.push_back({{"class", name_of_class(loss.metadata_class)},
                    {"attribute", loss.attribute},
                    {"error", code != nullptr ? code : ""}});
  }
  return list;
}

}  // namespace libcopyfile::app
