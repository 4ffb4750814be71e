#include "target/reservation_file.h"

#include <charconv>
#include <utility>

#include "publish/pending_file.h"
#include "publish/sweep.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/transfer.h"
#include "verify/hasher.h"

namespace libcopyfile::target {
namespace {

constexpr std::string_view kMagic = "copyfile-reservations ";
constexpr std::string_view kVersion = "1";
constexpr size_t kLongestPort = 512;
// 256 registrations of the longest TransportIDs, twice as many digits, and some more.
constexpr uint64_t kLargest = 1U << 20;

tl::unexpected<Error> damaged() { return fail(EBADMSG, Op::load); }

std::string hex(uint64_t value) {
  wire::Bytes bytes(8);
  wire::Writer(bytes).be64(0, value);
  return to_hex(bytes);
}

// Up to `end`, which is taken as well. Nothing where it does not come.
std::optional<std::string_view> take(std::string_view& text, char end) {
  const size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return part;
}

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<wire::Bytes> bytes(std::string_view digits) {
  if (digits.empty() || digits.size() % 2 != 0 || digits.size() > 2 * kLongestPort)
    return std::nullopt;
  wire::Bytes out;
  for (size_t at = 0; at < digits.size(); at += 2) {
    const auto byte = number<uint8_t>(digits.substr(at, 2), 16);
    if (!byte) return std::nullopt;
    out.push_back(*byte);
  }
  return out;
}

// "registration KEY PORT ROLE TRANSPORTID"
std::optional<Registration> decode_registration(std::string_view line) {
  Registration one;
  if (take(line, ' ') != "registration") return std::nullopt;
  const auto key = take(line, ' '), through = take(line, ' '), role = take(line, ' ');
  if (!key || !through || !role) return std::nullopt;
  const auto value = number<uint64_t>(*key, 16);
  const auto relative = number<uint16_t>(*through == "all" ? "0" : *through, 10);
  auto port = bytes(line);
  if (!value || *value == 0 || !relative || !port) return std::nullopt;
  if (*role != "holder" && *role != "registrant") return std::nullopt;
  one.key = *value;
  one.all_ports = *through == "all";
  one.relative_port = *relative;
  one.holder = *role == "holder";
  one.port = std::move(*port);
  return one;
}

// What no command leaves behind: a reservation without its holder, the same nexus twice.
bool makes_sense(const PersistentState& state) {
  const auto& all = state.registrations;
  const auto holders =
      std::count_if(all.begin(), all.end(), [](const Registration& one) { return one.holder; });
  const bool one_holds = state.type && !is_all_registrants(*state.type);
  if (holders != (one_holds ? 1 : 0) || (state.type && all.empty())) return false;
  for (const Registration& one : all)
    if (state.find(one.port, one.relative_port) != &one) return false;
  return true;
}

// Behind the version, in front of the checksum.
Result<PersistentState> decode_lines(std::string_view text) {
  PersistentState state;
  auto line = take(text, '\n');
  if (!line || take(*line, ' ') != "reservation") return damaged();
  if (*line != "none") {
    const auto field = number<uint8_t>(*line, 10);
    state.type = persistent_type(field.value_or(0));
    if (!state.type) return damaged();
  }
  while ((line = take(text, '\n'))) {
    auto one = decode_registration(*line);
    if (!one || state.registrations.size() == PersistentState::kMostRegistrations) return damaged();
    state.registrations.push_back(std::move(*one));
  }
  if (!text.empty() || !makes_sense(state)) return damaged();
  state.aptpl = !state.registrations.empty();
  return state;
}

struct Place {
  std::string directory, name;
};

Place split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Error named(Error error, const std::string& path) {
  error.where = path;
  return error;
}

Result<std::string> read(Files& files, int fd) {
  const Result<FileStat> stat = files.stat(fd);
  if (!stat) return fail(stat.error());
  if (stat->type != FileType::regular || stat->size > kLargest) return damaged();
  std::string text(stat->size, '\0');
  const Result<size_t> got = read_full(files, fd, std::as_writable_bytes(std::span(text)), 0);
  if (!got) return fail(got.error());
  text.resize(*got);
  return text;
}

// What a crash left of save(). Whatever is in use is locked, and stays.
void sweep_leftovers(const Place& place) {
  KernelFiles files;
  KernelNames names;
  KernelAttributes attributes;
  const Result<Fd> directory = names.open(kCurrentDirectory, place.directory, Open::directory);
  if (directory) (void)sweep(files, names, attributes, directory->get(), place.directory, {});
}

Done write(const Place& place, std::string_view text) {
  KernelFiles files;
  KernelNames names;
  const Result<Fd> directory = names.open(kCurrentDirectory, place.directory, Open::directory);
  if (!directory) return fail(directory.error());
  Result<PendingFile> pending =
      PendingFile::create(files, names, directory->get(), place.name, Replace::file);
  if (!pending) return fail(pending.error());
  size_t written = 0;
  if (Done ok = write_all(files, pending->fd(), std::as_bytes(std::span(text)), 0, &written); !ok)
    return ok;
  const Result<Published> published = std::move(*pending).commit(Durability::durable);
  if (!published) return fail(published.error());
  if (published->late) return fail(*published->late);
  return {};
}

}  // namespace

Result<std::string> with_checksum(std::string body) {
  Result<Hasher> hasher = Hasher::make(Algorithm::xxh3_128);
  if (!hasher) return fail(hasher.error());
  hasher->add(std::as_bytes(std::span(body)));
  const Result<Digest> digest = hasher->finish();
  if (!digest) return fail(digest.error());
  return std::move(body) + "checksum " + digest->text() + "\n";
}

std::string encode_reservations(const PersistentState& state) {
  const bool kept = state.aptpl && !state.registrations.empty();
  std::string text = std::string(kMagic) + std::string(kVersion) + "\nreservation ";
  text += kept && state.type ? std::to_string(static_cast<unsigned>(*state.type)) : "none";
  text += '\n';
  if (!kept) return text;
  for (const Registration& one : state.registrations) {
    text += "registration " + hex(one.key) + ' ';
    text += one.all_ports ? "all" : std::to_string(one.relative_port);
    text += one.holder ? " holder " : " registrant ";
    text += to_hex(one.port) + '\n';
  }
  return text;
}

Result<PersistentState> decode_reservations(std::string_view text) {
  if (!text.starts_with(kMagic)) return damaged();
  const size_t last = text.rfind('\n', text.empty() ? 0 : text.size() - 2);
  if (last == std::string_view::npos || text.back() != '\n') return damaged();
  const std::string_view body = text.substr(0, last + 1);
  const Result<std::string> right = with_checksum(std::string(body));
  if (!right) return fail(right.error());
  if (text != *right) return damaged();

  std::string_view lines = body.substr(kMagic.size());
  if (take(lines, '\n') != kVersion) return fail(EOPNOTSUPP, Op::load);
  return decode_lines(lines);
}

Result<PersistentState> ReservationFile::load() const {
  if (!is_there()) return PersistentState();
  sweep_leftovers(split(path_));
  KernelFiles files;
  KernelNames names;
  const Result<Fd> fd = names.open(kCurrentDirectory, path_, Open::look);
  if (!fd) {
    if (fd.error().code == ENOENT) return PersistentState();
    return fail(named(fd.error(), path_));
  }
  const Result<std::string> text = read(files, fd->get());
  if (!text) return fail(named(text.error(), path_));
  Result<PersistentState> state = decode_reservations(*text);
  if (!state) return fail(named(state.error(), path_));
  return state;
}

Done ReservationFile::save(const PersistentState& state) const {
  const Result<std::string> text = with_checksum(encode_reservations(state));
  if (!text) return fail(text.error());
  if (Done ok = write(split(path_), *text); !ok) return fail(named(ok.error(), path_));
  return {};
}

}  // namespace libcopyfile::target
