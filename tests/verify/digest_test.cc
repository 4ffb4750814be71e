#include "verify/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "verify/hasher.h"
#include "verify/libcrypto.h"

namespace libcopyfile::test {
namespace {

std::string hex_of(Algorithm algorithm, std::string_view text, size_t piece = SIZE_MAX) {
  Result<Hasher> hasher = Hasher::make(algorithm);
  if (!hasher) return hasher.error().message();
  const auto bytes = std::as_bytes(std::span(text));
  for (size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
    hasher->add(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  }
  const Result<Digest> digest = hasher->finish();
  return digest ? digest->hex() : digest.error().message();
}

// FIPS 180-2, appendix B, and the digest of nothing.
TEST(Digests, KnownVectorsOfSha256) {
  EXPECT_EQ(hex_of(Algorithm::sha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(Algorithm::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(Algorithm::sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex_of(Algorithm::sha256, std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The canonical form of XXH3_128bits(), as `xxhsum -H2` prints it.
TEST(Digests, KnownVectorsOfXxh3) {
  EXPECT_EQ(hex_of(Algorithm::xxh3_128, ""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hex_of(Algorithm::xxh3_128, "abc"), "06b05ab6733a618578af5f94892f3950");
}

TEST(Digests, PiecesAreAsGoodAsTheWhole) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += static_cast<char>(i * 7 + i / 256);
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::xxh3_128}) {
    const std::string whole = hex_of(algorithm, text);
    for (const size_t piece : {1, 63, 64, 65, 4096, 99'999}) {
      EXPECT_EQ(hex_of(algorithm, text, piece), whole) << piece;
    }
  }
}

TEST(Digests, ZerosAreZeros) {
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::xxh3_128}) {
    for (const size_t count : {0, 1, 65'535, 65'536, 65'537, 200'000}) {
      Result<Hasher> hasher = Hasher::make(algorithm);
      ASSERT_TRUE(hasher);
      EXPECT_EQ(hasher->algorithm(), algorithm);
      hasher->add_zeros(count);
      EXPECT_EQ(hasher->finish()->hex(), hex_of(algorithm, std::string(count, '\0'))) << count;
    }
  }
}

TEST(Digests, AreReadAsTheyAreWritten) {
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::xxh3_128}) {
    const std::string hex = hex_of(algorithm, "x");
    const std::string text = std::string(name_of(algorithm)) + ":" + hex;
    const std::optional<Digest> digest = parse_digest(text);
    ASSERT_TRUE(digest) << text;
    EXPECT_EQ(digest->text(), text);
    std::string upper = hex;
    for (char& c : upper) c = static_cast<char>(toupper(c));
    EXPECT_EQ(parse_hex(algorithm, upper), digest);
    EXPECT_EQ(parse_hex(algorithm, hex)->value().size(), digest_size(algorithm));
  }
}

TEST(Digests, NonsenseIsRefused) {
  const std::string good = hex_of(Algorithm::sha256, "x");
  for (const std::string& text :
       {std::string(), std::string("sha256"), std::string("sha256:"), "sha256:" + good + "0",
        "sha256:" + good.substr(1), "sha256: " + good, "md5:" + good, "xxh3:" + good, good,
        "sha256:g" + good.substr(1), "SHA256:" + good, std::string("none:")}) {
    EXPECT_FALSE(parse_digest(text)) << text;
  }
  EXPECT_FALSE(parse_hex(Algorithm::none, ""));
}

TEST(Digests, OfDifferentAlgorithmsAreDifferent) {
  Digest one;
  one.algorithm = Algorithm::sha256;
  Digest other;
  other.algorithm = Algorithm::xxh3_128;
  EXPECT_NE(one, other);
}

TEST(Libcrypto, ThatIsMissingIsNamed) {
  for (const char* name :
       {"libcrypto.so.99", "libc.so.6"}) {  // the second one is there, and no libcrypto
    const Result<Libcrypto> crypto = Libcrypto::load(name);
    ASSERT_FALSE(crypto);
    EXPECT_EQ(crypto.error().code, EOPNOTSUPP);
    EXPECT_EQ(crypto.error().message(),
              "cannot load the library '" + std::string(name) + "': Operation not supported");
  }
  EXPECT_FALSE(Hasher::make(Algorithm::none));
}

}  // namespace
}  // namespace libcopyfile::test
