// copyfileat(): names, links, what is replaced and what is kept.
#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "testing/child.h"
#include "testing/islands.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using Names = std::vector<std::string>;

class CopyFileAt : public ::testing::TestWithParam<FsKind> {
 protected:
  explicit CopyFileAt(FsKind fs = GetParam()) : path_(test_directory(fs)) {
    dir_ = Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    write_text(at("source"), "the source", 0640);
  }
  std::string at(const std::string& name) { return path_ + "/" + name; }
  // 0 or an errno.
  int copy(const char* from, const char* to, const copyfile_how* how) {
    report_ = {};
    const int rc =
        copyfileat(dir_.get(), from, dir_.get(), to, how, sizeof *how, &report_, sizeof report_);
    return rc == 0 ? 0 : errno;
  }
  int copy(const char* from = "source", const char* to = "copy") { return copy(from, to, &how_); }
  struct stat stat_of(const std::string& name) {
    struct stat now {};
    EXPECT_EQ(lstat(at(name).c_str(), &now), 0) << name;
    return now;
  }
  bool is_link(const std::string& name) { return S_ISLNK(stat_of(name).st_mode); }
  Names names() { return names_in(path_); }

  std::string path_;
  Fd dir_;
  copyfile_how how_{};
  copyfile_report report_{};
};

INSTANTIATE_TEST_SUITE_P(Api, CopyFileAt, ::testing::ValuesIn(kAllFs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(CopyFileAt, CreatesACompleteCopy) {
  EXPECT_EQ(copy(), 0);
  EXPECT_EQ(read_text(at("copy")), "the source");
  EXPECT_EQ(names(), (Names{"copy", "source"}));
  EXPECT_EQ(report_.published, 1U);
  EXPECT_EQ(report_.durability, COPYFILE_ORDERED);
  EXPECT_EQ(report_.size, 10U);
}

TEST_P(CopyFileAt, NeverReplacesUnlessAsked) {
  write_text(at("file"), "old");
  ASSERT_EQ(symlink("nowhere", at("dangling").c_str()), 0);
  ASSERT_EQ(mkdir(at("directory").c_str(), 0755), 0);
  for (const char* name : {"file", "dangling", "directory", "source"}) {
    EXPECT_EQ(copy("source", name), EEXIST) << name;
    EXPECT_EQ(report_.published, 0U);
  }
  EXPECT_EQ(read_text(at("file")), "old");
  EXPECT_EQ(names(), (Names{"dangling", "directory", "file", "source"}));
}

TEST_P(CopyFileAt, ReplacesAFileAndKeepsItsModeAndOwner) {
  write_text(at("copy"), "old", 0604);
  ASSERT_EQ(chown(at("copy").c_str(), 1234, 5678), 0);
  how_.replace = COPYFILE_REPLACE_FILE;
  EXPECT_EQ(copy(), 0);
  EXPECT_EQ(read_text(at("copy")), "the source");
  EXPECT_EQ(stat_of("copy").st_mode & 07777, 0604U);
  EXPECT_EQ(stat_of("copy").st_uid, 1234U);
  EXPECT_EQ(stat_of("copy").st_gid, 5678U);
  EXPECT_EQ(names(), (Names{"copy", "source"}));
}

TEST_P(CopyFileAt, WithoutAStructureItIsALinkThatCopies) {
  const timespec times[2] = {{1'000'000'000, 5}, {1'100'000'000, 6}};
  ASSERT_EQ(chown(at("source").c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(at("source").c_str(), 0751), 0);
  ASSERT_EQ(utimensat(AT_FDCWD, at("source").c_str(), times, 0), 0);
  EXPECT_EQ(copy("source", "copy", nullptr), 0);
  const struct stat now = stat_of("copy");
  EXPECT_EQ(now.st_mode & 07777, 0751U);
  EXPECT_EQ(now.st_uid, 1234U);
  EXPECT_EQ(now.st_mtim.tv_sec, 1'100'000'000);
  EXPECT_EQ(copy("source", "copy", nullptr), EEXIST);
}

TEST_P(CopyFileAt, EveryDurabilityIsReached) {
  for (const uint32_t level : {COPYFILE_NONE, COPYFILE_ORDERED, COPYFILE_DURABLE}) {
    how_.durability = level;
    how_.replace = COPYFILE_REPLACE_FILE;
    EXPECT_EQ(copy(), 0);
    EXPECT_EQ(report_.durability, level);
  }
}

// --- links ---

TEST_P(CopyFileAt, LinkAsSourceIsFollowedOrRefused) {
  ASSERT_EQ(symlink("source", at("link").c_str()), 0);
  how_.flags = COPYFILE_NOFOLLOW;
  EXPECT_EQ(copy("link", "copy"), ELOOP);
  how_.flags = 0;
  EXPECT_EQ(copy("link", "copy"), 0);
  EXPECT_FALSE(is_link("copy"));
  EXPECT_EQ(read_text(at("copy")), "the source");
}

TEST_P(CopyFileAt, LinkAsDestinationIsReplacedNotItsTarget) {
  write_text(at("target"), "old");
  ASSERT_EQ(symlink("target", at("link").c_str()), 0);
  how_.replace = COPYFILE_REPLACE_FILE;
  EXPECT_EQ(copy("source", "link"), 0);
  EXPECT_FALSE(is_link("link"));
  EXPECT_EQ(read_text(at("target")), "old");
}

TEST_P(CopyFileAt, FollowedLinkAsDestinationStaysAndItsTargetIsReplaced) {
  ASSERT_EQ(mkdir(at("sub").c_str(), 0755), 0);
  write_text(at("sub/target"), "old");
  ASSERT_EQ(symlink("target", at("sub/first").c_str()), 0);
  ASSERT_EQ(symlink("sub/first", at("link").c_str()), 0);
  how_.replace = COPYFILE_REPLACE_FILE;
  how_.flags = COPYFILE_FOLLOW_OUT;
  EXPECT_EQ(copy("source", "link"), 0);
  EXPECT_TRUE(is_link("link"));
  EXPECT_TRUE(is_link("sub/first"));
  EXPECT_EQ(read_text(at("sub/target")), "the source");
  EXPECT_EQ(names_in(at("sub")), (Names{"first", "target"}));
}

TEST_P(CopyFileAt, FollowedLinksThatLeadNowhere) {
  ASSERT_EQ(symlink("nowhere", at("dangling").c_str()), 0);
  ASSERT_EQ(symlink("loop", at("loop").c_str()), 0);
  how_.replace = COPYFILE_REPLACE_FILE;
  how_.flags = COPYFILE_FOLLOW_OUT;
  EXPECT_EQ(copy("source", "dangling"), ENOENT);
  EXPECT_EQ(copy("source", "loop"), ELOOP);
  EXPECT_EQ(copy("loop", "copy"), ELOOP);
  EXPECT_EQ(copy("dangling", "copy"), ENOENT);
  EXPECT_EQ(names(), (Names{"dangling", "loop", "source"}));
}

TEST_P(CopyFileAt, SourceAndDestinationMustBeTwoFiles) {
  ASSERT_EQ(link(at("source").c_str(), at("hard").c_str()), 0);
  ASSERT_EQ(symlink("source", at("link").c_str()), 0);
  how_.replace = COPYFILE_REPLACE_FILE;
  EXPECT_EQ(copy("source", "source"), EINVAL);
  EXPECT_EQ(copy("source", "./source"), EINVAL);
  EXPECT_EQ(copy("source", "hard"), EINVAL);
  EXPECT_EQ(copy("link", "source"), EINVAL);
  how_.flags = COPYFILE_FOLLOW_OUT;
  EXPECT_EQ(copy("source", "link"), EINVAL);
  EXPECT_EQ(read_text(at("source")), "the source");
  EXPECT_EQ(names(), (Names{"hard", "link", "source"}));
}

// --- names that can't be ---

TEST_P(CopyFileAt, NamesThatCannotBe) {
  ASSERT_EQ(mkdir(at("directory").c_str(), 0755), 0);
  // The FUSE server makes no special files.
  const bool has_fifo = mkfifo(at("fifo").c_str(), 0644) == 0;
  EXPECT_EQ(has_fifo, GetParam() != FsKind::fuse);
  const std::string long_name(256, 'x');
  const std::string long_path(5000, 'x');
  const std::pair<const char*, int> sources[] = {{"", ENOENT},
                                                 {"nowhere", ENOENT},
                                                 {"source/x", ENOTDIR},
                                                 {"directory", EISDIR},
                                                 {long_name.c_str(), ENAMETOOLONG}};
  for (const auto& [name, code] : sources) EXPECT_EQ(copy(name, "copy"), code) << name;
  const std::pair<const char*, int> destinations[] = {{"", ENOENT},
                                                      {"nowhere/copy", ENOENT},
                                                      {"source/copy", ENOTDIR},
                                                      {"directory/", EISDIR},
                                                      {"new/", EISDIR},
                                                      {".", EISDIR},
                                                      {"..", EISDIR},
                                                      {"directory/..", EISDIR},
                                                      {"/", EISDIR},
                                                      {"directory", EISDIR},
                                                      {long_name.c_str(), ENAMETOOLONG},
                                                      {long_path.c_str(), ENAMETOOLONG}};
  how_.replace = COPYFILE_REPLACE_FILE;
  for (const auto& [name, code] : destinations) EXPECT_EQ(copy("source", name), code) << name;
  if (has_fifo) {
    EXPECT_EQ(copy("source", "fifo"), EINVAL);
    unlink(at("fifo").c_str());
  }
  EXPECT_EQ(names(), (Names{"directory", "source"}));
  EXPECT_EQ(names_in(at("directory")), Names{});
}

TEST_P(CopyFileAt, LongestNameAndStrangeNamesWork) {
  for (const std::string& name :
       {std::string(255, 'x'), std::string("-rf"), std::string("new\nline"),
        std::string("\xff\xfe"), std::string(" ")}) {
    EXPECT_EQ(copy("source", name.c_str()), 0) << name;
    EXPECT_EQ(read_text(at(name)), "the source");
  }
}

// --- contents ---

TEST_P(CopyFileAt, EmptyFile) {
  write_text(at("empty"), "");
  for (const uint64_t flags : {uint64_t{0}, uint64_t{COPYFILE_NO_SHARE},
                               uint64_t{COPYFILE_SPARSE_ALWAYS}, uint64_t{COPYFILE_NO_CACHE}}) {
    how_.flags = flags;
    how_.replace = COPYFILE_REPLACE_FILE;
    EXPECT_EQ(copy("empty", "copy"), 0);
    EXPECT_EQ(read_text(at("copy")), "");
  }
}

TEST_P(CopyFileAt, EveryFlagGivesTheSameBytes) {
  const Layout layout = layout_of("data 300K, hole 2M, data 5000, hole 100K, data 70000, hole 1M");
  make_file(at("big"), layout, 1);
  for (const uint64_t flags :
       {uint64_t{0}, uint64_t{COPYFILE_NO_SHARE}, uint64_t{COPYFILE_SPARSE_ALWAYS},
        uint64_t{COPYFILE_SPARSE_NEVER}, uint64_t{COPYFILE_NO_CACHE}, uint64_t{COPYFILE_CACHE_KEEP},
        uint64_t{COPYFILE_NO_SHARE | COPYFILE_NO_CACHE}}) {
    how_.flags = flags;
    how_.replace = COPYFILE_REPLACE_FILE;
    ASSERT_EQ(copy("big", "copy"), 0) << flags;
    const Fd copied(open(at("copy").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(holds(copied.get(), oracle_of(layout, 1))) << flags;
    uint64_t accounted = 0;
    for (const uint64_t bytes : report_.bytes_by) accounted += bytes;
    EXPECT_EQ(accounted, report_.size) << "every byte has a mechanism";
    EXPECT_EQ(report_.size, layout.back().range.end);
  }
}

// --- many at once ---

TEST_P(CopyFileAt, OfManyAtOnceExactlyOneCreatesTheName) {
  for (int round = 0; round < 5; ++round) {
    std::vector<Child> children;
    for (int i = 0; i < 8; ++i) {
      children.emplace_back([&] {
        how_.durability = COPYFILE_NONE;
        return copy();
      });
    }
    std::vector<int> results;
    for (Child& child : children) results.push_back(child.wait());
    EXPECT_EQ(std::count(results.begin(), results.end(), 0), 1);
    EXPECT_EQ(std::count(results.begin(), results.end(), EEXIST), 7);
    EXPECT_EQ(names(), (Names{"copy", "source"}));
    unlink(at("copy").c_str());
  }
}

// --- the structures ---

class Structures : public CopyFileAt {
 protected:
  Structures() : CopyFileAt(FsKind::tmpfs) {}
  int copy_sized(const void* how, size_t size) {
    unlink(at("copy").c_str());
    const int rc = copyfileat(dir_.get(), "source", dir_.get(), "copy",
                              static_cast<const copyfile_how*>(how), size, nullptr, 0);
    return rc == 0 ? 0 : errno;
  }
};

TEST_F(Structures, HowOfAnotherVersion) {
  struct {
    copyfile_how known;
    uint64_t later[4];
  } how{};
  EXPECT_EQ(copy_sized(&how, sizeof how), 0);
  EXPECT_EQ(copy_sized(&how, sizeof how.known), 0);
  EXPECT_EQ(copy_sized(&how, offsetof(copyfile_how, required)), 0);
  EXPECT_EQ(copy_sized(&how, 8), EINVAL);
  EXPECT_EQ(copy_sized(&how, 0), EINVAL);
  how.later[3] = 1;
  EXPECT_EQ(copy_sized(&how, sizeof how), E2BIG);
  EXPECT_EQ(copy_sized(&how, sizeof how.known), 0);
}

TEST_F(Structures, ReportIsFilledAsFarAsItGoes) {
  struct {
    copyfile_report known;
    unsigned char later[64];
  } report;
  std::memset(&report, 0xAB, sizeof report);
  ASSERT_EQ(copyfileat(dir_.get(), "source", dir_.get(), "copy", nullptr, 0, &report.known, 8), 0);
  EXPECT_EQ(report.known.size, 10U);
  EXPECT_EQ(report.known.bytes_by[0], 0xABABABABABABABABU) << "behind the caller's room";
  unlink(at("copy").c_str());
  ASSERT_EQ(copyfileat(dir_.get(), "source", dir_.get(), "copy", nullptr, 0, &report.known,
                       sizeof report),
            0);
  EXPECT_EQ(report.known.published, 1U);
  EXPECT_EQ(report.later[63], 0) << "what this version does not know is zero";
}

TEST_F(Structures, ValuesThatAreKnownAndThoseThatAreNot) {
  const auto with = [&](auto change) {
    copyfile_how how{};
    change(how);
    return copy_sized(&how, sizeof how);
  };
  EXPECT_EQ(with([](auto& h) { h.flags = uint64_t{1} << 40; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.flags = COPYFILE_EXACT; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.flags = COPYFILE_NO_SHARE | COPYFILE_REQUIRE_SHARE; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.flags = COPYFILE_SPARSE_NEVER | COPYFILE_SPARSE_ALWAYS; }),
            EINVAL);
  EXPECT_EQ(with([](auto& h) { h.flags = COPYFILE_NO_CACHE | COPYFILE_CACHE_KEEP; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.flags = COPYFILE_REQUIRE_SHARE | COPYFILE_SPARSE_NEVER; }),
            EINVAL);
  EXPECT_EQ(with([](auto& h) { h.replace = 3; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.durability = 3; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.wanted = 0x400; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.required = uint64_t{1} << 63; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.expected[5] = 1; }), EINVAL) << "of which digest?";
  EXPECT_EQ(with([](auto& h) { h.digest = 3; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.verify = 9; }), EINVAL);
  EXPECT_EQ(with([](auto& h) { h.digest = COPYFILE_DIGEST_SHA256; }), 0);
  EXPECT_EQ(with([](auto& h) { h.verify = COPYFILE_VERIFY_MEDIUM; }), 0);
  EXPECT_EQ(with([](auto& h) { h.required = COPYFILE_XATTR; }), 0);
  EXPECT_EQ(with([](auto& h) { h.required = COPYFILE_MODE | COPYFILE_TIMES; }), 0);
  EXPECT_EQ(copyfileat(dir_.get(), nullptr, dir_.get(), "x", nullptr, 0, nullptr, 0), -1);
  EXPECT_EQ(errno, EFAULT);
}

TEST_F(Structures, DescriptorsThatAreNoDirectories) {
  const Fd file(open(at("source").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(copyfileat(file.get(), "x", dir_.get(), "copy", nullptr, 0, nullptr, 0), -1);
  EXPECT_EQ(errno, ENOTDIR);
  EXPECT_EQ(copyfileat(dir_.get(), "source", file.get(), "copy", nullptr, 0, nullptr, 0), -1);
  EXPECT_EQ(errno, ENOTDIR);
  EXPECT_EQ(copyfileat(dir_.get(), "source", 9999, "copy", nullptr, 0, nullptr, 0), -1);
  EXPECT_EQ(errno, EBADF);
  // An absolute path needs none.
  EXPECT_EQ(copyfileat(-1, at("source").c_str(), -1, at("copy").c_str(), nullptr, 0, nullptr, 0),
            0);
}

}  // namespace
}  // namespace libcopyfile::test
