// The login state machine, fed with requests, without any connection.
#include "iscsi/login.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace libcopyfile::test {
namespace {

using iscsi::Authentication;
using iscsi::ChapAlgorithm;
using iscsi::Digest;
using iscsi::Login;
using iscsi::LoginStatus;
using wire::Bytes;
using wire::View;
using wire::iscsi::LoginRequest;

constexpr const char* kTarget = "iqn.2026-01.invalid.test:target";
constexpr const char* kInitiator = "iqn.2026-01.invalid.test:initiator";
constexpr uint8_t kSecurity = 0, kOperational = 1, kFull = 3;

using Keys = std::vector<std::pair<std::string, std::string>>;

// Counts: each byte is one more than the one before.
Done counting(std::span<uint8_t> bytes) {
  uint8_t value = 1;
  for (uint8_t& byte : bytes) byte = value++;
  return {};
}

View view_of(const std::string& text) {
  return View(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

struct LoginTest : testing::Test {
  LoginTest() { options.target_name = kTarget; }

  void need(Authentication authentication) {
    options.authentication = [authentication](const std::string&) {
      return std::optional(authentication);
    };
  }
  Login& login() {
    if (!login_) login_.emplace(options, counting);
    return *login_;
  }
  // Sends a request from `stage`; to the next one where there is one.
  Login::Reply send(uint8_t stage, std::optional<uint8_t> next, const Keys& keys) {
    LoginRequest request;
    request.stage = stage;
    request.transit = next.has_value();
    request.next_stage = next.value_or(0);
    request.isid = {0x80, 1, 2, 3, 4, 5};
    request.tag = 7;
    return send(request, keys);
  }
  Login::Reply send(const LoginRequest& request, const Keys& keys) {
    Bytes text;
    for (const auto& [key, value] : keys) wire::iscsi::append_key(text, key, value);
    Login::Reply reply = login().take(request, text);
    answers.clear();
    const auto parsed = wire::iscsi::parse_text(reply.text);
    EXPECT_TRUE(parsed);
    for (const auto& k : *parsed) answers[k.key] = k.value;
    return reply;
  }
  static Keys who(const Keys& more = {}) {
    Keys keys = {{"InitiatorName", kInitiator}, {"SessionType", "Normal"}, {"TargetName", kTarget}};
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
  }
  static LoginStatus status(const Login::Reply& reply) {
    return static_cast<LoginStatus>(reply.header.status);
  }
  LoginStatus first_status(const Keys& keys) { return status(send(kOperational, kFull, keys)); }
  // What the target answers to an operational key.
  std::string agreed(const std::string& key, const std::string& value) {
    login_.reset();
    const auto reply = send(kOperational, kFull, who({{key, value}}));
    EXPECT_EQ(status(reply), LoginStatus::success) << key << "=" << value;
    return answers.contains(key) ? answers[key] : "(nothing)";
  }

  iscsi::ServerOptions options;
  std::map<std::string, std::string> answers;
  std::optional<Login> login_;
};

TEST_F(LoginTest, OneRequestIsEnoughWhereNothingIsToBeProved) {
  const auto reply = send(kOperational, kFull, who());
  EXPECT_EQ(status(reply), LoginStatus::success);
  EXPECT_TRUE(reply.done);
  EXPECT_TRUE(reply.header.transit);
  EXPECT_EQ(reply.header.next_stage, kFull);
  EXPECT_EQ(reply.header.tag, 7U);
  EXPECT_EQ(answers["TargetPortalGroupTag"], "1");
  EXPECT_EQ(answers["MaxRecvDataSegmentLength"], "262144");
  EXPECT_EQ(login().parameters().initiator, kInitiator);
  EXPECT_EQ(login().parameters().initiator_data_segment, 8192U) << "the default of the standard";
}

TEST_F(LoginTest, ThroughBothStages) {
  auto reply = send(kSecurity, kOperational, who({{"AuthMethod", "CHAP,None"}}));
  EXPECT_EQ(status(reply), LoginStatus::success);
  EXPECT_TRUE(reply.header.transit);
  EXPECT_FALSE(reply.done);
  EXPECT_EQ(answers["AuthMethod"], "None");
  reply = send(kOperational, std::nullopt,
               {{"InitiatorName", kInitiator}, {"HeaderDigest", "CRC32C,None"}});
  EXPECT_FALSE(reply.header.transit);
  EXPECT_EQ(answers["HeaderDigest"], "CRC32C");
  EXPECT_EQ(answers.count("TargetPortalGroupTag"), 0U) << "said once";
  reply = send(kOperational, kFull, {});
  EXPECT_TRUE(reply.done);
  EXPECT_TRUE(login().parameters().header_digest);
}

TEST_F(LoginTest, KeysAreAgreedOnAsTheStandardSays) {
  struct Row {
    const char *key, *offer, *answer;
  };
  constexpr std::array rows = std::to_array<Row>({
      {"HeaderDigest", "None", "None"},
      {"HeaderDigest", "CRC32C", "CRC32C"},
      {"HeaderDigest", "X-other,None", "None"},
      {"DataDigest", "CRC32C,None", "CRC32C"},
      {"DataDigest", "MD5", "Reject"},
      {"MaxConnections", "8", "1"},
      {"InitialR2T", "Yes", "Yes"},
      {"InitialR2T", "No", "No"},
      {"InitialR2T", "Maybe", "Reject"},
      {"ImmediateData", "Yes", "Yes"},
      {"ImmediateData", "No", "No"},
      {"MaxBurstLength", "16776192", "1048576"},
      {"MaxBurstLength", "65536", "65536"},
      {"MaxBurstLength", "511", "Reject"},
      {"MaxBurstLength", "16777216", "Reject"},
      {"FirstBurstLength", "0x40000", "262144"},
      {"FirstBurstLength", "8192", "8192"},
      {"DefaultTime2Wait", "2", "2"},
      {"DefaultTime2Retain", "20", "0"},
      {"MaxOutstandingR2T", "1", "1"},
      {"MaxOutstandingR2T", "65535", "8"},
      {"MaxOutstandingR2T", "0", "Reject"},
      {"DataPDUInOrder", "No", "Yes"},
      {"DataSequenceInOrder", "Yes", "Yes"},
      {"ErrorRecoveryLevel", "2", "0"},
      {"ErrorRecoveryLevel", "3", "Reject"},
      {"TaskReporting", "FastAbort,RFC3720", "RFC3720"},
      {"TaskReporting", "FastAbort", "Reject"},
      {"iSCSIProtocolLevel", "2", "1"},
      {"OFMarker", "Yes", "No"},
      {"IFMarker", "No", "No"},
      {"OFMarkInt", "2048", "Reject"},
      {"X-com.example.thing", "1", "NotUnderstood"},
      {"Nonsense", "", "NotUnderstood"},
      {"InitiatorAlias", "host", "(nothing)"},
  });
  for (const Row& row : rows) {
    EXPECT_EQ(agreed(row.key, row.offer), row.answer) << row.key << "=" << row.offer;
  }
}

TEST_F(LoginTest, WhatWasAgreedOnIsKept) {
  send(kOperational, kFull,
       who({{"MaxRecvDataSegmentLength", "65536"},
            {"InitialR2T", "No"},
            {"ImmediateData", "No"},
            {"FirstBurstLength", "262144"},
            {"MaxBurstLength", "131072"},
            {"MaxOutstandingR2T", "4"},
            {"DataDigest", "CRC32C"}}));
  const auto& p = login().parameters();
  EXPECT_EQ(p.initiator_data_segment, 65536U);
  EXPECT_FALSE(p.initial_r2t);
  EXPECT_FALSE(p.immediate_data);
  EXPECT_EQ(p.max_burst, 131072U);
  EXPECT_EQ(p.unsolicited(), 131072U) << "never more than a burst";
  EXPECT_EQ(p.outstanding_r2t, 4U);
  EXPECT_TRUE(p.data_digest);
  EXPECT_FALSE(p.header_digest);
}

TEST_F(LoginTest, DigestsByConfiguration) {
  options.header_digest = Digest::never;
  EXPECT_EQ(agreed("HeaderDigest", "CRC32C,None"), "None");
  EXPECT_EQ(agreed("HeaderDigest", "CRC32C"), "Reject");
  options.header_digest = Digest::required;
  EXPECT_EQ(agreed("HeaderDigest", "None,CRC32C"), "CRC32C");
  login_.reset();
  EXPECT_EQ(first_status(who({{"HeaderDigest", "None"}})), LoginStatus::initiator_error);
  login_.reset();
  EXPECT_EQ(first_status(who()), LoginStatus::initiator_error);
}

TEST_F(LoginTest, WhoAndWhatMustBeSaid) {
  EXPECT_EQ(first_status({{"TargetName", kTarget}}), LoginStatus::missing_parameter);
  login_.reset();
  EXPECT_EQ(first_status({{"InitiatorName", kInitiator}}), LoginStatus::missing_parameter);
  login_.reset();
  EXPECT_EQ(first_status({{"InitiatorName", "me"}, {"TargetName", kTarget}}),
            LoginStatus::initiator_error);
  login_.reset();
  EXPECT_EQ(first_status({{"InitiatorName", kInitiator}, {"TargetName", "iqn.x:y"}}),
            LoginStatus::not_found);
  login_.reset();
  EXPECT_EQ(first_status({{"InitiatorName", kInitiator}, {"SessionType", "Other"}}),
            LoginStatus::session_type_not_supported);
}

TEST_F(LoginTest, WhoMayNotLogInIsToldSo) {
  options.authentication = [](const std::string& name) {
    EXPECT_EQ(name, kInitiator);
    return std::optional<Authentication>();
  };
  EXPECT_EQ(first_status(who()), LoginStatus::authorization_failure);
}

TEST_F(LoginTest, DiscoveryNeedsNoTarget) {
  const auto reply = send(
      kOperational, kFull,
      {{"InitiatorName", kInitiator}, {"SessionType", "Discovery"}, {"MaxBurstLength", "65536"}});
  EXPECT_TRUE(reply.done);
  EXPECT_TRUE(login().parameters().discovery);
  EXPECT_EQ(answers["MaxBurstLength"], "Irrelevant");
  EXPECT_EQ(answers.count("TargetPortalGroupTag"), 0U);
}

TEST_F(LoginTest, HeadersThatBreakTheRules) {
  LoginRequest good;
  good.stage = kOperational;
  good.next_stage = kFull;
  good.transit = true;
  const auto status_of = [&](auto change) {
    login_.reset();
    LoginRequest request = good;
    change(request);
    return status(send(request, who()));
  };
  EXPECT_EQ(status_of([](LoginRequest&) {}), LoginStatus::success);
  EXPECT_EQ(status_of([](LoginRequest& r) { r.version_min = 1; }),
            LoginStatus::unsupported_version);
  EXPECT_EQ(status_of([](LoginRequest& r) { r.more = true; }), LoginStatus::initiator_error);
  EXPECT_EQ(status_of([](LoginRequest& r) { r.stage = 2; }), LoginStatus::initiator_error);
  EXPECT_EQ(status_of([](LoginRequest& r) { r.stage = kFull; }), LoginStatus::initiator_error);
  EXPECT_EQ(status_of([](LoginRequest& r) { r.next_stage = 2; }), LoginStatus::initiator_error);
  EXPECT_EQ(status_of([](LoginRequest& r) { r.next_stage = kOperational; }),
            LoginStatus::initiator_error);
}

TEST_F(LoginTest, ALoginStaysTheSameLogin) {
  send(kSecurity, kOperational, who());
  EXPECT_EQ(status(send(kSecurity, kOperational, {})), LoginStatus::initiator_error)
      << "a step back";
  login_.reset();
  send(kSecurity, kOperational, who());
  LoginRequest other;
  other.stage = kOperational;
  other.tag = 7;
  EXPECT_EQ(status(send(other, {})), LoginStatus::initiator_error) << "another ISID";
}

TEST_F(LoginTest, AKeyIsAgreedOnOnce) {
  EXPECT_EQ(first_status(who({{"MaxBurstLength", "65536"}, {"MaxBurstLength", "65536"}})),
            LoginStatus::initiator_error);
  login_.reset();
  EXPECT_EQ(status(send(kOperational, std::nullopt, who({{"InitialR2T", "No"}}))),
            LoginStatus::success);
  EXPECT_EQ(status(send(kOperational, kFull, {{"InitialR2T", "Yes"}})),
            LoginStatus::initiator_error);
  login_.reset();
  send(kOperational, std::nullopt, who());
  EXPECT_EQ(
      status(send(kOperational, kFull, {{"InitiatorName", "iqn.2026-01.invalid.test:other"}})),
      LoginStatus::initiator_error)
      << "not somebody else afterwards";
}

TEST_F(LoginTest, TextOverSeveralRequests) {
  LoginRequest request;
  request.stage = kOperational;
  request.more = true;
  const std::string one = std::string("InitiatorName=") + kInitiator;
  auto reply = login().take(request, view_of(one));
  EXPECT_FALSE(reply.failed);
  EXPECT_TRUE(reply.text.empty());
  EXPECT_FALSE(reply.header.transit);
  request.more = false;
  request.transit = true;
  request.next_stage = kFull;
  const std::string two = std::string("\0TargetName=", 12) + kTarget + std::string(1, '\0');
  EXPECT_TRUE(login().take(request, view_of(two)).done);
}

TEST_F(LoginTest, TextIsBounded) {
  LoginRequest request;
  request.stage = kOperational;
  request.more = true;
  const std::string piece(8192, 'k');
  EXPECT_FALSE(login().take(request, view_of(piece)).failed);
  EXPECT_FALSE(login().take(request, view_of(piece)).failed);
  EXPECT_TRUE(login().take(request, view_of("k")).failed);
  login_.reset();
  Keys many = who();
  for (int i = 0; i < 1000; ++i) many.emplace_back("X-" + std::to_string(i), "");
  EXPECT_EQ(first_status(many), LoginStatus::initiator_error)
      << "an answer longer than a login response takes";
}

struct ChapTest : LoginTest {
  ChapTest() { need({iscsi::Secret{"user", "secret secret"}, std::nullopt}); }

  // Up to the challenge.
  void challenge(const std::string& algorithms) {
    EXPECT_EQ(status(send(kSecurity, kOperational, who({{"AuthMethod", "CHAP"}}))),
              LoginStatus::success);
    EXPECT_EQ(answers["AuthMethod"], "CHAP");
    EXPECT_EQ(status(send(kSecurity, kOperational, {{"CHAP_A", algorithms}})),
              LoginStatus::success);
  }
  std::string response(ChapAlgorithm algorithm, const std::string& secret) {
    const auto identifier = static_cast<uint8_t>(std::stoul(answers["CHAP_I"]));
    const auto challenge = wire::iscsi::parse_binary(answers["CHAP_C"], 1024);
    return wire::iscsi::format_binary(
        *iscsi::chap_response(algorithm, identifier, secret, *challenge));
  }
};

TEST_F(ChapTest, AnInitiatorThatKnowsTheSecretLogsIn) {
  for (const auto& [name, algorithm] :
       {std::pair("5", ChapAlgorithm::md5), std::pair("7", ChapAlgorithm::sha256)}) {
    login_.reset();
    challenge(name);
    EXPECT_EQ(answers["CHAP_A"], name);
    const auto reply = send(kSecurity, kOperational,
                            {{"CHAP_N", "user"}, {"CHAP_R", response(algorithm, "secret secret")}});
    EXPECT_EQ(status(reply), LoginStatus::success);
    EXPECT_TRUE(reply.header.transit);
    EXPECT_TRUE(send(kOperational, kFull, {}).done);
  }
}

TEST_F(ChapTest, TheFirstAlgorithmThatWeKnowIsTaken) {
  challenge("6,7,5");
  EXPECT_EQ(answers["CHAP_A"], "7");
}

TEST_F(ChapTest, WhoDoesNotProveItselfStaysOutside) {
  challenge("5");
  EXPECT_EQ(status(send(kSecurity, kOperational,
                        {{"CHAP_N", "user"}, {"CHAP_R", response(ChapAlgorithm::md5, "guess")}})),
            LoginStatus::authentication_failure);
  login_.reset();
  challenge("5");
  EXPECT_EQ(status(send(
                kSecurity, kOperational,
                {{"CHAP_N", "other"}, {"CHAP_R", response(ChapAlgorithm::md5, "secret secret")}})),
            LoginStatus::authentication_failure);
  login_.reset();
  challenge("5");
  EXPECT_EQ(status(send(kSecurity, kOperational, {{"CHAP_N", "user"}, {"CHAP_R", "0x"}})),
            LoginStatus::authentication_failure);
  login_.reset();
  challenge("5");
  EXPECT_EQ(status(send(kSecurity, kOperational, {})), LoginStatus::authentication_failure);
}

TEST_F(ChapTest, TheStageOfProofIsNotLeftOut) {
  EXPECT_EQ(first_status(who()), LoginStatus::authentication_failure);
  login_.reset();
  EXPECT_EQ(status(send(kSecurity, kFull, who({{"AuthMethod", "None"}}))),
            LoginStatus::authentication_failure);
  login_.reset();
  const auto silent = send(kSecurity, kFull, who());
  EXPECT_EQ(status(silent), LoginStatus::success);
  EXPECT_FALSE(silent.header.transit) << "not before there is proof";
  EXPECT_FALSE(silent.done);
  login_.reset();
  challenge("5");
  EXPECT_EQ(status(send(kOperational, kFull, {})), LoginStatus::initiator_error);
  login_.reset();
  send(kSecurity, kOperational, who({{"AuthMethod", "CHAP"}}));
  EXPECT_EQ(status(send(kSecurity, kOperational, {{"CHAP_A", "9"}})),
            LoginStatus::authentication_failure);
}

TEST_F(ChapTest, TheTargetProvesItselfWhereItIsAsked) {
  need({iscsi::Secret{"user", "secret secret"}, iscsi::Secret{"target", "another secret"}});
  challenge("5");
  const Bytes mine = {9, 8, 7, 6};
  const auto reply = send(kSecurity, kOperational,
                          {{"CHAP_N", "user"},
                           {"CHAP_R", response(ChapAlgorithm::md5, "secret secret")},
                           {"CHAP_I", "42"},
                           {"CHAP_C", wire::iscsi::format_binary(mine)}});
  EXPECT_EQ(status(reply), LoginStatus::success);
  EXPECT_EQ(answers["CHAP_N"], "target");
  EXPECT_EQ(answers["CHAP_R"], wire::iscsi::format_binary(*iscsi::chap_response(
                                   ChapAlgorithm::md5, 42, "another secret", mine)));
}

TEST_F(ChapTest, OurOwnChallengeIsNotAnswered) {
  need({iscsi::Secret{"user", "secret secret"}, iscsi::Secret{"target", "another secret"}});
  challenge("5");
  EXPECT_EQ(status(send(kSecurity, kOperational,
                        {{"CHAP_N", "user"},
                         {"CHAP_R", response(ChapAlgorithm::md5, "secret secret")},
                         {"CHAP_I", "42"},
                         {"CHAP_C", answers["CHAP_C"]}})),
            LoginStatus::authentication_failure);
}

TEST_F(ChapTest, OneSecretForBothIsNoProof) {
  need({iscsi::Secret{"user", "secret secret"}, iscsi::Secret{"target", "secret secret"}});
  challenge("5");
  EXPECT_EQ(status(send(kSecurity, kOperational,
                        {{"CHAP_N", "user"},
                         {"CHAP_R", response(ChapAlgorithm::md5, "secret secret")},
                         {"CHAP_I", "42"},
                         {"CHAP_C", "0x01020304"}})),
            LoginStatus::authentication_failure);
}

// Computed by `printf '\x01secret\x00\x01\x02\x03' | md5sum` and sha256sum.
TEST(Chap, ResponsesAreDigestsOfIdentifierSecretAndChallenge) {
  const Bytes challenge = {0, 1, 2, 3};
  EXPECT_EQ(
      wire::iscsi::format_binary(*iscsi::chap_response(ChapAlgorithm::md5, 1, "secret", challenge)),
      "0xe82cb2ed1efe04893c9cf73d4dd12e2d");
  EXPECT_EQ(wire::iscsi::format_binary(
                *iscsi::chap_response(ChapAlgorithm::sha256, 1, "secret", challenge)),
            "0x60ad105214396c736e4569759380672905396143713449e104a2be1e885b5d06");
}

TEST(Chap, ComparesAllBytes) {
  EXPECT_TRUE(iscsi::equal_in_constant_time(Bytes{1, 2}, Bytes{1, 2}));
  EXPECT_FALSE(iscsi::equal_in_constant_time(Bytes{1, 2}, Bytes{1, 3}));
  EXPECT_FALSE(iscsi::equal_in_constant_time(Bytes{1, 2}, Bytes{1}));
}

}  // namespace
}  // namespace libcopyfile::test
