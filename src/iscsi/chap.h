// CHAP (RFC 1994, RFC 7143 12.1.3): the target's side of an initiator's proof, and of our own where it is asked for.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "iscsi/server.h"
#include "wire/bytes.h"

namespace libcopyfile::iscsi {

// CHAP_A: the numbers are IANA's.
enum class ChapAlgorithm : uint8_t { md5 = 5, sha256 = 7 };

// How long a response, and our challenge, is.
size_t chap_size(ChapAlgorithm algorithm);
std::optional<ChapAlgorithm> chap_algorithm(uint64_t number);
// Digest of identifier, secret and challenge. EOPNOTSUPP where libcrypto is not installed or does not do the algorithm (FIPS: MD5).
Result<wire::Bytes> chap_response(ChapAlgorithm algorithm, uint8_t identifier,
                                  std::string_view secret, wire::View challenge);
// Takes as long for any two texts of a length.
bool equal_in_constant_time(wire::View a, wire::View b);

using RandomBytes = std::function<Done(std::span<uint8_t>)>;

// One exchange: challenge(), then proof of the initiator, then our own.
class Chap {
 public:
  Chap(Authentication authentication, RandomBytes random)
      : authentication_(std::move(authentication)), random_(std::move(random)) {}

  struct Challenge {
    uint8_t identifier = 0;
    wire::Bytes bytes;
  };
  Result<Challenge> challenge(ChapAlgorithm algorithm);

  struct Proof {
    std::string name;
    wire::Bytes response;
    std::optional<Challenge> challenge;  // the initiator asks for ours
  };
  struct Answer {
    std::string name;
    wire::Bytes response;
  };
  // EACCES: not who it claims to be, or a challenge that we do not answer. The answer's name is empty where none is asked for.
  Result<Answer> check(const Proof& proof) const;

 private:
  Authentication authentication_;
  RandomBytes random_;
  ChapAlgorithm algorithm_ = ChapAlgorithm::md5;
  Challenge sent_;
};

}  // namespace libcopyfile::iscsi
