// A directory tree as text: everything that a copy may have got right or wrong, a line a name.
#pragma once

#include <map>
#include <string>

namespace libcopyfile::test {

// What tells a file from another one that has its name, and maybe its inode, later.
using Identities = std::map<std::string, std::string>;
Identities identities_in(const std::string& directory);

struct SnapshotOptions {
  // The files that were there before.
  const Identities* before = nullptr;
  // Lines of these say whether they are still the same files; else, when directories among them were changed does not matter.
  bool identities = true;
};

// Sorted lines: path, type, rights, owner, size, contents, target, device, time where it was given (a recent one is "now"),
// extended attributes and lists, and the first of the names that the file has.
std::string snapshot(const std::string& directory, const SnapshotOptions& options = {});

}  // namespace libcopyfile::test
