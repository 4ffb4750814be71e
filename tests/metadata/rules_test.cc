// What is decided, not only carried over: lists of rights that a directory hands on, masks, set-id bits, attributes that must
// not be copied.
#include <sys/xattr.h>

#include "fixture.h"

namespace libcopyfile::test {
namespace {

class Rules : public ::testing::TestWithParam<FsKind> {
 protected:
  // What open(2) makes of `mode` in this directory under the umask 022.
  std::string made_by_open(const std::string& name, unsigned mode) {
    const Fd fd(open(shop_.file(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    EXPECT_TRUE(fd.valid());
    return rights(name);
  }
  std::string rights(const std::string& name) {
    char text[16];
    std::snprintf(text, sizeof text, "%04o ", stat_of(shop_.file(name)).st_mode & 07777);
    return text + acl_of(shop_.file(name));
  }

  Workshop shop_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Metadata, Rules,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs, FsKind::tmpfs,
                                           FsKind::overlay),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Rules, NewFileHasTheRightsThatOpenWouldHaveGiven) {
  const mode_t old = umask(022);
  for (const char* list : {"", "user::rwx,user:1000:rwx,group::r-x,mask::rwx,other::r-x",
                           "user::rwx,group::rwx,other::rwx", "user::rw-,group::r--,other::---",
                           "user::r--,user:1000:r--,group::---,mask::r--,other::---"}) {
    if (*list != '\0') set_acl(shop_.path, list, true);
    for (const unsigned mode : {0644U, 0666U, 0777U, 0600U, 0400U, 0000U}) {
      shop_.source(mode);
      removexattr(shop_.file("source").c_str(), kAccessAcl);
      ASSERT_EQ(chmod(shop_.file("source").c_str(), mode), 0);
      shop_.copy_all();
      EXPECT_EQ(rights("copy"), made_by_open("opened", mode)) << list << ", " << mode;
      unlink(shop_.file("copy").c_str());
      unlink(shop_.file("opened").c_str());
    }
  }
  umask(old);
}

TEST_P(Rules, ListThatIsInheritedGoesWhereTheSourceHasNone) {
  set_acl(shop_.path, "user::rwx,user:1000:rwx,group::rwx,mask::rwx,other::rwx", true);
  shop_.source(0640);
  removexattr(shop_.file("source").c_str(), kAccessAcl);
  ASSERT_EQ(chmod(shop_.file("source").c_str(), 0640), 0);
  shop_.job.required = metadata::kAcl | metadata::kMode;
  shop_.copy_all();
  EXPECT_EQ(rights("copy"), "0640 ");
}

// The group's bits in st_mode are the mask of the list, which lets user 1000 write. The group may only read.
TEST_P(Rules, WithoutTheListTheGroupGetsItsOwnRightsNotTheMask) {
  set_acl(shop_.file("source"), "user::rw-,user:1000:rw-,group::r--,mask::rw-,other::---");
  ASSERT_EQ(stat_of(shop_.file("source")).st_mode & 0777, 0660U);
  shop_.copy_all();
  EXPECT_EQ(rights("copy"), "0640 ");
  unlink(shop_.file("copy").c_str());
  shop_.job.required = metadata::kMode;
  shop_.copy_all();
  EXPECT_EQ(rights("copy"), "0640 ");
  unlink(shop_.file("copy").c_str());
  shop_.job.required = metadata::kMode;
  shop_.job.wanted = metadata::kAcl;
  shop_.system.script.inject("fail set_access_acl errno=EOPNOTSUPP");
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(rights("copy"), "0640 ");
  EXPECT_EQ(text_of(shop_.report.losses), "system.posix_acl_access(8) EOPNOTSUPP");
}

TEST_P(Rules, MaskThatTakesRightsFromTheGroupIsHonoured) {
  set_acl(shop_.file("source"), "user::rw-,user:1000:rw-,group::rw-,mask::r--,other::---");
  shop_.copy_all();
  EXPECT_EQ(rights("copy"), "0640 ");
}

class RulesOnExt4 : public ::testing::Test {
 protected:
  Workshop shop_{FsKind::ext4};
  const std::string source_ = shop_.file("source");
  const std::string copy_ = shop_.file("copy");
};

TEST_F(RulesOnExt4, SetIdBitsAreForTheSameOwnerOnly) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(source_.c_str(), 06755), 0);
  shop_.job.wanted = metadata::kMode;
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0755U);
  EXPECT_EQ(text_of(shop_.report.losses), "set-user-ID(1) EPERM, set-group-ID(1) EPERM");
}

TEST_F(RulesOnExt4, SetGroupIdStaysWhereTheGroupCouldBeKept) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(source_.c_str(), 06755), 0);
  shop_.job.wanted = metadata::kMode | metadata::kOwner;
  shop_.system.script.inject("fail set_owner errno=EPERM times=1");
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 02755U);
  EXPECT_EQ(stat_of(copy_).st_gid, 5678U);
  EXPECT_EQ(text_of(shop_.report.losses), "owner(2) EPERM, set-user-ID(2) EPERM");
}

TEST_F(RulesOnExt4, CapabilitiesAreNotGivenWithoutTheOwner) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  set_xattr(source_, "security.capability", kNetRaw);
  shop_.job.wanted = metadata::kCapabilities | metadata::kOwner;
  shop_.system.script.inject("fail set_owner errno=EPERM");
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(xattr_of(copy_, "security.capability"), std::nullopt);
  EXPECT_EQ(text_of(shop_.report.losses),
            "owner(2) EPERM, group(2) EPERM, security.capability(20) EPERM");
}

// H8, H9 of the catalogue: they are about the inode that they are on.
TEST_F(RulesOnExt4, AttributesOfOneInodeAreNotCopiedAndNotLost) {
  for (const char* name :
       {"trusted.lov", "trusted.lma", "trusted.link", "trusted.fid", "trusted.overlay.origin",
        "user.overlay.opaque", "trusted.SGI_ACL_FILE", "user.Beagle.AttrTime"}) {
    set_xattr(source_, name, "x");
  }
  set_xattr(source_, "user.kept", "x");
  shop_.job.required = metadata::kXattr;
  shop_.copy_all();
  std::string names(1000, '\0');
  const ssize_t n = listxattr(copy_.c_str(), names.data(), names.size());
  EXPECT_EQ(std::string(names.c_str(), n > 0 ? static_cast<size_t>(n) : 0),
            std::string("user.kept\0", 10));
}

// E2, H5: between listing and reading an attribute goes. It is not there, so it is not lost.
TEST_F(RulesOnExt4, AttributeThatVanishesIsNoLoss) {
  set_xattr(source_, "user.a", "a");
  set_xattr(source_, "user.b", "b");
  shop_.system.script.before("get_xattr", 0, [&] { removexattr(source_.c_str(), "user.b"); });
  shop_.job.required = metadata::kXattr;
  shop_.copy_all();
  EXPECT_EQ(xattr_of(copy_, "user.a"), "a");
  EXPECT_EQ(xattr_of(copy_, "user.b"), std::nullopt);
}

TEST_F(RulesOnExt4, DefaultListThatCannotBeReadTakesAllRightsButTheOwners) {
  shop_.system.script.inject("fail default_acl errno=ENOENT");
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0600U);
  EXPECT_EQ(text_of(shop_.report.losses), "default ACL(1) ENOENT");
}

// The numbers of these requests mean something else to a driver.
TEST_F(RulesOnExt4, DevicesAndPipesAreNotAskedForFlags) {
  shop_.job.in_dir = AT_FDCWD;
  shop_.job.in_path = "/dev/null";
  shop_.job.wanted = metadata::kInodeFlags | metadata::kProject | metadata::kXattr;
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(shop_.system.recorder.only({"inode_flags", "project"}), "");
  EXPECT_EQ(text_of(shop_.report.losses), "");
}

TEST_F(RulesOnExt4, ModeOfANewFileCanBeGivenInPlaceOfTheSources) {
  ASSERT_EQ(chmod(source_.c_str(), 0700), 0);
  shop_.job.new_mode = 0666;
  shop_.copy_all();
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0644U);
}

// The lists of NFSv4, which no local file system has: kept aside.
class NfsLists final : public FaultyAttributes {
 public:
  NfsLists(Attributes& real, Script& script) : FaultyAttributes(real, script), names_(script) {}

  Result<std::vector<std::string>> list_xattrs(int fd) override {
    Result<std::vector<std::string>> names = FaultyAttributes::list_xattrs(fd);
    if (names) names->insert(names->begin(), kName);
    return names;
  }
  Result<std::string> get_xattr(int fd, const std::string& name) override {
    if (name == kName) return std::string("A::OWNER@:rw");
    return FaultyAttributes::get_xattr(fd, name);
  }
  Done set_xattr(int fd, const std::string& name, const std::string& value) override {
    given += name + " ";
    const Verdict verdict = names_.begin("set_xattr", ":" + name);
    if (verdict.error != 0) return fail(verdict.error, Op::set_attribute);
    if (name == kName) return {};
    return FaultyAttributes::set_xattr(fd, name, value);
  }
  Done set_mode(int fd, uint32_t mode) override {
    given += "mode ";
    return FaultyAttributes::set_mode(fd, mode);
  }

  std::string given;

 private:
  static constexpr const char* kName = "system.nfs4_acl";
  Script& names_;
};

TEST_F(RulesOnExt4, ListOfNfsIsGivenLastAndNotUndoneByTheMode) {
  set_xattr(source_, "user.a", "a");
  NfsLists attributes(shop_.system.kernel_attributes, shop_.system.script);
  const System system{shop_.system.files, shop_.system.names, attributes};
  shop_.job.wanted = metadata::kAcl | metadata::kMode | metadata::kXattr;
  ASSERT_TRUE(copy_file(system, shop_.catalogue, nullptr, shop_.job, shop_.report));
  EXPECT_EQ(attributes.given, "user.a system.nfs4_acl ");
  // Where there are no such lists: the mode says what it can, and the list is lost.
  unlink(copy_.c_str());
  attributes.given.clear();
  shop_.system.script.inject("fail set_xattr errno=EOPNOTSUPP file=*nfs4_acl");
  ASSERT_TRUE(copy_file(system, shop_.catalogue, nullptr, shop_.job, shop_.report));
  EXPECT_EQ(attributes.given, "user.a system.nfs4_acl mode ");
  EXPECT_EQ(text_of(shop_.report.losses), "system.nfs4_acl(8) EOPNOTSUPP");
  EXPECT_EQ(stat_of(copy_).st_mode & 07777, 0644U);
}

}  // namespace
}  // namespace libcopyfile::test
