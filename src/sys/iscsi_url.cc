#include "sys/iscsi_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace libcopyfile {
namespace {

constexpr std::string_view kScheme = "iscsi://";
// What libiscsi copies into arrays of 256.
constexpr size_t kLongest = 255;
// Logical units in the flat addressing of SAM; the peripheral one that libiscsi writes has room for as many.
constexpr unsigned kMostLun = 16383;

using Failure = tl::unexpected<std::string>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Takes the part of `text` before `mark` off it; nothing where there is no mark.
std::optional<std::string_view> take_before(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  if (at == text.npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

template <class Number>
bool read_number(std::string_view text, unsigned most, Number& number) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return false;
  number = static_cast<Number>(value);
  return true;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "%3A" is ":". Nothing where it is no such encoding, or encodes what no name holds.
std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3 || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return {};
      c = static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    }
    if (static_cast<unsigned char>(c) <= ' ' || c == '/') return {};
    result += c;
  }
  return result;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  tl::expected<IscsiUrl, std::string> parse() {
    rest_.remove_prefix(kScheme.size());
    if (std::any_of(rest_.begin(), rest_.end(), [](char c) { return c == '\0'; })) {
      return Failure("there is a NUL in it");
    }
    std::string_view arguments = rest_;
    if (const auto before = take_before(arguments, '?')) {
      rest_ = *before;
    } else {
      arguments = {};
    }
    take_credentials();
    const auto authority = take_before(rest_, '/');
    if (!authority) return Failure("it names no target");
    if (std::string wrong = take_authority(*authority); !wrong.empty()) return Failure(wrong);
    const auto target = take_before(rest_, '/');
    if (!target) return Failure("it names no logical unit");
    const std::optional<std::string> name = decoded(*target);
    if (!name || name->empty()) return Failure("the name of the target is none");
    url_.target = *name;
    if (!read_number(rest_, kMostLun, url_.lun)) {
      return Failure("the logical unit is no number up to 16383");
    }
    if (std::string wrong = take_arguments(arguments); !wrong.empty()) return Failure(wrong);
    for (const std::string* one : {&url_.host, &url_.target, &url_.user, &url_.password,
                                   &url_.target_user, &url_.target_password}) {
      if (one->size() > kLongest - 8) return Failure("a part of it is too long");
    }
    return url_;
  }

 private:
  void take_credentials() {
    // The last one: passwords may hold any character, hosts and targets not this one.
    const size_t at = rest_.rfind('@');
    if (at == rest_.npos) return;
    std::string_view password = rest_.substr(0, at);
    const std::string_view user = password;
    rest_.remove_prefix(at + 1);
    auto name = take_before(password, '%');
    if (!name) name = take_before(password, ':');
    url_.user = name.value_or(user);
    if (name) url_.password = password;
  }

  std::string take_authority(std::string_view text) {
    std::string_view port;
    if (text.starts_with('[')) {
      text.remove_prefix(1);
      const auto host = take_before(text, ']');
      if (!host) return "the address is not closed by ']'";
      url_.host = *host;
      if (!text.empty() && text[0] != ':') return "the port is none";
      port = text;
    } else {
      const size_t colon = text.find(':');
      url_.host = text.substr(0, colon);
      if (colon != text.npos) port = text.substr(colon);
    }
    if (url_.host.empty()) return "it names no host";
    if (port.empty()) return "";
    if (!read_number(port.substr(1), UINT16_MAX, url_.port) || url_.port == 0) {
      return "the port is none";
    }
    return "";
  }

  std::string take_arguments(std::string_view text) {
    while (!text.empty()) {
      std::string_view value = text;
      if (const auto before = take_before(text, '&')) {
        value = *before;
      } else {
        text = {};
      }
      const auto key = take_before(value, '=');
      if (key == "header_digest" && (value == "crc32c" || value == "none")) {
        url_.header_digest = value == "crc32c";
      } else if (key == "target_user") {
        url_.target_user = value;
      } else if (key == "target_password") {
        url_.target_password = value;
      } else {
        return "behind '?' there is something else than header_digest=crc32c, header_digest=none, "
               "target_user=USER and target_password=PASSWORD";
      }
    }
    return "";
  }

  std::string_view rest_;
  IscsiUrl url_;
};

}  // namespace

std::string IscsiUrl::portal() const {
  const bool is_v6 = host.find(':') != host.npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string IscsiUrl::canonical() const {
  std::string text = portal() + "/" + target + "/" + std::to_string(lun);
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

bool is_iscsi_url(std::string_view text) {
  // Schemes know no case.
  return text.size() >= kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), text.begin(),
                    [](char wanted, char c) { return wanted == lower(c); });
}

tl::expected<IscsiUrl, std::string> parse_iscsi_url(std::string_view text) {
  if (!is_iscsi_url(text)) return Failure("it does not begin with iscsi://");
  return Parser(text).parse();
}

std::string without_secrets(std::string_view url) {
  if (!is_iscsi_url(url)) return std::string(url);
  url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find('?'));
  // Of a URL that makes no sense rather too little is shown than a piece of a password.
  if (const size_t at = url.rfind('@'); at != url.npos) url.remove_prefix(at + 1);
  return std::string(kScheme) + std::string(url);
}

}  // namespace libcopyfile
