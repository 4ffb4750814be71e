#include "iscsi/chap.h"

#include "verify/libcrypto.h"

namespace libcopyfile::iscsi {
namespace {

wire::View view_of(std::string_view text) {
  return wire::View(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace

size_t chap_size(ChapAlgorithm algorithm) { return algorithm == ChapAlgorithm::md5 ? 16 : 32; }

std::optional<ChapAlgorithm> chap_algorithm(uint64_t number) {
  if (number == static_cast<uint64_t>(ChapAlgorithm::md5)) return ChapAlgorithm::md5;
  if (number == static_cast<uint64_t>(ChapAlgorithm::sha256)) return ChapAlgorithm::sha256;
  return std::nullopt;
}

Result<wire::Bytes> chap_response(ChapAlgorithm algorithm, uint8_t identifier,
                                  std::string_view secret, wire::View challenge) {
  const auto library = Libcrypto::load();
  if (!library) return fail(library.error());
  const std::unique_ptr<void, void (*)(void*)> context(library->md_ctx_new(), library->md_ctx_free);
  wire::Bytes digest(chap_size(algorithm));
  unsigned size = 0;
  const void* const type = algorithm == ChapAlgorithm::md5 ? library->md5() : library->sha256();
  const bool done =
      context != nullptr && library->digest_init(context.get(), type, nullptr) == 1 &&
      library->digest_update(context.get(), &identifier, 1) == 1 &&
      library->digest_update(context.get(), secret.data(), secret.size()) == 1 &&
      library->digest_update(context.get(), challenge.span().data(), challenge.size()) == 1 &&
      library->digest_final(context.get(), digest.data(), &size) == 1;
  if (!done || size != digest.size()) return fail(EOPNOTSUPP, Op::digest);
  return digest;
}

bool equal_in_constant_time(wire::View a, wire::View b) {
  if (a.size() != b.size()) return false;
  // Volatile: the compiler must not leave the loop early.
  volatile uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<uint8_t>(difference | (a.u8(i) ^ b.u8(i)));
  }
  return difference == 0;
}

Result<Chap::Challenge> Chap::challenge(ChapAlgorithm algorithm) {
  algorithm_ = algorithm;
  wire::Bytes random(1 + chap_size(algorithm));
  if (const Done done = random_(random); !done) return fail(done.error());
  sent_ = {random.front(), {random.begin() + 1, random.end()}};
  return sent_;
}

Result<Chap::Answer> Chap::check(const Proof& proof) const {
  if (!authentication_.incoming || sent_.bytes.empty()) return fail(EACCES, Op::verify);
  const Secret& incoming = *authentication_.incoming;
  const auto expected = chap_response(algorithm_, sent_.identifier, incoming.password, sent_.bytes);
  if (!expected) return fail(expected.error());
  // The digest is compared whatever the name is, so that the time tells nothing of either.
  const bool proved = equal_in_constant_time(proof.response, *expected);
  const bool known = equal_in_constant_time(view_of(proof.name), view_of(incoming.user));
  if (!proved || !known) return fail(EACCES, Op::verify);
  if (!proof.challenge) return Answer{};

  if (!authentication_.outgoing) return fail(EACCES, Op::verify);
  const Secret& outgoing = *authentication_.outgoing;
  // An initiator that does not know the secret could have us compute its proof: by giving our challenge back, here or, where
  // both secrets are one, on another connection (12.1.3, 9.2.1).
  if (proof.challenge->bytes == sent_.bytes || outgoing.password == incoming.password) {
    return fail(EACCES, Op::verify);
  }
  auto response = chap_response(algorithm_, proof.challenge->identifier, outgoing.password,
                                proof.challenge->bytes);
  if (!response) return fail(response.error());
  return Answer{outgoing.user, std::move(*response)};
}

}  // namespace libcopyfile::iscsi
