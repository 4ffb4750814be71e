// What was lost of the metadata, through the public functions.
#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace {

using libcopyfile::test::FsKind;
using libcopyfile::test::test_directory;
using libcopyfile::test::write_text;

class PublicLosses : public testing::Test {
 protected:
  PublicLosses() {
    write_text(in_, "text");
    const std::string large(5000, 'x');
    const bool made = setxattr(in_.c_str(), "user.large", large.data(), large.size(), 0) == 0 &&
                      setxattr(in_.c_str(), "user.small", "s", 1, 0) == 0;
    if (!made) ADD_FAILURE() << "no source";
  }

  const std::string in_ = test_directory(FsKind::xfs) + "/in";
  const std::string out_ = test_directory(FsKind::ext4) + "/out";
};

struct Seen {
  std::vector<std::string> lines;
};

void note(const copyfile_loss* loss, void* data) {
  static_cast<Seen*>(data)->lines.push_back(std::to_string(loss->metadata_class) + " " +
                                            loss->attribute + " " + std::to_string(loss->error));
}

TEST_F(PublicLosses, AreToldByTheCallback) {
  Seen seen;
  copyfile_how how{};
  how.wanted = COPYFILE_XATTR;
  how.lost = note;
  how.lost_data = &seen;
  copyfile_report report{};
  ASSERT_EQ(copyfileat(AT_FDCWD, in_.c_str(), AT_FDCWD, out_.c_str(), &how, sizeof how, &report,
                       sizeof report),
            0);
  EXPECT_EQ(seen.lines, std::vector<std::string>{"16 user.large 28"});
  EXPECT_EQ(report.not_preserved, uint64_t{COPYFILE_XATTR});
  EXPECT_EQ(getxattr(out_.c_str(), "user.small", nullptr, 0), 1);
}

TEST_F(PublicLosses, AreToldWhereTheyAreErrors) {
  Seen seen;
  copyfile_how how{};
  how.required = COPYFILE_XATTR;
  how.lost = note;
  how.lost_data = &seen;
  EXPECT_EQ(copyfileat(AT_FDCWD, in_.c_str(), AT_FDCWD, out_.c_str(), &how, sizeof how, nullptr, 0),
            -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(seen.lines, std::vector<std::string>{"16 user.large 28"});
  EXPECT_NE(access(out_.c_str(), F_OK), 0);
}

// A caller who was compiled before there were losses.
TEST_F(PublicLosses, AnOlderStructureHasNoCallback) {
  copyfile_how how{};
  how.wanted = COPYFILE_XATTR;
  EXPECT_EQ(copyfileat(AT_FDCWD, in_.c_str(), AT_FDCWD, out_.c_str(), &how,
                       offsetof(copyfile_how, lost), nullptr, 0),
            0);
}

TEST_F(PublicLosses, NoLossForWhatTheSourceHasNot) {
  removexattr(in_.c_str(), "user.large");
  copyfile_report report{};
  ASSERT_EQ(
      copyfileat(AT_FDCWD, in_.c_str(), AT_FDCWD, out_.c_str(), nullptr, 0, &report, sizeof report),
      0);
  EXPECT_EQ(report.not_preserved, 0U);
}

TEST_F(PublicLosses, FreshKeepsNothingOfTheOldFile) {
  write_text(out_, "old", 0604);
  ASSERT_EQ(chown(out_.c_str(), 1234, 5678), 0);
  ASSERT_EQ(setxattr(out_.c_str(), "user.old", "o", 1, 0), 0);
  const auto owner_after = [&](uint32_t replace) {
    copyfile_how how{};
    how.replace = replace;
    EXPECT_EQ(
        copyfileat(AT_FDCWD, in_.c_str(), AT_FDCWD, out_.c_str(), &how, sizeof how, nullptr, 0), 0);
    struct stat now {};
    EXPECT_EQ(stat(out_.c_str(), &now), 0);
    return now.st_uid;
  };
  EXPECT_EQ(owner_after(COPYFILE_REPLACE_FILE), 1234U);
  EXPECT_EQ(getxattr(out_.c_str(), "user.old", nullptr, 0), 1);
  EXPECT_EQ(owner_after(COPYFILE_REPLACE_FRESH), 0U);
  EXPECT_EQ(getxattr(out_.c_str(), "user.old", nullptr, 0), -1);
}

}  // namespace
