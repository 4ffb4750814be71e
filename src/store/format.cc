#include "store/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "verify/hasher.h"

namespace libcopyfile::store {
namespace {

struct Kind {
  Members members;
  std::string_view name;
  uint32_t directories, blobs, index;
};
// Set-group-id: what is made in a directory belongs to its group.
constexpr std::array kKinds{
    Kind{Members::owner, "owner", 0700, 0400, 0600},
    Kind{Members::readers, "readers", 0755, 0444, 0644},
    Kind{Members::group, "group", 02770, 0440, 0660},
    Kind{Members::group_readers, "group-readers", 02775, 0444, 0664},
};

const Kind& kind_of(Members members) {
  return *std::find_if(kKinds.begin(), kKinds.end(),
                       [&](const Kind& kind) { return kind.members == members; });
}

constexpr std::string_view kTitle = "copyfile store ";
constexpr std::string_view kMembers = "members ";
constexpr std::string_view kCheck = "check ";
constexpr size_t kCheckDigits = 16;

std::string check_of(std::string_view text) {
  Result<Hasher> hasher = Hasher::make(Algorithm::xxh3_128);
  if (!hasher) return {};
  hasher->add(std::as_bytes(std::span(text)));
  const Result<Digest> digest = hasher->finish();
  return digest ? digest->hex().substr(0, kCheckDigits) : std::string();
}

// The next line without its newline; `text` begins behind it. Nothing where no line is left.
bool take_line(std::string_view& text, std::string_view& line) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

tl::unexpected<Error> damaged() {
  return fail(EBADMSG, Op::validate, std::string("the file format is damaged"));
}

}  // namespace

uint32_t Format::directory_mode() const { return kind_of(members).directories; }
uint32_t Format::blob_mode() const { return kind_of(members).blobs; }
uint32_t Format::index_mode() const { return kind_of(members).index; }

std::string_view name_of(Members members) { return kind_of(members).name; }

std::string format_text(const Format& format) {
  std::string text(kTitle);
  text += std::to_string(format.version) + "\n";
  text += std::string(kMembers) + std::string(name_of(format.members)) + "\n";
  text += std::string(kCheck) + check_of(text) + "\n";
  return text;
}

// Of a later version only the first line and the check in the last one are read.
Result<Format> parse_format(std::string_view text) {
  const size_t check_at = text.rfind(kCheck);
  if (text.size() > kMostFormatBytes || check_at == std::string_view::npos) return damaged();
  const std::string_view body = text.substr(0, check_at);
  const std::string check = check_of(body);
  if (check.empty()) return fail(ENOMEM, Op::digest);
  if (text.substr(check_at) != std::string(kCheck) + check + "\n") return damaged();

  std::string_view rest = body;
  std::string_view line;
  if (!take_line(rest, line) || !line.starts_with(kTitle)) return damaged();
  line.remove_prefix(kTitle.size());
  Format format;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), format.version);
  if (error != std::errc() || end != line.data() + line.size()) return damaged();
  if (format.version != kFormatVersion) {
    return fail(EPROTONOSUPPORT, Op::validate,
                "the repository is of format " + std::to_string(format.version));
  }
  if (!take_line(rest, line) || !line.starts_with(kMembers) || !rest.empty()) return damaged();
  line.remove_prefix(kMembers.size());
  for (const Kind& kind : kKinds) {
    if (kind.name == line) {
      format.members = kind.members;
      return format;
    }
  }
  return damaged();
}

}  // namespace libcopyfile::store
