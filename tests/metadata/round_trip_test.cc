// Every class there and back, on every file system that has it.
#include "engine/file_batch.h"
#include "fixture.h"

namespace libcopyfile::test {
namespace {

class RoundTrip : public ::testing::TestWithParam<FsKind> {
 protected:
  Workshop shop_{GetParam()};
  const std::string source_ = shop_.file("source");
  const std::string copy_ = shop_.file("copy");
};

INSTANTIATE_TEST_SUITE_P(Metadata, RoundTrip, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

const char* const kList = "user::rwx,user:1000:r--,user:1001:rw-,group::r-x,mask::rwx,other::--x";

TEST_P(RoundTrip, OwnerAndModeWithSetIdBits) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(source_.c_str(), 06751), 0);
  shop_.job.required = metadata::kMode | metadata::kOwner;
  shop_.copy_all();
  const struct stat now = stat_of(copy_);
  EXPECT_EQ(now.st_mode & 07777, 06751U);
  EXPECT_EQ(now.st_uid, 1234U);
  EXPECT_EQ(now.st_gid, 5678U);
}

TEST_P(RoundTrip, Times) {
  const timespec times[2] = {{1'000'000'000, 123'456'789}, {-1'111'111, 987'654'321}};
  ASSERT_EQ(utimensat(AT_FDCWD, source_.c_str(), times, 0), 0);
  shop_.job.required = metadata::kTimes;
  const struct stat before = stat_of(source_);
  ASSERT_TRUE(shop_.copy());  // and nobody reads the copy, which would change a time
  const struct stat now = stat_of(copy_);
  EXPECT_EQ(now.st_atim.tv_sec, before.st_atim.tv_sec);
  EXPECT_EQ(now.st_atim.tv_nsec, before.st_atim.tv_nsec);
  EXPECT_EQ(now.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(now.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

TEST_P(RoundTrip, AccessControlList) {
  set_acl(source_, kList);
  shop_.job.required = metadata::kAcl | metadata::kMode;
  shop_.copy_all();
  EXPECT_EQ(acl_of(copy_), kList);
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0771U);
}

TEST_P(RoundTrip, AccessControlListWithSetIdBits) {
  set_acl(source_, kList);
  ASSERT_EQ(chmod(source_.c_str(), 06771), 0);
  shop_.job.required = metadata::kAcl | metadata::kMode;
  shop_.copy_all();
  EXPECT_EQ(acl_of(copy_), kList);
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 06771U);
}

TEST_P(RoundTrip, ExtendedAttributesOfEveryNamespace) {
  set_xattr(source_, "user.text", "some text");
  set_xattr(source_, "user.nothing", "");
  set_xattr(source_, "user.large", std::string(2000, 'x'));
  set_xattr(source_, "trusted.ours", std::string("\0\1\2", 3));
  set_xattr(source_, "security.ours", "s");
  shop_.job.required = metadata::kXattr;
  shop_.copy_all();
  EXPECT_EQ(xattr_of(copy_, "user.text"), "some text");
  EXPECT_EQ(xattr_of(copy_, "user.nothing"), "");
  EXPECT_EQ(xattr_of(copy_, "user.large"), std::string(2000, 'x'));
  EXPECT_EQ(xattr_of(copy_, "trusted.ours"), std::string("\0\1\2", 3));
  EXPECT_EQ(xattr_of(copy_, "security.ours"), "s");
}

TEST_P(RoundTrip, CapabilitiesSurviveTheChangeOfOwner) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(source_.c_str(), 0755), 0);
  set_xattr(source_, "security.capability", kNetRaw);
  shop_.job.required = metadata::kCapabilities | metadata::kOwner | metadata::kMode;
  shop_.copy_all();
  EXPECT_EQ(xattr_of(copy_, "security.capability"), kNetRaw);
  EXPECT_EQ(stat_of(copy_).st_uid, 1234U);
}

// Where SELinux is not in charge its label is an attribute like others.
TEST_P(RoundTrip, Label) {
  const std::string label("system_u:object_r:etc_t:s0\0", 27);
  set_xattr(source_, "security.selinux", label);
  shop_.job.required = metadata::kLabel;
  shop_.copy_all();
  EXPECT_EQ(xattr_of(copy_, "security.selinux"), label);
}

TEST_P(RoundTrip, NothingThatIsNotAskedFor) {
  set_xattr(source_, "user.text", "some text");
  set_xattr(source_, "security.capability", kNetRaw);
  set_acl(source_, kList);
  shop_.copy_all();
  EXPECT_EQ(xattr_of(copy_, "user.text"), std::nullopt);
  EXPECT_EQ(xattr_of(copy_, "security.capability"), std::nullopt);
  EXPECT_EQ(acl_of(copy_), "");
}

TEST_P(RoundTrip, FlagsThatMostFileSystemsHave) {
  if (GetParam() == FsKind::fuse) return;  // the protocol has no such call for files like these
  const unsigned flags = inode_flag::kNoDump | inode_flag::kNoAtime;
  set_flags(source_, flags_of(source_) | flags);
  shop_.job.required = metadata::kInodeFlags;
  shop_.copy_all();
  EXPECT_EQ(flags_of(copy_) & (kEarlyFlags | kMiddleFlags | kLateFlags), flags);
}

TEST_P(RoundTrip, AppendOnlyAndImmutableComeAfterTheName) {
  if (GetParam() == FsKind::fuse) return;
  const unsigned flags = inode_flag::kAppend | inode_flag::kImmutable;
  for (const uint64_t required : {uint64_t{0}, metadata::kInodeFlags}) {
    set_flags(source_, flags_of(source_) | flags);
    shop_.job.required = required;
    shop_.job.wanted = metadata::kInodeFlags;
    shop_.copy_all();
    const unsigned now = flags_of(copy_);
    set_flags(source_, flags_of(source_) & ~flags);
    set_flags(copy_, now & ~flags);
    EXPECT_EQ(now & kLateFlags, flags);
    EXPECT_EQ(unlink(copy_.c_str()), 0);
  }
}

// Behind the one sync of a batch, too.
TEST_P(RoundTrip, AppendOnlyAndImmutableInABatch) {
  if (GetParam() == FsKind::fuse) return;
  const unsigned flags = inode_flag::kImmutable;
  set_flags(source_, flags_of(source_) | flags);
  shop_.job.required = metadata::kInodeFlags;
  const System system = shop_.system.system();
  std::vector<std::string> ended;
  FileBatch batch(
      system, shop_.catalogue, nullptr, {},
      [&](const FileJob& job, const FileReport& report, const Done& ok) {
        ended.push_back(job.out_path + (ok ? " ok " : " failed ") + text_of(report.losses));
      });
  for (const char* name : {"one", "two"}) {
    FileJob job = shop_.job;
    job.out_path = name;
    batch.add(std::move(job));
  }
  EXPECT_TRUE(ended.empty());
  batch.commit();
  EXPECT_EQ(ended, std::vector<std::string>({"one ok ", "two ok "}));
  set_flags(source_, flags_of(source_) & ~flags);
  for (const char* name : {"one", "two"}) {
    const unsigned now = flags_of(shop_.file(name));
    set_flags(shop_.file(name), now & ~flags);
    EXPECT_EQ(now & kLateFlags, flags);
  }
}

// Everything at once, by the options that how == NULL means.
TEST_P(RoundTrip, AllOfIt) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  set_acl(source_, kList);
  set_xattr(source_, "user.text", "some text");
  set_xattr(source_, "security.capability", kNetRaw);
  shop_.job.wanted = metadata::kAll;
  shop_.copy_all();
  EXPECT_EQ(acl_of(copy_), kList);
  EXPECT_EQ(xattr_of(copy_, "user.text"), "some text");
  EXPECT_EQ(xattr_of(copy_, "security.capability"), kNetRaw);
  EXPECT_EQ(stat_of(copy_).st_uid, 1234U);
  EXPECT_EQ(stat_of(copy_).st_mtim.tv_nsec, stat_of(source_).st_mtim.tv_nsec);
}

// --- what only some have ---

TEST(RoundTripOnBtrfs, NoCopyOnWriteIsSetBeforeTheData) {
  Workshop shop(FsKind::btrfs);
  unlink(shop.file("source").c_str());
  write_text(shop.file("source"), "");
  set_flags(shop.file("source"), inode_flag::kNoCopyOnWrite);
  truncate(shop.file("source").c_str(), 0);
  const Fd fd(open(shop.file("source").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(write(fd.get(), "what is in it", 13), 13);
  shop.job.required = metadata::kInodeFlags;
  shop.copy_all();
  EXPECT_EQ(flags_of(shop.file("copy")) & kEarlyFlags, inode_flag::kNoCopyOnWrite);
}

TEST(RoundTripOnBtrfs, NoCopyOnWriteOfTheDirectoryIsTakenBack) {
  Workshop shop(FsKind::btrfs);
  set_flags(shop.path, inode_flag::kNoCopyOnWrite);
  shop.job.required = metadata::kInodeFlags;
  shop.copy_all();
  EXPECT_EQ(flags_of(shop.file("copy")) & kEarlyFlags, 0U);
  unlink(shop.file("copy").c_str());
  shop.job.required = 0;
  shop.copy_all();
  EXPECT_EQ(flags_of(shop.file("copy")) & kEarlyFlags, inode_flag::kNoCopyOnWrite);
}

TEST(RoundTripOnBtrfs, Compression) {
  Workshop shop(FsKind::btrfs);
  set_flags(shop.file("source"), inode_flag::kCompress);
  shop.job.required = metadata::kInodeFlags;
  shop.copy_all();
  EXPECT_EQ(flags_of(shop.file("copy")) & kEarlyFlags, inode_flag::kCompress);
}

// Between file systems: what the other one can't have is lost by its name, and what it can is there.
TEST(RoundTripBetween, FlagsThatTheOtherHasNot) {
  Workshop from(FsKind::btrfs);
  Workshop to(FsKind::xfs);
  set_flags(from.file("source"),
            inode_flag::kCompress | inode_flag::kNoDump | inode_flag::kNoAtime);
  to.job.in_dir = from.dir.get();
  to.job.wanted = metadata::kInodeFlags;
  ASSERT_TRUE(to.copy());
  EXPECT_EQ(text_of(to.report.losses), "compress(80) EOPNOTSUPP");
  EXPECT_EQ(flags_of(to.file("copy")) & kMiddleFlags, inode_flag::kNoDump | inode_flag::kNoAtime);
  unlink(to.file("copy").c_str());
  to.job.required = metadata::kInodeFlags;
  const Done ok = to.copy();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EOPNOTSUPP);
  EXPECT_EQ(names_in(to.path), std::vector<std::string>{"source"});
}

TEST(RoundTripBetween, LargeAttributeThatExt4HasNoRoomFor) {
  Workshop from(FsKind::xfs);
  Workshop to(FsKind::ext4);
  set_xattr(from.file("source"), "user.small", "s");
  set_xattr(from.file("source"), "user.large", std::string(5000, 'x'));
  to.job.in_dir = from.dir.get();
  to.job.wanted = metadata::kXattr;
  ASSERT_TRUE(to.copy());
  EXPECT_EQ(text_of(to.report.losses), "user.large(10) ENOSPC");
  EXPECT_EQ(to.report.not_preserved, metadata::kXattr);
  EXPECT_EQ(xattr_of(to.file("copy"), "user.small"), "s");
}

}  // namespace
}  // namespace libcopyfile::test
