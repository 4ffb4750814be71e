// Digests and verification through the public interface.
#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"
#include "verify/digest.h"

namespace libcopyfile::test {
namespace {

const char* const kSha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const char* const kXxh3 = "06b05ab6733a618578af5f94892f3950";

class DigestApi : public ::testing::TestWithParam<FsKind> {
 protected:
  explicit DigestApi(FsKind fs = GetParam()) : path_(test_directory(fs)) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    write_text(path_ + "/source", "abc");
  }
  int copy() {
    report_ = {};
    const int rc = copyfileat(dir_.get(), "source", dir_.get(), "copy", &how_, sizeof how_,
                              &report_, sizeof report_);
    return rc == 0 ? 0 : errno;
  }
  void expect(Algorithm algorithm, const char* hex) {
    const std::optional<Digest> digest = parse_hex(algorithm, hex);
    how_.digest = static_cast<uint32_t>(algorithm);
    std::memcpy(how_.expected, digest->bytes.data(), sizeof how_.expected);
  }
  std::string reported() {
    Digest digest;
    digest.algorithm = static_cast<Algorithm>(report_.digest);
    std::memcpy(digest.bytes.data(), report_.digest_value, sizeof report_.digest_value);
    return digest.text();
  }

  std::string path_;
  Fd dir_;
  copyfile_how how_{};
  copyfile_report report_{};
};

INSTANTIATE_TEST_SUITE_P(Api, DigestApi, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(DigestApi, IsReported) {
  how_.digest = COPYFILE_DIGEST_SHA256;
  EXPECT_EQ(copy(), 0);
  EXPECT_EQ(reported(), std::string("sha256:") + kSha256);
  EXPECT_EQ(report_.verified, COPYFILE_VERIFIED_NO);
  unlink((path_ + "/copy").c_str());
  how_.digest = COPYFILE_DIGEST_XXH3_128;
  EXPECT_EQ(copy(), 0);
  EXPECT_EQ(reported(), std::string("xxh3:") + kXxh3);
}

TEST_P(DigestApi, NoneIsReportedUnlessAskedFor) {
  EXPECT_EQ(copy(), 0);
  EXPECT_EQ(report_.digest, COPYFILE_DIGEST_NONE);
  EXPECT_EQ(report_.digest_value[0], 0);
}

TEST_P(DigestApi, ThatIsExpectedIsThere) {
  expect(Algorithm::sha256, kSha256);
  EXPECT_EQ(copy(), 0);
  EXPECT_EQ(report_.published, 1U);
}

TEST_P(DigestApi, ThatIsNotThereIsNoCopy) {
  expect(Algorithm::xxh3_128, kXxh3);
  how_.expected[15] ^= 1;
  EXPECT_EQ(copy(), EBADMSG);
  EXPECT_EQ(reported(), std::string("xxh3:") + kXxh3) << "what was found is told";
  EXPECT_EQ(report_.published, 0U);
  EXPECT_EQ(names_in(path_), std::vector<std::string>{"source"});
}

TEST_P(DigestApi, VerifiedSaysWhereFrom) {
  how_.verify = COPYFILE_VERIFY_MEDIUM;
  EXPECT_EQ(copy(), 0);
  EXPECT_NE(report_.verified, COPYFILE_VERIFIED_NO);
  EXPECT_EQ(reported(), std::string("xxh3:") + kXxh3) << "the fastest, where none is asked for";
  EXPECT_EQ(report_.retries, 0U);
}

class DigestArguments : public DigestApi {
 protected:
  DigestArguments() : DigestApi(FsKind::ext4) {}
};

TEST_F(DigestArguments, DigestsThatAreTooLongAreRefused) {
  expect(Algorithm::xxh3_128, kXxh3);
  how_.expected[16] = 1;
  EXPECT_EQ(copy(), EINVAL);
  expect(Algorithm::sha256, kSha256);
  how_.expected[32] = 1;
  EXPECT_EQ(copy(), EINVAL);
  how_.expected[32] = 0;
  how_.digest = COPYFILE_DIGEST_NONE;
  EXPECT_EQ(copy(), EINVAL);
}

// A caller who was compiled before there were these members gets what there was.
TEST_F(DigestArguments, AnOlderReportIsFilledAsFarAsItGoes) {
  how_.digest = COPYFILE_DIGEST_SHA256;
  how_.verify = COPYFILE_VERIFY_MEDIUM;
  report_.verified = 77;
  EXPECT_EQ(copyfileat(dir_.get(), "source", dir_.get(), "copy", &how_, sizeof how_, &report_,
                       offsetof(copyfile_report, verified)),
            0);
  EXPECT_EQ(reported(), std::string("sha256:") + kSha256);
  EXPECT_EQ(report_.verified, 77U);
}

}  // namespace
}  // namespace libcopyfile::test
