// --preserve and --no-preserve: which metadata a copy shall have, and what is said where it can't.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "metadata/metadata.h"

namespace libcopyfile::app {

struct Preserve {
  uint64_t required = 0;  // classes: a copy without is a failure
  uint64_t wanted = 0;    // these are tried
  // A new file gets 0666 less the umask, not what the source has: --no-preserve=mode.
  bool plain_mode = false;
  bool links = false;             // files with several names among the sources keep them
  bool context_insisted = false;  // asked for by its own word
  bool quiet = false;             // -a: of what is only wanted, nothing is said
};

// Adds a comma-separated LIST, as of cp. False if a word is wrong, which has been told.
bool add_preserved(const char* list, Preserve& preserve);
bool remove_preserved(const char* list, Preserve& preserve);
// -a
void preserve_all_quietly(Preserve& preserve);
// When all options are known: without the owner, set-id bits are not to be had, and no reason for a copy to fail.
void settle(Preserve& preserve);

// Of an error that a required class was lost by: "preserving times for 'b'".
std::string text_of_loss(const Loss& loss, const std::string& to);
// Tells what was lost although it was asked for, or the replaced file had it. As cp, not what the file system can't have,
// nor owners that only root may give.
void warn_of_losses(std::span<const Loss> losses, const Preserve& preserve, const std::string& to);
// The same for what is there although it has lost something that is required: false, and no mere warning.
bool tell_losses(std::span<const Loss> losses, const Preserve& preserve, const std::string& to);

// "mode", "xattr", ...: as --preserve calls them.
std::vector<std::string> names_of_classes(uint64_t classes);

// For --explain ("not preserved: user.a (xattr): No space left on device") and --json.
std::string explain_losses(std::span<const Loss> losses);
nlohmann::ordered_json json_of(std::span<const Loss> losses);

}  // namespace libcopyfile::app
