// Project ids. A directory that hands its project on takes in no file of another one (EXDEV), with quota or without.
#include "fixture.h"

namespace libcopyfile::test {
namespace {

// XFS: ext4 mounts with the feature `project` only where the kernel has its quota format.
class Projects : public ::testing::Test {
 protected:
  Workshop shop_{FsKind::xfs};
};

TEST_F(Projects, IsCarriedOver) {
  set_project(shop_.file("source"), 42, false);
  shop_.job.required = metadata::kProject;
  shop_.copy_all();
  EXPECT_EQ(project_of(shop_.file("copy")), 42U);
}

TEST_F(Projects, IsTheDirectorysWhereItIsNotAskedFor) {
  set_project(shop_.file("source"), 42, false);
  set_project(shop_.path, 7, true);
  shop_.copy_all();
  EXPECT_EQ(project_of(shop_.file("copy")), 7U);
  unlink(shop_.file("copy").c_str());
  shop_.system.script.inject("fail create_unnamed errno=EOPNOTSUPP");
  shop_.copy_all();
  EXPECT_EQ(project_of(shop_.file("copy")), 7U);
}

TEST_F(Projects, OfTheDirectoryWinsAndTheSourcesIsLost) {
  set_project(shop_.file("source"), 42, false);
  set_project(shop_.path, 7, true);
  shop_.job.wanted = metadata::kProject;
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(text_of(shop_.report.losses), "project(100) EXDEV");
  EXPECT_EQ(project_of(shop_.file("copy")), 7U);
  unlink(shop_.file("copy").c_str());
  shop_.job.required = metadata::kProject;
  const Done ok = shop_.copy();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, EXDEV);
  EXPECT_NE(access(shop_.file("copy").c_str(), F_OK), 0);
}

TEST_F(Projects, SourceWithoutOneLosesNothing) {
  set_project(shop_.path, 7, true);
  shop_.job.required = metadata::kProject;
  shop_.copy_all();
  EXPECT_EQ(project_of(shop_.file("copy")), 7U);
}

TEST_F(Projects, OfAReplacedFileStays) {
  write_text(shop_.file("copy"), "old");
  set_project(shop_.file("copy"), 42, false);
  shop_.job.replace = Replace::file;
  shop_.copy_all();
  EXPECT_EQ(project_of(shop_.file("copy")), 42U);
  // It was put there before the directory began to hand its own one on.
  set_project(shop_.path, 7, true);
  ASSERT_TRUE(shop_.copy());
  EXPECT_EQ(text_of(shop_.report.losses), "project(100) EXDEV");
  EXPECT_EQ(project_of(shop_.file("copy")), 7U);
}

}  // namespace
}  // namespace libcopyfile::test
