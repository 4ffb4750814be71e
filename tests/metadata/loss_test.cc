// Each loss by its name and errno; where the class is required, an error before the file has a name.
#include "fixture.h"
#include "testing/errno_names.h"

namespace libcopyfile::test {
namespace {

struct LossCase {
  const char* name;
  uint64_t metadata_class;
  const char* operation;  // "set_xattr", with the attribute where there are several
  const char* file;
  const char* lost;  // as text_of() shows it, with * for the errno
};

void PrintTo(const LossCase& c, std::ostream* out) { *out << c.name; }

const LossCase kLossCases[] = {
    {"owner", metadata::kOwner, "set_owner", "private", "owner(2) *, group(2) *"},
    {"mode", metadata::kMode, "set_mode", "private", "mode(1) *"},
    {"times", metadata::kTimes, "set_times", "private", "times(4) *"},
    {"list", metadata::kAcl, "set_access_acl", "private", "system.posix_acl_access(8) *"},
    {"list_unread", metadata::kAcl, "access_acl", "source", "system.posix_acl_access(8) *"},
    {"one_attribute", metadata::kXattr, "set_xattr", "private:user.b", "user.b(10) *"},
    {"one_unread", metadata::kXattr, "get_xattr", "source:user.b", "user.b(10) *"},
    {"none_listed", metadata::kXattr, "list_xattrs", "source", "extended attributes(10) *"},
    {"capabilities", metadata::kCapabilities, "set_xattr", "private:security.capability",
     "security.capability(20) *"},
    {"label", metadata::kLabel, "set_xattr", "private:security.selinux", "security.selinux(40) *"},
    {"flags", metadata::kInodeFlags, "set_inode_flags", "private",
     "sync(80) *, nodump(80) *, noatime(80) *"},
    {"flags_of_source", metadata::kInodeFlags, "inode_flags", "source", "flags(80) *"},
    {"flags_of_copy", metadata::kInodeFlags, "inode_flags", "private",
     "sync(80) *, nodump(80) *, noatime(80) *"},
};

class Losing : public ::testing::TestWithParam<std::tuple<LossCase, const char*>> {
 protected:
  Losing() {
    const std::string source = shop_.file("source");
    if (chown(source.c_str(), 1234, 5678) != 0) ADD_FAILURE();
    set_acl(source, "user::rw-,user:1000:r--,group::---,mask::r--,other::---");
    for (const char* name : {"user.a", "user.b", "user.c", "security.selinux"}) {
      set_xattr(source, name, name);
    }
    set_xattr(source, "security.capability", kNetRaw);
    set_flags(source,
              flags_of(source) | inode_flag::kNoDump | inode_flag::kNoAtime | inode_flag::kSync);
  }

  Workshop shop_{FsKind::ext4};
};

INSTANTIATE_TEST_SUITE_P(Metadata, Losing,
                         ::testing::Combine(::testing::ValuesIn(kLossCases),
                                            ::testing::Values("EPERM", "ENOSPC", "EOPNOTSUPP",
                                                              "E2BIG", "EACCES", "EDQUOT", "EIO")),
                         [](const auto& i) {
                           return std::string(std::get<0>(i.param).name) + "_" +
                                  std::get<1>(i.param);
                         });

TEST_P(Losing, IsReportedByNameAndAnErrorWhereRequired) {
  const auto& [c, code] = GetParam();
  shop_.system.script.inject(std::string("fail ") + c.operation + " file=" + c.file +
                             " errno=" + code);
  shop_.job.wanted = c.metadata_class;
  const Done ok = shop_.copy();
  ASSERT_TRUE(ok) << ok.error().message();
  std::string expected = c.lost;
  for (size_t at; (at = expected.find('*')) != std::string::npos;) expected.replace(at, 1, code);
  // What can't be asked of the source because its file system has no such thing is not there.
  const bool reading = std::string_view(c.file).starts_with("source");
  const bool single = std::string_view(c.file).find(':') != std::string_view::npos;
  const bool absent = reading && !single && code == std::string_view("EOPNOTSUPP");
  EXPECT_EQ(text_of(shop_.report.losses), absent ? "" : expected);
  EXPECT_EQ(shop_.report.not_preserved, absent ? 0 : c.metadata_class);
  if (c.metadata_class == metadata::kXattr && !absent && single) {
    EXPECT_EQ(xattr_of(shop_.file("copy"), "user.a"), "user.a");
    EXPECT_EQ(xattr_of(shop_.file("copy"), "user.c"), "user.c");
  }
  if (absent) return;

  unlink(shop_.file("copy").c_str());
  shop_.job.required = c.metadata_class;
  const Done refused = shop_.copy();
  ASSERT_FALSE(refused);
  EXPECT_EQ(errno_name(refused.error().code), code);
  EXPECT_FALSE(shop_.report.published);
  ASSERT_FALSE(shop_.report.losses.empty());
  EXPECT_EQ(shop_.report.losses.back().metadata_class, c.metadata_class);
  EXPECT_EQ(names_in(shop_.path), std::vector<std::string>{"source"});
}

class EveryCall : public ::testing::TestWithParam<FsKind> {};

INSTANTIATE_TEST_SUITE_P(Metadata, EveryCall,
                         ::testing::Values(FsKind::ext4, FsKind::xfs, FsKind::btrfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// The first call of a kind fails, then the second, until a run meets none any more. With all classes required there is a
// copy with all of it, or none and the old file; with all wanted there is a copy, and what it lacks is said.
TEST_P(EveryCall, ThatFailsIsALossOrAnErrorAndNeverSilent) {
  Workshop shop(GetParam());
  const std::string source = shop.file("source");
  ASSERT_EQ(chown(source.c_str(), 1234, 5678), 0);
  set_acl(source, "user::rwx,user:1000:r--,group::---,mask::r--,other::---");
  ASSERT_EQ(chmod(source.c_str(), 04740), 0);
  set_xattr(source, "user.a", "a");
  set_xattr(source, "security.capability", kNetRaw);
  set_flags(source, flags_of(source) | inode_flag::kNoDump);
  const auto all_there = [&] {
    const std::string copy = shop.file("copy");
    const struct stat now = stat_of(copy);
    return now.st_uid == 1234 && now.st_gid == 5678 && (now.st_mode & 07777) == 04740 &&
           acl_of(copy) == acl_of(source) && xattr_of(copy, "user.a") == "a" &&
           xattr_of(copy, "security.capability") == kNetRaw &&
           (flags_of(copy) & inode_flag::kNoDump) != 0;
  };
  shop.job.replace = Replace::file;
  uint64_t failed = 0;
  for (const uint64_t required : {metadata::kAll, uint64_t{0}}) {
    shop.job.required = required;
    shop.job.wanted = metadata::kAll;
    for (const char* call :
         {"set_owner", "set_mode", "set_times", "list_xattrs", "get_xattr", "set_xattr",
          "remove_xattr", "access_acl", "set_access_acl", "default_acl", "inode_flags",
          "set_inode_flags", "project", "set_project", "set_creation_label"}) {
      bool reached = true;
      for (uint64_t n = 0; reached && n < 10; ++n) {
        SCOPED_TRACE(std::string(call) + " number " + std::to_string(n));
        write_text(shop.file("copy"), "old");
        shop.system.script.clear();
        shop.system.script.inject(std::string("fail ") + call +
                                  " times=1 errno=EIO after=" + std::to_string(n));
        const Done ok = shop.copy();
        reached = shop.system.script.calls(call) > n;
        failed += ok ? 0 : 1;
        if (ok) {
          const bool lost = !shop.report.losses.empty();
          EXPECT_EQ(read_text(shop.file("copy")), "what is in it");
          EXPECT_TRUE(lost || all_there());
          EXPECT_TRUE(!lost || required == 0);
        } else {
          EXPECT_EQ(required, metadata::kAll);
          EXPECT_EQ(ok.error().code, EIO);
          EXPECT_EQ(read_text(shop.file("copy")), "old");
        }
        EXPECT_EQ(names_in(shop.path), std::vector<std::string>({"copy", "source"}));
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GE(failed, 9U);
}

// What the source does not have is not lost, whatever the other file system can't do.
TEST(NoLoss, OfWhatTheSourceDoesNotHave) {
  Workshop shop(FsKind::ext4);
  for (const char* call :
       {"set_xattr", "remove_xattr", "set_access_acl", "set_inode_flags", "set_project",
        "enable_verity", "inode_flags", "project", "list_xattrs", "access_acl", "default_acl"}) {
    shop.system.script.inject(std::string("fail ") + call + " errno=EOPNOTSUPP");
  }
  shop.job.required = metadata::kAll;
  shop.copy_all();
}

TEST(LateFlags, ThatFailBehindTheNameAreReported) {
  Workshop shop(FsKind::ext4);
  set_flags(shop.file("source"), flags_of(shop.file("source")) | inode_flag::kImmutable);
  // Required, they are tried before: the third call is the one behind the name.
  shop.job.required = metadata::kInodeFlags;
  shop.system.script.inject("fail set_inode_flags errno=EPERM after=2");
  ASSERT_TRUE(shop.copy());
  EXPECT_TRUE(shop.report.published);
  EXPECT_EQ(text_of(shop.report.losses), "immutable(80) EPERM");
  unlink(shop.file("copy").c_str());
  shop.system.script.clear();
  shop.system.script.inject("fail set_inode_flags errno=EPERM");
  EXPECT_FALSE(shop.copy());
  EXPECT_EQ(names_in(shop.path), std::vector<std::string>{"source"});
  // And where no second descriptor is to be had.
  shop.system.script.clear();
  shop.system.script.inject("fail reopen errno=ENOENT");
  shop.job.wanted = metadata::kInodeFlags;
  shop.job.required = 0;
  ASSERT_TRUE(shop.copy());
  EXPECT_EQ(text_of(shop.report.losses), "immutable(80) ENOENT");
  set_flags(shop.file("source"), 0x80000);
}

}  // namespace
}  // namespace libcopyfile::test
