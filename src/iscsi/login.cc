#include "iscsi/login.h"

#include <algorithm>
#include <array>

namespace libcopyfile::iscsi {

using wire::iscsi::append_key;
using wire::iscsi::KeyValue;
using wire::iscsi::LoginRequest;

namespace {

// Of the security stage alone (13: "Use: during login, security").
constexpr std::array<std::string_view, 6> kSecurityKeys = {"AuthMethod", "CHAP_A", "CHAP_N",
                                                           "CHAP_R",     "CHAP_I", "CHAP_C"};
constexpr size_t kMaxChallenge = 1024;  // 12.1.3
constexpr size_t kMaxChapName = 255;

bool is_security_key(std::string_view key) {
  return std::find(kSecurityKeys.begin(), kSecurityKeys.end(), key) != kSecurityKeys.end();
}

// libiscsi says these again in each stage.
bool is_introduction(std::string_view key) {
  return key == "InitiatorName" || key == "TargetName" || key == "SessionType";
}

bool has_item(std::string_view list, std::string_view item) {
  const auto items = wire::iscsi::split_list(list);
  return std::find(items.begin(), items.end(), item) != items.end();
}

}  // namespace

Login::Login(const ServerOptions& options, RandomBytes random)
    : options_(options), random_(std::move(random)) {}
Login::~Login() = default;

Login::Reply Login::refuse(const LoginRequest& request, LoginStatus status) {
  Reply reply;
  reply.header.stage = request.stage;
  reply.header.isid = request.isid;
  reply.header.tsih = request.tsih;
  reply.header.tag = request.tag;
  reply.header.status = static_cast<uint16_t>(status);
  reply.failed = true;
  return reply;
}

Login::Reply Login::take(const LoginRequest& request, wire::View text) {
  if (const LoginStatus status = check_header(request); status != LoginStatus::success) {
    return refuse(request, status);
  }
  if (text.size() >
      options_.limits.login_text - std::min(collected_.size(), options_.limits.login_text)) {
    return refuse(request, LoginStatus::initiator_error);
  }
  collected_.insert(collected_.end(), text.span().begin(), text.span().end());
  Reply reply = refuse(request, LoginStatus::success);
  reply.failed = false;
  if (request.more) return reply;

  auto keys = wire::iscsi::parse_text(std::exchange(collected_, {}));
  if (!keys) return refuse(request, LoginStatus::initiator_error);
  keys_ = std::move(*keys);
  if (const LoginStatus status = process(reply.text); status != LoginStatus::success) {
    return refuse(request, status);
  }
  // What an initiator takes in a login response is the default: it has declared nothing yet.
  if (reply.text.size() > kLoginDataSegment) return refuse(request, LoginStatus::initiator_error);
  const bool ready = stage_ != Stage::security || proving_ == Proving::over;
  if (!request.transit || !ready) return reply;

  const auto next = static_cast<Stage>(request.next_stage);
  if (const LoginStatus status = leave_for(next); status != LoginStatus::success) {
    return refuse(request, status);
  }
  reply.header.transit = true;
  reply.header.next_stage = request.next_stage;
  stage_ = next;
  reply.done = next == Stage::full_feature;
  return reply;
}

LoginStatus Login::check_header(const LoginRequest& request) {
  if (request.version_min > 0) return LoginStatus::unsupported_version;
  if (request.transit && request.more) return LoginStatus::initiator_error;
  const auto stage = static_cast<Stage>(request.stage);
  if (stage != Stage::security && stage != Stage::operational) return LoginStatus::initiator_error;
  const bool onward = request.next_stage > request.stage && request.next_stage != 2;
  if (request.transit && !onward) return LoginStatus::initiator_error;
  if (!begun_) {
    begun_ = true;
    stage_ = stage;
    tag_ = request.tag;
    parameters_.isid = request.isid;
    parameters_.connection = request.connection;
    return LoginStatus::success;
  }
  const bool same = stage == stage_ && request.tag == tag_ && request.isid == parameters_.isid &&
                    request.connection == parameters_.connection;
  return same ? LoginStatus::success : LoginStatus::initiator_error;
}

std::optional<std::string> Login::take_key(std::string_view key) {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const KeyValue& k) { return k.key == key; });
  if (found == keys_.end()) return std::nullopt;
  std::string value = std::move(found->value);
  keys_.erase(found);
  return value;
}

LoginStatus Login::process(wire::Bytes& answer) {
  // No key twice (6.2): also not over several requests, other than those that say how long a segment may be.
  for (const KeyValue& k : keys_) {
    const bool once = k.key != "MaxRecvDataSegmentLength" && !is_introduction(k.key);
    if (once && !seen_.insert(k.key).second) {
      return LoginStatus::initiator_error;
    }
  }
  if (!presented_) {
    presented_ = true;
    if (const LoginStatus status = first_keys(); status != LoginStatus::success) return status;
    if (!parameters_.discovery) {
      append_key(answer, "TargetPortalGroupTag", std::to_string(options_.portal_group));
      if (!options_.target_alias.empty()) append_key(answer, "TargetAlias", options_.target_alias);
    }
  }
  if (stage_ == Stage::security) {
    if (const LoginStatus status = security_keys(answer); status != LoginStatus::success) {
      return status;
    }
  }
  return other_keys(answer);
}

// 6.3.1: who it is and what it wants comes with the first request.
LoginStatus Login::first_keys() {
  if (const LoginStatus status = who_and_what(); status != LoginStatus::success) return status;
  if (options_.authentication) {
    authentication_ = options_.authentication(parameters_.initiator);
  } else {
    authentication_.emplace();
  }
  if (!authentication_) return LoginStatus::authorization_failure;
  // Whoever must prove itself can't leave the stage out in which that is done.
  if (authentication_->incoming && stage_ != Stage::security)
    return LoginStatus::authentication_failure;
  if (!authentication_->incoming && stage_ != Stage::security) proving_ = Proving::over;
  return LoginStatus::success;
}

LoginStatus Login::who_and_what() {
  auto initiator = take_key("InitiatorName");
  if (!initiator) return LoginStatus::missing_parameter;
  if (!wire::iscsi::is_node_name(*initiator)) return LoginStatus::initiator_error;
  parameters_.initiator = std::move(*initiator);
  const auto type = take_key("SessionType").value_or("Normal");
  if (type != "Normal" && type != "Discovery") return LoginStatus::session_type_not_supported;
  parameters_.discovery = type == "Discovery";
  const auto target = take_key("TargetName");
  if (parameters_.discovery) return LoginStatus::success;
  if (!target) return LoginStatus::missing_parameter;
  if (*target != options_.target_name) return LoginStatus::not_found;
  parameters_.target = *target;
  return LoginStatus::success;
}

LoginStatus Login::security_keys(wire::Bytes& answer) {
  switch (proving_) {
    case Proving::nothing_yet: return choose_method(answer);
    case Proving::algorithm: return send_challenge(answer);
    case Proving::response: return check_proof(answer);
    case Proving::over: break;
  }
  // Where no proof is needed, the method may still be asked for later.
  return authentication_->incoming ? LoginStatus::success : choose_method(answer);
}

LoginStatus Login::choose_method(wire::Bytes& answer) {
  const auto methods = take_key("AuthMethod");
  if (!authentication_->incoming) {
    if (methods && !has_item(*methods, "None")) return LoginStatus::authentication_failure;
    if (methods) append_key(answer, "AuthMethod", "None");
    proving_ = Proving::over;
    return LoginStatus::success;
  }
  // An initiator that says nothing yet may do so in its next request.
  if (!methods) return LoginStatus::success;
  if (!has_item(*methods, "CHAP")) return LoginStatus::authentication_failure;
  append_key(answer, "AuthMethod", "CHAP");
  chap_ = std::make_unique<Chap>(*authentication_, random_);
  proving_ = Proving::algorithm;
  return LoginStatus::success;
}

LoginStatus Login::send_challenge(wire::Bytes& answer) {
  const auto algorithms = take_key("CHAP_A");
  if (!algorithms) return LoginStatus::authentication_failure;
  for (const std::string_view item : wire::iscsi::split_list(*algorithms)) {
    const auto value = wire::iscsi::parse_number(item);
    const auto algorithm = value ? chap_algorithm(*value) : std::nullopt;
    if (!algorithm) continue;
    const auto challenge = chap_->challenge(*algorithm);
    if (!challenge) return LoginStatus::target_error;
    append_key(answer, "CHAP_A", std::to_string(static_cast<unsigned>(*algorithm)));
    append_key(answer, "CHAP_I", std::to_string(challenge->identifier));
    append_key(answer, "CHAP_C", wire::iscsi::format_binary(challenge->bytes));
    proving_ = Proving::response;
    return LoginStatus::success;
  }
  return LoginStatus::authentication_failure;
}

LoginStatus Login::check_proof(wire::Bytes& answer) {
  Chap::Proof proof;
  auto name = take_key("CHAP_N");
  const auto response = take_key("CHAP_R");
  if (!name || name->size() > kMaxChapName || !response) return LoginStatus::authentication_failure;
  proof.name = std::move(*name);
  auto bytes = wire::iscsi::parse_binary(*response, kMaxChallenge);
  if (!bytes) return LoginStatus::authentication_failure;
  proof.response = std::move(*bytes);

  const auto identifier = take_key("CHAP_I");
  const auto challenge = take_key("CHAP_C");
  if (identifier.has_value() != challenge.has_value()) return LoginStatus::authentication_failure;
  if (identifier) {
    const auto number = wire::iscsi::parse_number(*identifier);
    auto asked = wire::iscsi::parse_binary(*challenge, kMaxChallenge);
    if (!number || *number > UINT8_MAX || !asked) return LoginStatus::authentication_failure;
    proof.challenge = Chap::Challenge{static_cast<uint8_t>(*number), std::move(*asked)};
  }
  const auto proved = chap_->check(proof);
  if (!proved) {
    return proved.error().code == EACCES ? LoginStatus::authentication_failure
                                         : LoginStatus::target_error;
  }
  if (proof.challenge) {
    append_key(answer, "CHAP_N", proved->name);
    append_key(answer, "CHAP_R", wire::iscsi::format_binary(proved->response));
  }
  proving_ = Proving::over;
  return LoginStatus::success;
}

LoginStatus Login::other_keys(wire::Bytes& answer) {
  for (const KeyValue& k : std::exchange(keys_, {})) {
    if (is_security_key(k.key)) return LoginStatus::initiator_error;
    // An answer of the initiator to something that we did not ask needs none.
    if (k.value == kNotUnderstood || k.value == kIrrelevant || k.value == kRejected) continue;
    if (is_introduction(k.key)) {
      if (!says_the_same(k)) return LoginStatus::initiator_error;
      continue;
    }
    const std::string value = negotiate(k.key, k.value, options_, parameters_);
    if (!value.empty()) append_key(answer, k.key, value);
  }
  if (stage_ == Stage::operational && !std::exchange(declared_, true)) {
    append_key(answer, "MaxRecvDataSegmentLength",
               std::to_string(options_.limits.max_data_segment));
  }
  return LoginStatus::success;
}

bool Login::says_the_same(const KeyValue& k) const {
  if (k.key == "InitiatorName") return k.value == parameters_.initiator;
  if (k.key == "SessionType") return (k.value == "Discovery") == parameters_.discovery;
  return parameters_.discovery || k.value == parameters_.target;
}

LoginStatus Login::leave_for(Stage next) const {
  if (next != Stage::full_feature) return LoginStatus::success;
  const bool lacking = (options_.header_digest == Digest::required && !parameters_.header_digest) ||
                       (options_.data_digest == Digest::required && !parameters_.data_digest);
  return lacking ? LoginStatus::initiator_error : LoginStatus::success;
}

}  // namespace libcopyfile::iscsi
