#include "copyfile-target/secret_file.h"

#include <fmt/format.h>

#include "sys/protected_file.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {

tl::expected<std::string, std::string> read_secret_file(const std::string& path) {
  const auto refuse = [&](std::string_view why) {
    return tl::make_unexpected(fmt::format("secret '{}': {}", path, why));
  };
  Result<ProtectedText> file = read_protected(path, kLongestSecret + 2);
  if (!file && file.error().code == EFBIG)
    return refuse(fmt::format("it is longer than {} bytes", kLongestSecret));
  if (!file) return tl::make_unexpected(file.error().message());
  const FileProtection& protection = file->protection;
  if (!protection.regular) return refuse("it is no regular file");
  if (protection.others)
    return refuse("everybody has access to it: chmod 600 (or 640, for the group of the daemon)");
  if (protection.group_writes) return refuse("its group may change it: chmod 600 or 640");
  if (protection.owner != 0 && protection.owner != effective_user())
    return refuse("it belongs neither to root nor to the user of the daemon");
  std::string secret = std::move(file->text);
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.size() < kShortestSecret || secret.size() > kLongestSecret)
    return refuse(fmt::format("a secret has {} to {} bytes, for other systems often at most 16",
                              kShortestSecret, kLongestSecret));
  if (secret.find_first_of(std::string_view("\0\n\r", 3)) != std::string::npos)
    return refuse("a secret is one line");
  return secret;
}

}  // namespace libcopyfile::daemon
