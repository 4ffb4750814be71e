#include "copyfile/preserve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "copyfile/choice.h"

namespace libcopyfile::app {
namespace {

using namespace metadata;

// `all` is more than its parts: what is not an attribute of every file is tried, but not insisted on.
constexpr uint64_t kEverything = uint64_t{1} << 62;

constexpr std::array<Choice<uint64_t>, 12> kWords{{{"mode", kMode | kAcl},
                                                   {"timestamps", kTimes},
                                                   {"ownership", kOwner},
                                                   {"links", 0},
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

// Calls `take` with the classes of each word.
template <class F>
bool for_each_word(const char* option, const char* list, F&& take) {
  std::string_view rest(list);
  for (;;) {
    const size_t comma = rest.find(',');
    uint64_t classes = 0;
    if (!choose(option, rest.substr(0, comma), kWords, classes)) return false;
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
  if ((preserve.wanted & loss.metadata_class) == 0) return false;
  if (loss.metadata_class == kOwner) return !is_privileged() && loss.error == EPERM;
  return is_not_supported(loss.error);
}

}  // namespace

bool add_preserved(const char* list, Preserve& preserve) {
  return for_each_word("preserve", list, [&](uint64_t classes) {
    if (classes == kEverything) {
      require(kMode | kAcl | kOwner | kTimes, preserve);
      preserve.wanted |= kAll;
    } else {
      require(classes, preserve);
    }
    if ((classes & kMode) != 0 || classes == kEverything) preserve.plain_mode = false;
  });
}

bool remove_preserved(const char* list, Preserve& preserve) {
  return for_each_word("no-preserve", list, [&](uint64_t classes) {
    const uint64_t gone = classes == kEverything ? kAll : classes;
    preserve.required &= ~gone;
    preserve.wanted &= ~gone;
    if ((gone & kMode) != 0) preserve.plain_mode = true;
  });
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
      complain("warning: " + text_of_loss(loss, to), loss.error);
    } else {
      complain(fmt::format("warning: {} loses what the file that it replaces had: {} ({})",
                           app::quoted(to), loss.attribute, name_of_class(loss.metadata_class)),
               loss.error);
    }
  }
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
