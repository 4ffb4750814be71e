// The security context, as far as it can be seen on a machine without SELinux: which calls are made, in which order.
#include "fixture.h"

namespace libcopyfile::test {
namespace {

class Labels : public ::testing::Test {
 protected:
  Labels() { set_xattr(shop_.file("source"), "security.selinux", "ours:s0"); }
  std::string log() const {
    return shop_.system.recorder.only(
        {"set_creation_label", "create_unnamed", "set_xattr", "set_mode"});
  }

  Workshop shop_{FsKind::ext4};
};

TEST_F(Labels, IsSetBeforeTheFileIsMadeAndTakenBackBehindIt) {
  shop_.system.script.inject("drop set_creation_label");
  shop_.job.required = metadata::kLabel;
  shop_.copy_all();
  EXPECT_EQ(log(),
            "set_creation_label ours:s0 = ok\n"
            "create_unnamed = ok\n"
            "set_creation_label = ok\n"
            "set_xattr private security.selinux 7 bytes = ok\n"  // nobody did it here
            "set_mode private 0644 = ok\n");
}

TEST_F(Labels, IsTakenBackWhereTheFileCannotBeMade) {
  shop_.system.script.inject("drop set_creation_label").inject("fail create_unnamed errno=ENOSPC");
  shop_.job.required = metadata::kLabel;
  EXPECT_FALSE(shop_.copy());
  EXPECT_EQ(log(),
            "set_creation_label ours:s0 = ok\n"
            "create_unnamed = ENOSPC\n"
            "set_creation_label = ok\n");
}

TEST_F(Labels, ThatThePolicyDeniesIsLostNotTheCopy) {
  shop_.system.script.inject("drop set_creation_label")
      .inject("fail create_unnamed errno=EACCES times=1")
      .inject("fail set_xattr errno=EACCES");
  shop_.job.wanted = metadata::kLabel;
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(text_of(shop_.report.losses), "security.selinux(40) EACCES");
}

TEST_F(Labels, IsNotAskedForUnasked) {
  shop_.copy_all();
  EXPECT_EQ(log(), "create_unnamed = ok\nset_mode private 0644 = ok\n");
}

TEST_F(Labels, OfAReplacedFileIsKept) {
  write_text(shop_.file("copy"), "old");
  set_xattr(shop_.file("copy"), "security.selinux", "old:s0");
  shop_.job.replace = Replace::file;
  shop_.copy_all();
  EXPECT_EQ(xattr_of(shop_.file("copy"), "security.selinux"), "old:s0");
  EXPECT_TRUE(log().starts_with("set_creation_label old:s0 = EOPNOTSUPP\n"));
}

// Without SELinux the file of that name in /proc belongs to other modules: it is left alone.
TEST(CreationLabel, IsRefusedWithoutSelinux) {
  const Done ok = KernelAttributes().set_creation_label("ours:s0");
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EOPNOTSUPP);
}

}  // namespace
}  // namespace libcopyfile::test
