// Copies that real initiators ask for become clones: QEMU by EXTENDED COPY(LID1), our own command by LID4 and by tokens.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/fd.h"
#include "testing/inspect.h"
#include "testing/text_files.h"
#include "tests/target_app/daemon_fixture.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kSize = 24 * kMiB;

class Copies : public DaemonTest, public ::testing::WithParamInterface<FsKind> {
 protected:
  Copies() : DaemonTest(GetParam()) {
    image("a", kSize, 1);
    image("b", kSize, 2);
    serve(configure(luns({"a", "b"})));
  }
  bool shares(Range range) const {
    const Fd a(::open(path("a").c_str(), O_RDONLY)), b(::open(path("b").c_str(), O_RDONLY));
    return shares_all(a.get(), b.get(), range);
  }
};

TEST_P(Copies, QemuCopiesByTheFileSystem) {
  const Finished done = run({"qemu-img", "convert", "-n", "-C", "-f", "raw", "-O", "raw",
                             daemon_->url(0), daemon_->url(1)});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_TRUE(read_text(path("b")) == pattern(kSize, 1));
  EXPECT_TRUE(shares({0, kSize}));
  const auto status = daemon_->ask({"status"});
  EXPECT_EQ(status.at("bytes_shared"), kSize);
  EXPECT_EQ(status.at("bytes_moved"), 0);
  const auto copies = daemon_->ask({"copies"});
  ASSERT_FALSE(copies.empty());
  EXPECT_EQ(copies[0].at("mechanism"), "reflink");
  EXPECT_EQ(copies[0].at("source"), "a");
}

TEST_P(Copies, OurCommandCopiesAllOfAUnit) {
  const Finished done =
      copyfile({"--offload=always", "--overwrite-device", daemon_->url(0), daemon_->url(1)});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_TRUE(read_text(path("b")) == pattern(kSize, 1));
  EXPECT_TRUE(shares({0, kSize}));
}

TEST_P(Copies, OurCommandCopiesRanges) {
  const Finished done = copyfile({"range", "--offload=always", "--overwrite-device",
                                  daemon_->url(0), daemon_->url(1), "1M:4M:2M", "8M:0:1M"});
  ASSERT_TRUE(done.ok()) << done.err;
  const std::string a = pattern(kSize, 1);
  std::string expected = pattern(kSize, 2);
  expected.replace(4 * kMiB, 2 * kMiB, a.substr(kMiB, 2 * kMiB));
  expected.replace(0, kMiB, a.substr(8 * kMiB, kMiB));
  EXPECT_TRUE(read_text(path("b")) == expected);
  EXPECT_EQ(daemon_->ask({"status"}).at("bytes_shared"), 3 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(OnFileSystems, Copies, ::testing::Values(FsKind::xfs, FsKind::btrfs),
                         [](const auto& one) { return std::string(name_of(one.param)); });

}  // namespace
}  // namespace libcopyfile::test
