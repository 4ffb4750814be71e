#include "target/tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sys/system_info.h"
#include "wire/extended_copy.h"
#include "wire/sense_codes.h"
#include "wire/vpd.h"

namespace libcopyfile::target {
namespace {

using namespace wire;

// Where things are in a token (SPC-4 table 119). The name is at most 223 bytes (RFC 7143 4.2.7.1) behind four of its own, and ends
// before the secret.
constexpr size_t kCapacity = 96;
constexpr size_t kDeviceName = 128;
constexpr size_t kDeviceNameSize = 223;
constexpr size_t kSecret = 384;
constexpr size_t kSecretSize = 64;
constexpr uint8_t kDeviceAssociation = 0x28;  // association 2, type 8 (SCSI name string)
constexpr uint8_t kUtf8 = 3;

// No early end: the time that it takes says nothing about where they differ.
bool same(const Token& a, const Token& b) {
  unsigned differences = 0;
  for (size_t i = 0; i < kTokenSize; ++i) differences |= static_cast<unsigned>(a[i] ^ b[i]);
  return differences == 0;
}

void put_creator(TokenHead& head, Token& token, const Rod& rod) {
  const std::shared_ptr<LogicalUnit> unit = rod.source();
  if (unit == nullptr) return;
  Cscd cscd;
  cscd.designator = unit->naa();
  cscd.block_length = unit->block_length();
  head.creator = encode(cscd);
  Capacity capacity;
  capacity.last_lba = unit->blocks() - 1;
  capacity.block_length = unit->block_length();
  Writer(token).bytes(kCapacity, encode(capacity));
}

Token make_token(const Rod& rod, uint64_t id, const std::string& device, View secret) {
  Token rest{};
  TokenHead head;
  head.type = rod.type();
  head.id = id;
  head.bytes_low = rod.length();
  put_creator(head, rest, rod);
  Token token = encode_token(head);
  Writer out(token);
  out.bytes(kCapacity, View(rest).part(kCapacity, kDeviceName - kCapacity));
  const Bytes name(device.begin(), device.begin() + static_cast<ptrdiff_t>(
                                                        std::min(device.size(), kDeviceNameSize)));
  out.u8(kDeviceName, kUtf8);
  out.u8(kDeviceName + 1, kDeviceAssociation);
  out.u8(kDeviceName + 3, static_cast<uint8_t>(name.size()));
  out.bytes(kDeviceName + 4, name);
  out.bytes(kSecret, secret);
  return token;
}

}  // namespace

TokenStore::Use::Use(Use&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)), id_(other.id_), rod_(std::move(other.rod_)) {}

TokenStore::Use::~Use() {
  if (store_ != nullptr) store_->used(id_);
}

bool TokenStore::has_room(const std::string& initiator, uint64_t bytes) {
  Dead dead;
  const std::lock_guard lock(mutex_);
  expire(dead);
  return fits(initiator, bytes);
}

tl::expected<Token, SenseCode> TokenStore::add(std::shared_ptr<Rod> rod,
                                               const std::string& initiator,
                                               std::chrono::seconds timeout) {
  std::array<uint8_t, 8 + kSecretSize> random{};
  if (!random_bytes(random)) return tl::unexpected(codes::kTokenResources);
  const uint64_t id = View(random).be64(0);
  const Token token = make_token(*rod, id, options_.device, View(random).from(8));
  Dead dead;
  const std::lock_guard lock(mutex_);
  expire(dead);
  if (!fits(initiator, rod->length()) || entries_.count(id) != 0) {
    return tl::unexpected(codes::kTokenResources);
  }
  entries_.emplace(id, Entry{token, std::move(rod), initiator, timeout, options_.now(), 0});
  ++made_;
  return token;
}

tl::expected<TokenStore::Use, SenseCode> TokenStore::use(const Token& token) {
  const auto head = decode_token(View(token));
  if (!head) return tl::unexpected(codes::kTokenCorrupt);
  Dead dead;
  const std::lock_guard lock(mutex_);
  expire(dead);
  const auto found = entries_.find(head->id);
  if (found == entries_.end()) return tl::unexpected(why_gone(head->id, token));
  Entry& entry = found->second;
  if (!same(entry.token, token)) return tl::unexpected(codes::kTokenCorrupt);
  if (entry.rod->revoked()) return tl::unexpected(codes::kTokenRevoked);
  ++entry.users;
  return Use(*this, head->id, entry.rod);
}

void TokenStore::used(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  --found->second.users;
  found->second.last_used = options_.now();
}

SenseCode TokenStore::why_gone(uint64_t id, const Token& token) const {
  const auto ended =
      std::find_if(ended_.begin(), ended_.end(), [id](const Ended& one) { return one.id == id; });
  if (ended == ended_.end()) return codes::kTokenUnknown;
  return same(ended->token, token) ? ended->why : codes::kTokenCorrupt;
}

void TokenStore::remove(const Token& token) {
  const auto head = decode_token(View(token));
  if (!head) return;
  Dead dead;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(head->id);
  if (found != entries_.end() && same(found->second.token, token)) {
    end(found, codes::kTokenDeleted, dead);
  }
}

void TokenStore::revoke(const LogicalUnit& unit) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, entry] : entries_) {
    if (entry.rod->is_of(unit)) entry.rod->revoke();
  }
}

TokenStore::Entries::iterator TokenStore::end(Entries::iterator entry, SenseCode why, Dead& dead) {
  dead.push_back(std::move(entry->second.rod));
  ended_.push_back({entry->first, entry->second.token, why});
  if (ended_.size() > kMostEnded) ended_.pop_front();
  return entries_.erase(entry);
}

TokenStore::Clock::time_point TokenStore::expire() {
  Dead dead;
  const std::lock_guard lock(mutex_);
  return expire(dead);
}

TokenStore::Clock::time_point TokenStore::expire(Dead& dead) {
  const Clock::time_point now = options_.now();
  Clock::time_point next = Clock::time_point::max();
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const Clock::time_point until = entry->second.last_used + entry->second.timeout;
    if (entry->second.users == 0 && until <= now) {
      entry = end(entry, codes::kTokenExpired, dead);
      continue;
    }
    if (entry->second.users == 0) next = std::min(next, until);
    ++entry;
  }
  return next;
}

std::vector<Token> TokenStore::of(const std::string& initiator) {
  Dead dead;
  const std::lock_guard lock(mutex_);
  expire(dead);
  std::vector<Token> tokens;
  for (const auto& [id, entry] : entries_) {
    if (entry.initiator == initiator) tokens.push_back(entry.token);
  }
  return tokens;
}

size_t TokenStore::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

uint64_t TokenStore::made() const {
  const std::lock_guard lock(mutex_);
  return made_;
}

bool TokenStore::fits(const std::string& initiator, uint64_t bytes) const {
  unsigned count = 0;
  uint64_t held = 0;
  for (const auto& [id, entry] : entries_) {
    if (entry.initiator != initiator) continue;
    ++count;
    held += entry.rod->length();
  }
  const uint64_t most = options_.most_bytes_of_initiator;
  return count < options_.most_of_initiator && held <= most && bytes <= most - held;
}

}  // namespace libcopyfile::target
