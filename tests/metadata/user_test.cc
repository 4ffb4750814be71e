// As a user without rights: what root alone may give is lost and said, everything else is there.
#include <sys/xattr.h>

#include "fixture.h"

namespace libcopyfile::test {
namespace {

class AsUser : public ::testing::TestWithParam<FsKind> {
 protected:
  AsUser() {
    if (chmod(shop_.path.c_str(), 0777) != 0) ADD_FAILURE();
  }
  std::string copy() {
    return as_nobody([&]() -> std::string {
      Workshop mine(shop_.path, Workshop::Source::as_it_is);
      mine.job.required = required_;
      mine.job.wanted = wanted_;
      mine.job.replace = replace_;
      const Done ok = mine.copy();
      return ok ? text_of(mine.report.losses) : "failed: " + ok.error().message();
    });
  }

  Workshop shop_{GetParam()};
  const std::string source_ = shop_.file("source");
  const std::string copy_ = shop_.file("copy");
  uint64_t required_ = 0;
  uint64_t wanted_ = 0;
  Replace replace_ = Replace::never;
};

INSTANTIATE_TEST_SUITE_P(Metadata, AsUser,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs,
                                           FsKind::overlay),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(AsUser, OwnerAndSetIdBitsAreLost) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(source_.c_str(), 06755), 0);
  wanted_ = metadata::kMode | metadata::kOwner | metadata::kTimes;
  EXPECT_EQ(copy(), "owner(2) EPERM, group(2) EPERM, set-user-ID(2) EPERM, set-group-ID(2) EPERM");
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0755U);
  EXPECT_EQ(stat_of(copy_).st_mtim.tv_nsec, stat_of(source_).st_mtim.tv_nsec);
}

// The file may be written to while it is made, also if nobody may in the end.
TEST_P(AsUser, ReadOnlyFileWithAttributes) {
  set_xattr(source_, "user.a", "a");
  set_acl(source_, "user::r--,user:1000:r--,group::---,mask::r--,other::r--");
  required_ = metadata::kMode | metadata::kAcl | metadata::kXattr;
  EXPECT_EQ(copy(), "");
  EXPECT_EQ(xattr_of(copy_, "user.a"), "a");
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0444U);
}

TEST_P(AsUser, AttributesInADirectoryWhoseListTakesTheRightToWrite) {
  set_acl(shop_.path, "user::r--,group::r--,other::r--", true);
  set_xattr(source_, "user.a", "a");
  required_ = metadata::kXattr;
  EXPECT_EQ(copy(), "");
  EXPECT_EQ(xattr_of(copy_, "user.a"), "a");
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0444U);
}

TEST_P(AsUser, CapabilitiesAndLabelsAreLost) {
  set_xattr(source_, "security.capability", kNetRaw);
  set_xattr(source_, "user.a", "a");
  wanted_ = metadata::kCapabilities | metadata::kXattr;
  EXPECT_EQ(copy(), "security.capability(20) EPERM");
  EXPECT_EQ(xattr_of(copy_, "user.a"), "a");
}

TEST_P(AsUser, RequiredOwnerIsAnErrorAndNothingIsLeft) {
  required_ = metadata::kOwner;
  EXPECT_EQ(copy(), "failed: cannot set the owner of 'copy': Operation not permitted");
  EXPECT_EQ(names_in(shop_.path), std::vector<std::string>{"source"});
}

// To replace a file needs no right to read it: what can be asked without is kept, the rest is said to be lost.
TEST_P(AsUser, ReplacedFileThatMayNotBeRead) {
  write_text(copy_, "old", 0600);
  set_acl(copy_, "user::rw-,user:1001:rw-,group::---,mask::rw-,other::---");
  replace_ = Replace::file;
  EXPECT_EQ(copy(), "flags(80) EACCES, project(100) EACCES, owner(2) EPERM, group(2) EPERM");
  EXPECT_EQ(acl_of(copy_), "user::rw-,user:1001:rw-,group::---,mask::rw-,other::---");
  EXPECT_EQ(stat_of(copy_).st_uid, 65534U);
}

}  // namespace
}  // namespace libcopyfile::test
