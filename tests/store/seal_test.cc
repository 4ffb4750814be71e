// fs-verity, for a kernel that was built without it: who seals, what is recorded, and when it is believed.
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "fixture.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using namespace store;

// Enables nothing, remembers who asked, and tells stat of it.
class ToySeals final : public FaultyAttributes {
 public:
  ToySeals(Attributes& real, Script& script, Files& files)
      : FaultyAttributes(real, script), files_(files) {}
  Done enable_verity(int fd, const Verity& verity) override {
    EXPECT_EQ(verity.hash_algorithm, 1U);
    const Result<Access> access = files_.access(fd);
    if (!access || access->write) return fail(ETXTBSY, Op::set_attribute);
    sealed_.insert(files_.stat(fd)->inode);
    return {};
  }
  Result<std::string> measure_verity(int fd) override {
    if (!is_sealed(files_.stat(fd)->inode)) return fail(ENODATA, Op::get_attribute);
    return measurement;
  }
  bool is_sealed(uint64_t inode) const { return sealed_.contains(inode); }
  std::string measurement = "1:aa";

 private:
  Files& files_;
  std::set<uint64_t> sealed_;
};

class SealedFiles final : public FaultyFiles {
 public:
  SealedFiles(Files& real, Script& script, const ToySeals& seals)
      : FaultyFiles(real, script), seals_(seals) {}
  Result<FileStat> stat(int fd) override {
    Result<FileStat> now = FaultyFiles::stat(fd);
    if (now && seals_.is_sealed(now->inode)) now->attributes |= kStatVerity;
    return now;
  }

 private:
  const ToySeals& seals_;
};

class StoreSeal : public StoreTest {
 protected:
  ToySeals seals_{shop_.system.kernel_attributes, shop_.system.script, shop_.system.kernel_files};
  SealedFiles files_{shop_.system.kernel_files, shop_.system.script, seals_};
  Environment sealing_{{files_, shop_.system.names, seals_}, shop_.catalogue, nullptr};

  Repository open_sealing() {
    return *Repository::open(sealing_, kCurrentDirectory, at("repo"), Use::write);
  }
  static bool read_nothing(uint64_t) {
    ADD_FAILURE() << "it was read";
    return true;
  }
};

TEST_P(StoreSeal, ASealedBlobIsOpenedWithoutReadingIt) {
  Repository repository = open_sealing();
  const Result<Added> added = add_text(repository, "sealed", "s");
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_TRUE(added->sealed);
  const Result<OpenBlob> opened =
      open_checked(repository, Reference(std::string("s")), SealTrust::own, read_nothing);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->checked_by, CheckedBy::verity);
  EXPECT_EQ(got(repository, "s"), "sealed");
}

TEST_P(StoreSeal, AnotherMeasurementThanTheRecordedOneIsNotBelieved) {
  Repository repository = open_sealing();
  const Digest digest = add_text(repository, "sealed")->digest;
  seals_.measurement = "1:bb";
  const auto any = [](uint64_t) { return true; };
  const Result<OpenBlob> opened = open_checked(repository, Reference(digest), SealTrust::own, any);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->checked_by, CheckedBy::digest);
  flip_bit(blob(digest), 3);
  EXPECT_EQ(code_of(open_checked(repository, Reference(digest), SealTrust::own, any)), EBADMSG);
}

// A member of the group could seal a file of his own, and record its measurement.
TEST_P(StoreSeal, WhereOthersMayWriteItIsBelievedOnlyIfTheyAreTrusted) {
  const std::string reference = "s";
  {
    Repository repository = open_sealing();
    ASSERT_TRUE(add_text(repository, "sealed", reference));
  }
  const auto checked_by = [&](SealTrust trust) {
    Repository repository = open_sealing();
    const Result<OpenBlob> opened =
        open_checked(repository, Reference(reference), trust, [](uint64_t) { return true; });
    EXPECT_TRUE(opened);
    return opened ? std::optional(opened->checked_by) : std::nullopt;
  };
  EXPECT_EQ(checked_by(SealTrust::own), CheckedBy::verity);
  for (const char* part : {"repo", "repo/blobs/sha256", "repo/index.sqlite"}) {
    SCOPED_TRACE(part);
    struct stat before {};
    ASSERT_EQ(::stat(at(part).c_str(), &before), 0);
    ASSERT_EQ(::chmod(at(part).c_str(), before.st_mode | 0020), 0);
    EXPECT_EQ(checked_by(SealTrust::own), CheckedBy::digest);
    EXPECT_EQ(checked_by(SealTrust::recorded), CheckedBy::verity);
    ASSERT_EQ(::chmod(at(part).c_str(), before.st_mode), 0);
    ASSERT_EQ(::chown(at(part).c_str(), 1001, before.st_gid), 0);
    EXPECT_EQ(checked_by(SealTrust::own), CheckedBy::digest);
    ASSERT_EQ(::chown(at(part).c_str(), 0, before.st_gid), 0);
  }
  EXPECT_EQ(checked_by(SealTrust::own), CheckedBy::verity);
}

TEST_P(StoreSeal, WithoutTheIndexTheBytesAreRead) {
  const Digest digest = digest_of("sealed");
  {
    Repository repository = open_sealing();
    ASSERT_TRUE(add_text(repository, "sealed"));
  }
  ASSERT_EQ(::unlink(at("repo/index.sqlite").c_str()), 0);
  Repository repository = open_sealing();
  const Result<OpenBlob> opened =
      open_checked(repository, Reference(digest), SealTrust::own, [](uint64_t) { return true; });
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->checked_by, CheckedBy::digest);
}

// The toy does not look at what is read: whoever trusts it is given what is there.
TEST_P(StoreSeal, GetBelievesItOnlyWhereAskedTo) {
  Repository repository = open_sealing();
  const Digest digest = add_text(repository, "sealed", "s")->digest;
  const auto take = [&](const char* to, bool trust) {
    GetOptions options;
    options.trust_seal = trust;
    return get(repository, Reference(digest), kCurrentDirectory, at(to), options);
  };
  EXPECT_EQ(take("whole", false)->checked_by, CheckedBy::digest);
  EXPECT_EQ(take("trusted", true)->checked_by, CheckedBy::verity);
  EXPECT_EQ(read_text(at("trusted")), "sealed");
  flip_bit(blob(digest), 3);
  EXPECT_EQ(code_of(take("damaged", false)), EBADMSG);
  EXPECT_EQ(take("unseen", true)->checked_by, CheckedBy::verity);
  EXPECT_NE(read_text(at("unseen")), "sealed");
  seals_.measurement = "1:bb";
  EXPECT_EQ(code_of(take("another", true)), EBADMSG);
}

TEST_P(StoreSeal, WhereThereIsNoneTheDigestIsComputed) {
  Repository repository = open();
  shop_.system.script.inject("fail enable_verity errno=EOPNOTSUPP");
  const Result<Added> added = add_text(repository, "plain");
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_FALSE(added->sealed);
  const Result<OpenBlob> opened = open_checked(repository, Reference(added->digest), SealTrust::own,
                                               [](uint64_t) { return true; });
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->checked_by, CheckedBy::digest);
}

INSTANTIATE_TEST_SUITE_P(On, StoreSeal, ::testing::Values(FsKind::ext4, FsKind::btrfs),
                         [](const auto& p) { return std::string(name_of(p.param)); });

}  // namespace
}  // namespace libcopyfile::test
