// A file that is replaced: what is not asked of the source stays as a write would have left it, or nothing does.
#include "fixture.h"

namespace libcopyfile::test {
namespace {

const char* const kOldList = "user::rw-,user:1001:rw-,group::r--,mask::rw-,other::---";

class Replacing : public ::testing::TestWithParam<FsKind> {
 protected:
  Replacing() {
    write_text(copy_, "old");
    if (chown(copy_.c_str(), 4321, 8765) != 0) ADD_FAILURE();
    set_acl(copy_, kOldList);
    set_xattr(copy_, "user.old", "old");
    set_xattr(copy_, "trusted.old", "old");
    set_xattr(copy_, "security.selinux", "old label");
    set_xattr(copy_, "security.capability", kNetRaw);
    if (has_flags()) set_flags(copy_, flags_of(copy_) | inode_flag::kNoDump);
    set_xattr(source_, "user.new", "new");
    set_acl(source_, "user::rwx,user:1000:rwx,group::rwx,mask::rwx,other::rwx");
    shop_.job.replace = Replace::file;
  }

  bool has_flags() const { return GetParam() != FsKind::fuse; }

  Workshop shop_{GetParam()};
  const std::string source_ = shop_.file("source");
  const std::string copy_ = shop_.file("copy");
};

INSTANTIATE_TEST_SUITE_P(Metadata, Replacing, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Replacing, KeepsWhatAWriteWouldHaveLeft) {
  shop_.copy_all();
  const struct stat now = stat_of(copy_);
  EXPECT_EQ(now.st_uid, 4321U);
  EXPECT_EQ(now.st_gid, 8765U);
  EXPECT_EQ(now.st_mode & 07777, 0660U);
  EXPECT_EQ(acl_of(copy_), kOldList);
  EXPECT_EQ(xattr_of(copy_, "user.old"), "old");
  EXPECT_EQ(xattr_of(copy_, "trusted.old"), "old");
  EXPECT_EQ(xattr_of(copy_, "security.selinux"), "old label");
  EXPECT_EQ(xattr_of(copy_, "user.new"), std::nullopt);
  EXPECT_EQ(xattr_of(copy_, "security.capability"), std::nullopt) << "a write drops them";
  if (has_flags()) {
    EXPECT_EQ(flags_of(copy_) & kMiddleFlags, inode_flag::kNoDump);
  }
}

TEST_P(Replacing, FreshKeepsNothing) {
  shop_.job.keep_replaced = false;
  shop_.copy_all();
  const struct stat now = stat_of(copy_);
  EXPECT_EQ(now.st_uid, 0U);
  EXPECT_EQ(now.st_mode & 07777, 0755U);
  EXPECT_EQ(acl_of(copy_), "");
  EXPECT_EQ(xattr_of(copy_, "user.old"), std::nullopt);
  EXPECT_EQ(xattr_of(copy_, "security.selinux"), std::nullopt);
  if (has_flags()) {
    EXPECT_EQ(flags_of(copy_) & kMiddleFlags, 0U);
  }
}

TEST_P(Replacing, ClassesThatAreAskedForAreThoseOfTheSource) {
  shop_.job.required = metadata::kXattr;
  shop_.copy_all();
  EXPECT_EQ(xattr_of(copy_, "user.old"), std::nullopt);
  EXPECT_EQ(xattr_of(copy_, "user.new"), "new");
  EXPECT_EQ(acl_of(copy_), kOldList);
  EXPECT_EQ(xattr_of(copy_, "security.selinux"), "old label");
  EXPECT_EQ(stat_of(copy_).st_uid, 4321U);
}

TEST_P(Replacing, TheListOfTheSourceBringsItsBits) {
  shop_.job.required = metadata::kAcl;
  shop_.copy_all();
  EXPECT_EQ(acl_of(copy_), "user::rwx,user:1000:rwx,group::rwx,mask::rwx,other::rwx");
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0777U);
  EXPECT_EQ(stat_of(copy_).st_uid, 4321U);
}

// As chmod(2) would do with the list that is there.
TEST_P(Replacing, TheModeOfTheSourceIsTheMaskOfTheOldList) {
  set_acl(source_, "user::rwx,group::r--,other::---");
  ASSERT_EQ(chmod(source_.c_str(), 0740), 0);
  shop_.job.required = metadata::kMode;
  shop_.copy_all();
  EXPECT_EQ(acl_of(copy_), "user::rwx,user:1001:rw-,group::r--,mask::r--,other::---");
}

TEST_P(Replacing, WhatCannotBeKeptIsReportedAndNoError) {
  shop_.system.script.inject("fail set_xattr errno=ENOSPC file=*user.old");
  shop_.system.script.inject("fail set_owner errno=EPERM");
  shop_.system.script.inject("fail set_access_acl errno=EOPNOTSUPP");
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(text_of(shop_.report.losses),
            "owner(2) EPERM, group(2) EPERM, user.old(10) ENOSPC, "
            "system.posix_acl_access(8) EOPNOTSUPP");
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0640U) << "the group's own rights, not the mask";
}

TEST(ReplacingOnExt4, SetIdBitsStayWithTheOwner) {
  Workshop shop(FsKind::ext4);
  write_text(shop.file("copy"), "old");
  ASSERT_EQ(chown(shop.file("copy").c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(shop.file("copy").c_str(), 06755), 0);
  shop.job.replace = Replace::file;
  shop.copy_all();
  EXPECT_EQ(stat_of(shop.file("copy")).st_mode & 07777, 06755U);
  EXPECT_EQ(stat_of(shop.file("copy")).st_uid, 1234U);
}

// Nothing is asked of the old file where everything comes from the source.
TEST(ReplacingOnExt4, IsNotLookedAtInVain) {
  Workshop shop(FsKind::ext4);
  write_text(shop.file("copy"), "old");
  shop.job.replace = Replace::file;
  shop.job.wanted = metadata::kAll;
  shop.copy_all();
  EXPECT_EQ(shop.system.recorder.only({"open"}).find("look"), std::string::npos);
}

}  // namespace
}  // namespace libcopyfile::test
