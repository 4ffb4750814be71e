// fs-verity: a copy has the digest that its source has, or says so.
#include <linux/fsverity.h>
#include <sys/ioctl.h>

#include <array>
#include <cstring>

#include "fixture.h"
#include "simulated_verity.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

std::string digest_of(const std::string& path) {
  // Algorithm, size, and the bytes behind them.
  alignas(fsverity_digest) std::array<char, sizeof(fsverity_digest) + 64> buffer{};
  constexpr uint16_t kRoom = 64;
  std::memcpy(buffer.data() + sizeof(uint16_t), &kRoom, sizeof kRoom);
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (ioctl(fd.get(), FS_IOC_MEASURE_VERITY, buffer.data()) != 0) return "";
  return {buffer.data(), buffer.size()};
}

void protect(const std::string& path, unsigned algorithm, const std::string& salt) {
  fsverity_enable_arg arg{};
  arg.version = 1;
  arg.hash_algorithm = algorithm;
  arg.block_size = 4096;
  arg.salt_size = static_cast<unsigned>(salt.size());
  arg.salt_ptr = reinterpret_cast<uintptr_t>(salt.data());
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (ioctl(fd.get(), FS_IOC_ENABLE_VERITY, &arg) != 0) {
    throw ScratchError::of_errno("enable verity for " + path);
  }
}

// Real ones where this kernel was built with it, and always a simulated one.
enum class Kernel : uint8_t { simulated, ext4, btrfs };

const char* name_of_kernel(Kernel kernel) {
  if (kernel == Kernel::ext4) return "ext4";
  return kernel == Kernel::btrfs ? "btrfs" : "simulated";
}

std::vector<Kernel> kernels() {
  std::vector<Kernel> all{Kernel::simulated};
  if (access("/sys/fs/ext4/features/verity", F_OK) == 0) all.push_back(Kernel::ext4);
  if (access("/sys/fs/btrfs/features/verity", F_OK) == 0) all.push_back(Kernel::btrfs);
  return all;
}

class FsVerity : public ::testing::TestWithParam<Kernel> {
 protected:
  static std::optional<ScratchFs> make(Kernel kernel) {
    if (kernel == Kernel::ext4) return ScratchFs::ext4({.mkfs = {"-O", "verity", "-b", "4096"}});
    if (kernel == Kernel::btrfs) return ScratchFs::btrfs();
    return std::nullopt;
  }
  bool is_real() const { return GetParam() != Kernel::simulated; }

  void protect_source(unsigned algorithm, const std::string& salt) {
    if (is_real()) return protect(source_, algorithm, salt);
    const Fd fd(open(source_.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(simulated_.enable_verity(fd.get(), {algorithm, 4096, salt, "signature"}));
    shop_.system.script.clear();
  }
  std::string digest(const std::string& path) {
    if (is_real()) return digest_of(path);
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const Result<Verity> v = simulated_.verity(fd.get());
    if (!v) return "";
    return std::to_string(v->hash_algorithm) + ":" + std::to_string(v->block_size) + ":" + v->salt +
           ":" + v->signature + ":" + read_text(path);
  }
  Done copy() {
    if (is_real()) return shop_.copy();
    shop_.report = {};
    const System system{files_, shop_.system.names, simulated_};
    return copy_file(system, shop_.catalogue, nullptr, shop_.job, shop_.report);
  }

  std::optional<ScratchFs> fs_{make(GetParam())};
  Workshop shop_{fs_ ? fs_->path() : test_directory(FsKind::xfs)};
  SimulatedVerity simulated_{shop_.system.kernel_attributes, shop_.system.script};
  VerityFiles files_{shop_.system.kernel_files, shop_.system.script, simulated_};
  const std::string source_ = shop_.file("source");
  const std::string copy_ = shop_.file("copy");
};

INSTANTIATE_TEST_SUITE_P(Metadata, FsVerity, ::testing::ValuesIn(kernels()),
                         [](const auto& i) { return std::string(name_of_kernel(i.param)); });

TEST_P(FsVerity, CopyHasTheSameDigest) {
  // Btrfs does not tell the salt.
  protect_source(FS_VERITY_HASH_ALG_SHA512, GetParam() == Kernel::btrfs ? "" : "some salt");
  ASSERT_NE(digest(source_), "");
  shop_.job.required = metadata::kVerity | metadata::kMode | metadata::kTimes;
  for (const bool named : {false, true}) {
    if (named) shop_.system.script.inject("fail create_unnamed errno=EOPNOTSUPP");
    const Done ok = copy();
    ASSERT_TRUE(ok) << ok.error().message();
    EXPECT_EQ(text_of(shop_.report.losses), "");
    EXPECT_EQ(stat_of(copy_).st_mtim.tv_nsec, stat_of(source_).st_mtim.tv_nsec);
    EXPECT_EQ(digest(copy_), digest(source_));
    unlink(copy_.c_str());
  }
}

TEST_P(FsVerity, ASaltThatIsNotToldIsALossOrAnError) {
  const bool told = GetParam() != Kernel::btrfs;
  protect_source(FS_VERITY_HASH_ALG_SHA256, "some salt");
  shop_.job.wanted = metadata::kVerity;
  ASSERT_TRUE(copy());
  EXPECT_EQ(text_of(shop_.report.losses), told ? "" : "verity(200) EOPNOTSUPP");
  unlink(copy_.c_str());
  shop_.job.required = metadata::kVerity;
  EXPECT_EQ(copy().has_value(), told);
  EXPECT_EQ(access(copy_.c_str(), F_OK) == 0, told);
}

TEST_P(FsVerity, IsNotCarriedOverUnasked) {
  protect_source(FS_VERITY_HASH_ALG_SHA256, "");
  ASSERT_TRUE(copy());
  EXPECT_EQ(digest(copy_), "");
}

TEST_P(FsVerity, OpenDescriptorForWritingIsWaitedFor) {
  protect_source(FS_VERITY_HASH_ALG_SHA256, "");
  shop_.system.script.inject("fail enable_verity errno=ETXTBSY times=3");
  shop_.job.required = metadata::kVerity;
  ASSERT_TRUE(copy());
  EXPECT_EQ(digest(copy_), digest(source_));
  EXPECT_EQ(shop_.system.script.calls("enable_verity"), 4U);
}

TEST_P(FsVerity, LossIsReportedOrAnError) {
  protect_source(FS_VERITY_HASH_ALG_SHA256, "");
  for (const char* code : {"EOPNOTSUPP", "ETXTBSY", "EPERM"}) {
    shop_.system.script.clear();
    shop_.system.script.inject(std::string("fail enable_verity errno=") + code);
    shop_.job.required = 0;
    shop_.job.wanted = metadata::kVerity;
    ASSERT_TRUE(copy());
    EXPECT_EQ(text_of(shop_.report.losses), std::string("verity(200) ") + code);
    unlink(copy_.c_str());
    shop_.job.required = metadata::kVerity;
    EXPECT_FALSE(copy());
    EXPECT_NE(access(copy_.c_str(), F_OK), 0);
  }
}

// The real call, on a file system or a kernel that has no such thing.
TEST(WithoutFsVerity, EnablingIsRefusedAsNotToBeHad) {
  const std::string directory = test_directory(FsKind::tmpfs);
  write_text(directory + "/file", "text");
  const Fd fd(open((directory + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  const Done ok = KernelAttributes().enable_verity(fd.get(), {1, 4096, "", ""});
  ASSERT_FALSE(ok);
  EXPECT_TRUE(is_not_supported(ok.error().code)) << ok.error().message();
}

}  // namespace
}  // namespace libcopyfile::test
