#include "iscsi/parameters.h"

#include <algorithm>
#include <array>

#include "wire/iscsi_text.h"

namespace libcopyfile::iscsi {
namespace {

constexpr std::string_view kYes = "Yes", kNo = "No", kNone = "None", kCrc32c = "CRC32C";
constexpr uint64_t kMaxTime = 3600, kMaxLength = 0xffffff, kMinLength = 512;
constexpr uint32_t kOurOutstandingR2t = 8;

struct Offer {
  std::string_view value;
  const ServerOptions& options;
  Parameters& parameters;
};

// A number within what the key may be.
std::optional<uint32_t> number(const Offer& offer, uint64_t least, uint64_t most) {
  const auto value = wire::iscsi::parse_number(offer.value);
  if (!value || *value < least || *value > most) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

// The smaller of the offer and `ours`.
std::string least_of(const Offer& offer, uint64_t least, uint64_t most, uint64_t ours,
                     uint32_t* agreed = nullptr) {
  const auto value = number(offer, least, most);
  if (!value) return std::string(kRejected);
  const auto smaller = static_cast<uint32_t>(std::min<uint64_t>(*value, ours));
  if (agreed != nullptr) *agreed = smaller;
  return std::to_string(smaller);
}

std::optional<bool> boolean(const Offer& offer) {
  if (offer.value == kYes) return true;
  if (offer.value == kNo) return false;
  return std::nullopt;
}

std::string yes_or_no(bool value) { return std::string(value ? kYes : kNo); }

std::string digest(const Offer& offer, Digest wish, bool& agreed) {
  for (const std::string_view item : wire::iscsi::split_list(offer.value)) {
    const bool crc = item == kCrc32c;
    if (!crc && item != kNone) continue;
    if (crc ? wish == Digest::never : wish == Digest::required) continue;
    agreed = crc;
    return std::string(item);
  }
  return std::string(kRejected);
}

std::string header_digest(const Offer& offer) {
  return digest(offer, offer.options.header_digest, offer.parameters.header_digest);
}
std::string data_digest(const Offer& offer) {
  return digest(offer, offer.options.data_digest, offer.parameters.data_digest);
}

std::string max_recv_data_segment(const Offer& offer) {
  const auto value = number(offer, kMinLength, kMaxLength);
  if (!value) return std::string(kRejected);
  offer.parameters.initiator_data_segment = *value;
  return {};
}

std::string max_burst(const Offer& offer) {
  return least_of(offer, kMinLength, kMaxLength, offer.options.limits.max_burst,
                  &offer.parameters.max_burst);
}
std::string first_burst(const Offer& offer) {
  return least_of(offer, kMinLength, kMaxLength, offer.options.limits.first_burst,
                  &offer.parameters.first_burst);
}
std::string outstanding_r2t(const Offer& offer) {
  return least_of(offer, 1, 65535, kOurOutstandingR2t, &offer.parameters.outstanding_r2t);
}

// The result is the offer ORed with our No, and ANDed with our Yes.
std::string initial_r2t(const Offer& offer) {
  const auto value = boolean(offer);
  if (!value) return std::string(kRejected);
  offer.parameters.initial_r2t = *value;
  return yes_or_no(*value);
}
std::string immediate_data(const Offer& offer) {
  const auto value = boolean(offer);
  if (!value) return std::string(kRejected);
  offer.parameters.immediate_data = *value;
  return yes_or_no(*value);
}

// ORed with our Yes: data come in order.
std::string in_order(const Offer& offer) { return std::string(boolean(offer) ? kYes : kRejected); }
std::string markers(const Offer& offer) { return std::string(boolean(offer) ? kNo : kRejected); }
std::string rejected(const Offer&) { return std::string(kRejected); }

// The larger of the offer and our 0: a connection may be made again at once.
std::string time_to_wait(const Offer& offer) {
  const auto value = number(offer, 0, kMaxTime);
  return value ? std::to_string(*value) : std::string(kRejected);
}
// Nothing is kept of a session that lost its connection.
std::string time_to_retain(const Offer& offer) { return least_of(offer, 0, kMaxTime, 0); }
std::string connections(const Offer& offer) { return least_of(offer, 1, 65535, 1); }
std::string recovery_level(const Offer& offer) { return least_of(offer, 0, 2, 0); }
std::string protocol_level(const Offer& offer) { return least_of(offer, 0, 31, 1); }

std::string task_reporting(const Offer& offer) {
  const auto items = wire::iscsi::split_list(offer.value);
  constexpr std::string_view kOurs = "RFC3720";
  const bool offered = std::find(items.begin(), items.end(), kOurs) != items.end();
  return std::string(offered ? kOurs : kRejected);
}

std::string alias(const Offer& offer) {
  constexpr size_t kMaxAlias = 255;
  offer.parameters.initiator_alias = offer.value.substr(0, kMaxAlias);
  return {};
}

struct Row {
  std::string_view key;
  std::string (*agree)(const Offer& offer);
  bool session = true;  // means nothing in a discovery session
};

constexpr std::array kRows = std::to_array<Row>({
    {"HeaderDigest", header_digest, false},
    {"DataDigest", data_digest, false},
    {"MaxRecvDataSegmentLength", max_recv_data_segment, false},
    {"InitiatorAlias", alias, false},
    {"MaxConnections", connections},
    {"InitialR2T", initial_r2t},
    {"ImmediateData", immediate_data},
    {"MaxBurstLength", max_burst},
    {"FirstBurstLength", first_burst},
    {"DefaultTime2Wait", time_to_wait, false},
    {"DefaultTime2Retain", time_to_retain, false},
    {"MaxOutstandingR2T", outstanding_r2t},
    {"DataPDUInOrder", in_order},
    {"DataSequenceInOrder", in_order},
    {"ErrorRecoveryLevel", recovery_level, false},
    {"TaskReporting", task_reporting},
    {"iSCSIProtocolLevel", protocol_level},
    {"OFMarker", markers, false},
    {"IFMarker", markers, false},
    {"OFMarkInt", rejected, false},
    {"IFMarkInt", rejected, false},
});

}  // namespace

std::string negotiate(std::string_view key, std::string_view value, const ServerOptions& options,
                      Parameters& parameters) {
  const auto* const row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.key == key; });
  if (row == kRows.end()) return std::string(kNotUnderstood);
  if (row->session && parameters.discovery) return std::string(kIrrelevant);
  return row->agree({value, options, parameters});
}

}  // namespace libcopyfile::iscsi
