#include "verify/hasher.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "verify/libcrypto.h"

// Everything is in the header, and compiled for what every processor of this kind has: SSE2 on x86-64, with which XXH3 is
// faster than memory.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace libcopyfile {
namespace {

constexpr size_t kZeroBlock = size_t{64} << 10;
constexpr std::array<std::byte, kZeroBlock> kZeros{};

}  // namespace

class Hasher::State {
 public:
  virtual ~State() = default;
  virtual Algorithm algorithm() const = 0;
  virtual void add(std::span<const std::byte> data) = 0;
  virtual Result<Digest> finish() = 0;
};

class Hasher::Sha256 final : public State {
 public:
  static Result<std::unique_ptr<State>> make() {
    const Result<Libcrypto> crypto = Libcrypto::load();
    if (!crypto) return fail(crypto.error());
    auto state = std::make_unique<Sha256>(*crypto, crypto->md_ctx_new());
    if (state->context_ == nullptr) return fail(ENOMEM, Op::digest);
    // In a FIPS configuration without its provider, for one.
    if (crypto->digest_init(state->context_, crypto->sha256(), nullptr) != 1) {
      return fail(EOPNOTSUPP, Op::load, std::string(Libcrypto::kName));
    }
    return state;
  }

  Sha256(const Libcrypto& crypto, void* context) : crypto_(crypto), context_(context) {}
  ~Sha256() override { crypto_.md_ctx_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Algorithm algorithm() const override { return Algorithm::sha256; }
  void add(std::span<const std::byte> data) override {
    good_ = good_ && crypto_.digest_update(context_, data.data(), data.size()) == 1;
  }
  Result<Digest> finish() override {
    Digest digest;
    digest.algorithm = Algorithm::sha256;
    unsigned size = 0;
    good_ = good_ && crypto_.digest_final(context_, digest.bytes.data(), &size) == 1;
    if (!good_ || size != digest_size(digest.algorithm)) return fail(EIO, Op::digest);
    return digest;
  }

 private:
  Libcrypto crypto_;
  void* context_;
  bool good_ = true;
};

class Hasher::Xxh3 final : public State {
 public:
  Xxh3() { XXH3_128bits_reset(&state_); }
  Algorithm algorithm() const override { return Algorithm::xxh3_128; }
  void add(std::span<const std::byte> data) override {
    XXH3_128bits_update(&state_, data.data(), data.size());
  }
  Result<Digest> finish() override {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_));
    Digest digest;
    digest.algorithm = Algorithm::xxh3_128;
    static_assert(sizeof canonical.digest == digest_size(Algorithm::xxh3_128));
    std::memcpy(digest.bytes.data(), canonical.digest, sizeof canonical.digest);
    return digest;
  }

 private:
  XXH3_state_t state_{};
};

Result<Hasher> Hasher::make(Algorithm algorithm) {
  if (algorithm == Algorithm::xxh3_128) return Hasher(std::make_unique<Xxh3>());
  if (algorithm != Algorithm::sha256) return fail(EINVAL, Op::digest);
  Result<std::unique_ptr<State>> state = Sha256::make();
  if (!state) return fail(state.error());
  return Hasher(std::move(*state));
}

Hasher::Hasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Algorithm Hasher::algorithm() const { return state_->algorithm(); }
void Hasher::add(std::span<const std::byte> data) { state_->add(data); }

void Hasher::add_zeros(uint64_t count) {
  while (count > 0) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(count, kZeroBlock));
    add(std::span(kZeros).first(n));
    count -= n;
  }
}

Result<Digest> Hasher::finish() { return state_->finish(); }

}  // namespace libcopyfile
