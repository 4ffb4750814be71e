#include "target/logical_unit.h"

#include <algorithm>

#include "target/mode_pages.h"
#include "target/task_set.h"
#include "verify/hasher.h"

namespace libcopyfile::target {
namespace {

using wire::Bytes;

// The same in every run and on every machine: an initiator knows a disk by it for as long as the disk exists.
std::array<uint8_t, 16> digest_of(const UnitOptions& options) {
  // A NUL between the two, so that no other pair of names gives the same bytes.
  const std::string text = options.target_name + '\0' +
                           (options.serial.empty() ? "n" + options.name : "s" + options.serial);
  std::array<uint8_t, 16> value{};
  auto hasher = Hasher::make(Algorithm::xxh3_128);
  if (!hasher) return value;
  hasher->add(std::as_bytes(std::span(text)));
  if (const auto digest = hasher->finish()) std::ranges::copy(digest->value(), value.begin());
  return value;
}

std::string hexadecimal(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0x0f];
  }
  return text;
}

// SPC-4 7.8.6.6.5 (NAA IEEE Registered Extended): copies name units by this kind alone (Linux, VMware, QEMU).
wire::Designator naa_of(const std::array<uint8_t, 16>& digest) {
  Bytes value(digest.begin(), digest.end());
  // NAA 6h, and a company id whose bit "locally administered" is set: it can't be anybody's.
  value[0] = 0x60;
  value[1] = 0x2c;
  value[2] = 0x0f;
  value[3] = static_cast<uint8_t>(0x10 | (value[3] & 0x0f));
  return {1, 0, wire::DesignatorType::naa, std::move(value)};
}

// SPC-4 7.8.6.4: vendor identification, eight characters, and what is unique with that vendor.
wire::Designator t10_of(const std::string& vendor, const std::string& unique) {
  std::string text = vendor.substr(0, 8);
  text.resize(8, ' ');
  text += unique;
  text.resize(std::min<size_t>(text.size(), 128));
  return {2, 0, wire::DesignatorType::t10_vendor, Bytes(text.begin(), text.end())};
}

}  // namespace

LogicalUnit::LogicalUnit(UnitOptions options, std::shared_ptr<Image> image)
    : options_(std::move(options)),
      image_(std::move(image)),
      reservations_(attentions_, options_.reservations_file),
      mode_(std::make_unique<ModePages>(options_.write_cache)),
      tasks_(std::make_unique<TaskSet>()) {
  const auto digest = digest_of(options_);
  serial_ = options_.serial.empty() ? hexadecimal(std::span(digest).first(8)) : options_.serial;
  // VPD 80h and the designator have room for less than what somebody may write into a configuration.
  serial_.resize(std::min<size_t>(serial_.size(), 64));
  designators_.push_back(naa_of(digest));
  designators_.push_back(t10_of(options_.vendor, hexadecimal(digest)));
}

LogicalUnit::~LogicalUnit() = default;

bool LogicalUnit::read_only() const { return image_->info().read_only || mode_->write_protected(); }

void LogicalUnit::about_to_write(Range bytes) {
  if (!watched_.load(std::memory_order_acquire)) return;
  std::vector<std::shared_ptr<WriteWatcher>> watching;
  {
    const std::lock_guard lock(watch_mutex_);
    std::erase_if(watchers_, [](const auto& watcher) { return watcher.expired(); });
    for (const auto& watcher : watchers_) {
      if (auto alive = watcher.lock()) watching.push_back(std::move(alive));
    }
    watched_.store(!watchers_.empty(), std::memory_order_release);
  }
  for (const auto& watcher : watching) watcher->written(bytes);
}

void LogicalUnit::watch(const std::shared_ptr<WriteWatcher>& watcher) {
  const std::lock_guard lock(watch_mutex_);
  watchers_.push_back(watcher);
  watched_.store(true, std::memory_order_release);
}

}  // namespace libcopyfile::target
