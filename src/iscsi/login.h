// The login phase (RFC 7143, 6.3 and 11.12): from the first login request to the full feature phase. Knows no connection: request
// in, response out.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "iscsi/chap.h"
#include "iscsi/parameters.h"
#include "wire/iscsi_pdu.h"
#include "wire/iscsi_text.h"

namespace libcopyfile::iscsi {

// Status class and detail of a login response (11.13.5).
enum class LoginStatus : uint16_t {
  success = 0x0000,
  initiator_error = 0x0200,
  authentication_failure = 0x0201,
  authorization_failure = 0x0202,
  not_found = 0x0203,
  unsupported_version = 0x0205,
  too_many_connections = 0x0206,
  missing_parameter = 0x0207,
  session_type_not_supported = 0x0209,
  session_does_not_exist = 0x020a,
  invalid_during_login = 0x020b,
  target_error = 0x0300,
  service_unavailable = 0x0301,
  out_of_resources = 0x0302,
};

class Login {
 public:
  // `options` outlives the login.
  Login(const ServerOptions& options, RandomBytes random);
  ~Login();

  struct Reply {
    // Without the numbers and the TSIH, which are the session's.
    wire::iscsi::LoginResponse header;
    wire::Bytes text;
    bool done =
        false;  // full feature phase behind this response; it is for the session to be made before
    bool failed = false;  // the connection is closed behind this response
  };
  // One request with its text.
  Reply take(const wire::iscsi::LoginRequest& request, wire::View text);
  // A response that ends the login.
  static Reply refuse(const wire::iscsi::LoginRequest& request, LoginStatus status);

  // What was agreed on, so far.
  const Parameters& parameters() const { return parameters_; }
  Parameters& parameters() { return parameters_; }

 private:
  enum class Stage : uint8_t { security = 0, operational = 1, full_feature = 3 };
  // What the security stage waits for.
  enum class Proving : uint8_t { nothing_yet, algorithm, response, over };

  LoginStatus check_header(const wire::iscsi::LoginRequest& request);
  LoginStatus first_keys();
  LoginStatus who_and_what();
  LoginStatus security_keys(wire::Bytes& answer);
  LoginStatus choose_method(wire::Bytes& answer);
  LoginStatus send_challenge(wire::Bytes& answer);
  LoginStatus check_proof(wire::Bytes& answer);
  LoginStatus other_keys(wire::Bytes& answer);
  LoginStatus process(wire::Bytes& answer);
  bool says_the_same(const wire::iscsi::KeyValue& k) const;
  LoginStatus leave_for(Stage next) const;
  std::optional<std::string> take_key(std::string_view key);

  const ServerOptions& options_;
  RandomBytes random_;
  Parameters parameters_;
  std::optional<Authentication> authentication_;
  std::unique_ptr<Chap> chap_;
  Stage stage_ = Stage::security;
  Proving proving_ = Proving::nothing_yet;
  bool begun_ = false;      // a request was seen
  bool presented_ = false;  // the first keys were seen
  bool declared_ = false;   // ours were sent
  uint32_t tag_ = 0;
  wire::Bytes collected_;                    // text of requests that say that there is more
  std::vector<wire::iscsi::KeyValue> keys_;  // of this exchange, that nobody took yet
  std::set<std::string, std::less<>> seen_;  // keys that were agreed on
};

}  // namespace libcopyfile::iscsi
