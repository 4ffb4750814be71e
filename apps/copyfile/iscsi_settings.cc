#include "copyfile/iscsi_settings.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "copyfile/input_file.h"

namespace libcopyfile::app {
namespace {

constexpr const char* kInitiatorFile = "/etc/iscsi/initiatorname.iscsi";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return value != nullptr ? value : "";
}

// The same name as the kernel's initiator has, so that targets which know this host let it in. The file is for root only.
std::string initiator() {
  if (std::string name = variable("COPYFILE_INITIATOR"); !name.empty()) return name;
  if (::access(kInitiatorFile, R_OK) == 0) {
    constexpr uint64_t kMost = uint64_t{64} << 10;
    if (const auto file = InputFile::read(kInitiatorFile, kMost, "the name of the initiator")) {
      if (std::string name = initiator_in(file->text()); !name.empty()) return name;
    }
  }
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return initiator_for(host.data());
}

}  // namespace

IscsiSettings iscsi_settings() {
  IscsiSettings settings;
  settings.initiator = initiator();
  settings.user = variable("LIBISCSI_CHAP_USERNAME");
  settings.password = variable("LIBISCSI_CHAP_PASSWORD");
  settings.target_user = variable("LIBISCSI_CHAP_TARGET_USERNAME");
  settings.target_password = variable("LIBISCSI_CHAP_TARGET_PASSWORD");
  return settings;
}

std::string initiator_in(std::string_view text) {
  constexpr std::string_view kKey = "InitiatorName=";
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    return std::string(line.substr(0, line.find_first_of(" \t\r#")));
  }
  return "";
}

// ".invalid" belongs to nobody (RFC 2606), as a name made up here must not be somebody's.
std::string initiator_for(std::string_view host) {
  std::string name = "iqn.2026-01.invalid.copyfile:";
  for (char c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool known = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    name += known ? c : '-';
  }
  return host.empty() ? name + "host" : name;
}

}  // namespace libcopyfile::app
