#include "publish/private_name.h"

#include "sys/system_info.h"

namespace libcopyfile {
namespace {

constexpr std::string_view kPrefix = ".copyfile-";
constexpr std::string_view kSuffix = ".part";
constexpr size_t kDigits = 16;

std::string as_wanted_in(Files& files, int dir, const std::string& name) {
  constexpr uint64_t kSmb1 = 0xff534d42;
  constexpr uint64_t kSmb2 = 0xfe534d42;
  const Result<FsInfo> fs = files.fs_info(dir);
  const bool smb = fs && (fs->magic == kSmb1 || fs->magic == kSmb2);
  return smb ? name.substr(1) : name;
}

}  // namespace

std::string private_name() { return std::string(kPrefix) + random_name() + std::string(kSuffix); }

std::string private_name_in(Files& files, int dir) {
  return as_wanted_in(files, dir, private_name());
}

std::string private_name_in(Files& files, int dir, uint64_t digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name(kPrefix);
  for (int shift = 60; shift >= 0; shift -= 4) name += kHex[digits >> shift & 15];
  return as_wanted_in(files, dir, name + std::string(kSuffix));
}

bool is_for_smb(std::string_view private_name) { return !private_name.starts_with('.'); }

bool is_private_name(std::string_view name) {
  if (name.starts_with(kPrefix.substr(1))) return is_private_name("." + std::string(name));
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size()) return false;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  const std::string_view digits = name.substr(kPrefix.size(), kDigits);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace libcopyfile
