// Files of procfs say it: mountinfo which protocol a file system is mounted by, mountstats which operations an NFS server is
// still believed to have, and how often they were asked for. A server that answers "not supported" to COPY is never asked again
// over that mount: the client forgets the capability (fs/nfs/nfs42proc.c), and from then on splices in silence. The client of SMB
// asks each time, and splices where the answer is "not supported" (fs/cifs/cifsfs.c); it counts ioctls, of which copychunk is one.
#include "sys/server_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace libcopyfile {
namespace {

// NFS_CAP_COPY: its place in the word has been the same since the operation came (4.7).
constexpr uint64_t kNfsCapCopy = uint64_t{1} << 24;

std::string read_proc(const char* path) {
  std::string text;
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return text;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<size_t>(n));
  }
}

// Takes the next piece up to `end` from the front of `text`.
std::string_view next(std::string_view& text, char end) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return piece;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    if (const std::string_view word = next(line, ' '); !word.empty()) words.push_back(word);
  }
  return words;
}

std::optional<uint64_t> number(std::string_view text, int base = 10) {
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc()) return {};
  return value;
}

// The rest of the line behind `key`, or nothing.
std::optional<std::string_view> behind(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + key.size());
  return next(text, '\n');
}

struct Mount {
  std::string_view point;
  std::string_view type;
  std::string_view source;
  std::string_view version;  // option vers=
};

// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD]... - TYPE SOURCE OPTIONS (proc(5))
std::optional<Mount> find_mount(std::string_view mountinfo, uint64_t device) {
  const std::string id = std::to_string(device >> 32) + ":" + std::to_string(device & UINT32_MAX);
  while (!mountinfo.empty()) {
    const std::vector<std::string_view> words = words_of(next(mountinfo, '\n'));
    size_t dash = 6;
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 3 >= words.size() || words[2] != id) continue;
    Mount mount{words[4], words[dash + 1], words[dash + 2], {}};
    for (std::string_view options = words[dash + 3]; !options.empty();) {
      std::string_view option = next(options, ',');
      if (option.starts_with("vers=")) mount.version = option.substr(5);
    }
    return mount;
  }
  return {};
}

bool is_nfs(const Mount& mount) { return mount.type == "nfs" || mount.type == "nfs4"; }

ServerCopies of_nfs(const Mount& mount, std::string_view mountstats) {
  ServerCopies copies;
  const bool has_operation = mount.version.starts_with("4.") && mount.version >= "4.2";
  if (!has_operation) {
    if (!mount.version.empty()) copies.state = ServerCopy::too_old;
    return copies;
  }
  const std::string head = " mounted on " + std::string(mount.point) + " with fstype nfs";
  const size_t begin = mountstats.find(head);
  if (begin == std::string_view::npos) return copies;
  // One mounted over another: which is which, nothing tells.
  if (mountstats.find(head, begin + 1) != std::string_view::npos) return copies;
  const std::string_view section =
      mountstats.substr(begin, mountstats.find("\ndevice ", begin) - begin);
  const auto caps = behind(section, "\tcaps=0x");
  const auto requests = behind(section, " COPY: ");
  const auto capabilities = caps ? number(*caps, 16) : std::nullopt;
  if (!capabilities) return copies;
  copies.state = (*capabilities & kNfsCapCopy) != 0 ? ServerCopy::possible : ServerCopy::refused;
  copies.requests = requests ? number(*requests) : std::nullopt;
  return copies;
}

// Of "//host/share/folder", as mountinfo escapes it, "\\host\share", as the statistics have it.
std::string share_name(std::string_view source) {
  std::string name;
  int separators = 0;
  for (size_t i = 0; i < source.size(); ++i) {
    char c = source[i];
    constexpr size_t kOctalDigits = 3;
    if (c == '\\' && i + kOctalDigits < source.size()) {
      c = static_cast<char>(number(source.substr(i + 1, kOctalDigits), 8).value_or('?'));
      i += kOctalDigits;
    }
    if (c == '/') {
      constexpr int kOfAShare = 3;
      if (++separators > kOfAShare) break;
      c = '\\';
    }
    name += c;
  }
  return name;
}

// NUMBER) SHARE, then its counters up to the next one. Several sessions may have it: all of them are counted.
ServerCopies of_smb(const Mount& mount, std::string_view statistics) {
  ServerCopies copies;
  if (mount.version == "1.0") copies.state = ServerCopy::too_old;
  if (mount.version.empty() || mount.version == "1.0") return copies;
  const std::string share = share_name(mount.source);
  bool is_it = false;
  while (!statistics.empty()) {
    std::string_view line = next(statistics, '\n');
    constexpr size_t kMostDigits = 7;
    if (const size_t at = line.find(") \\\\"); at <= kMostDigits) {
      line.remove_prefix(at + 2);
      is_it = next(line, '\t') == share;
    } else if (const auto ioctls = is_it ? behind(line, "IOCTLs: ") : std::nullopt) {
      const auto failed = behind(line, " total ");
      const auto all = number(*ioctls);
      const auto bad = failed ? number(*failed) : std::nullopt;
      if (!all || !bad) return copies;
      // With one that fails comes one that does not: for the key that stands for the source.
      copies.state = ServerCopy::possible;
      copies.requests = copies.requests.value_or(0) + *all - 2 * *bad;
    }
  }
  return copies;
}

bool is_smb(const Mount& mount) { return mount.type == "cifs" || mount.type == "smb3"; }

}  // namespace

ServerCopies parse_server_copies(std::string_view mountinfo, std::string_view statistics,
                                 uint64_t device) {
  const std::optional<Mount> mount = find_mount(mountinfo, device);
  if (mount && is_nfs(*mount)) return of_nfs(*mount, statistics);
  if (mount && is_smb(*mount)) return of_smb(*mount, statistics);
  return {};
}

ServerCopies ask_server_copies(uint64_t device) {
  const std::string mountinfo = read_proc("/proc/self/mountinfo");
  const std::optional<Mount> mount = find_mount(mountinfo, device);
  // They are longer than all the rest.
  std::string statistics;
  if (mount && is_nfs(*mount)) statistics = read_proc("/proc/self/mountstats");
  if (mount && is_smb(*mount)) statistics = read_proc("/proc/fs/cifs/Stats");
  return parse_server_copies(mountinfo, statistics, device);
}

}  // namespace libcopyfile
