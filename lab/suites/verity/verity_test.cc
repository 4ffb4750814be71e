// A file with fs-verity, of which a block is changed on the medium below the file system: reading it is an error, and a copy is
// not made. Without fs-verity nobody would notice, which the controls show.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Everywhere where `text` is on the device: what was removed is there, too. Throws if it is nowhere.
std::vector<uint64_t> find_on(const std::string& device, const std::string& text) {
  const Fd fd(open(device.c_str(), O_RDONLY | O_CLOEXEC));
  std::string piece(4 * kMiB, '\0');
  std::vector<uint64_t> found;
  for (uint64_t at = 0;; at += piece.size()) {
    const ssize_t n = pread(fd.get(), piece.data(), piece.size(), static_cast<off_t>(at));
    if (n <= 0) break;
    const std::string_view view(piece.data(), static_cast<size_t>(n));
    for (size_t p = 0; (p = view.find(text, p)) != std::string_view::npos; ++p)
      found.push_back(at + p);
  }
  if (found.empty()) throw ScratchError("'" + text + "' is not on the device");
  return found;
}

class Verity : public ::testing::TestWithParam<FsKind> {
 protected:
  Verity() {
    // In the third of 64 blocks, alone of its kind.
    std::string contents(64 * 4096, 'x');
    contents.replace(2 * 4096, marker().size(), marker());
    write_text(place_.path("a"), contents);
  }
  static ScratchFs make() {
    if (GetParam() == FsKind::ext4)
      return ScratchFs::ext4({.mkfs = {"-O", "verity", "-b", "4096"}});
    // Without its own checksums of data, which would notice first.
    return ScratchFs::btrfs({.mount = "nodatasum"});
  }
  // Put together here, so that the program does not hold it.
  static std::string marker() { return std::string("the block that is to be ") + "changed"; }

  void protect() { ASSERT_TRUE(place_.run({"fsverity", "enable", "a"}).ok()); }
  void change_underneath() {
    sync();
    const Fd fd(open(fs_.device().c_str(), O_WRONLY | O_CLOEXEC));
    for (const uint64_t at : find_on(fs_.device(), marker())) {
      ASSERT_EQ(pwrite(fd.get(), "WRONG", 5, static_cast<off_t>(at)), 5);
    }
    ASSERT_EQ(fsync(fd.get()), 0);
    fs_.remount();
  }
  void expect_no_copy(const std::vector<std::string>& options) {
    std::vector<std::string> arguments = options;
    arguments.insert(arguments.end(), {"a", "b"});
    const Told told = place_.copy(arguments);
    EXPECT_FALSE(told.ok()) << told.everything();
    EXPECT_NE(told.run.err.find("Input/output error"), std::string::npos) << told.everything();
    EXPECT_EQ(place_.names(), (std::vector<std::string>{"a"}));
  }

  ScratchFs fs_{make()};
  Workplace place_{fs_.path(), fs_.path()};
};

INSTANTIATE_TEST_SUITE_P(On, Verity, ::testing::Values(FsKind::ext4, FsKind::btrfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

TEST_P(Verity, AnIntactFileIsCopiedAndKeepsItWhereAsked) {
  protect();
  fs_.remount();
  for (const bool keep : {false, true}) {
    const std::string to = keep ? "kept" : "plain";
    const Finished done = keep ? place_.run({"copyfile", "--preserve=verity", "a", to})
                               : place_.run({"copyfile", "a", to});
    ASSERT_TRUE(done.ok()) << done.err;
    EXPECT_TRUE(place_.run({"cmp", "a", to}).ok());
    const Finished measured = place_.run({"fsverity", "measure", to});
    EXPECT_EQ(measured.ok(), keep) << measured.err;
    if (!keep) continue;
    const Finished source = place_.run({"fsverity", "measure", "a"});
    EXPECT_EQ(source.out.substr(0, source.out.find(' ')),
              measured.out.substr(0, measured.out.find(' ')));
  }
}

TEST_P(Verity, AChangedBlockIsAnErrorHoweverItIsCopied) {
  protect();
  change_underneath();
  expect_no_copy({});
  expect_no_copy({"--preserve=verity"});
  expect_no_copy({"--reflink=never"});
  expect_no_copy({"--cache=bypass"});
  expect_no_copy({"--digest=sha256"});
}

TEST_P(Verity, BlocksBeforeTheChangedOneAreCopiedAsRanges) {
  protect();
  change_underneath();
  EXPECT_TRUE(place_.range({"a", "b", "0:0:8192"}).ok());
  const Told told = place_.range({"a", "b", "0:0:64K"});
  EXPECT_FALSE(told.ok());
  EXPECT_NE(told.run.err.find("Input/output error"), std::string::npos) << told.everything();
}

// A repository seals what it is given: whoever reads a blob that changed gets an error, with the repository's command or without.
TEST_P(Verity, ASealedBlobThatChangedIsAnErrorToWhoeverReadsIt) {
  ASSERT_TRUE(place_.run({"copyfile", "store", "init", "repo"}).ok());
  const Finished added =
      place_.run({"copyfile", "store", "add", "--json", "--name=a", "repo", "a"});
  ASSERT_TRUE(added.ok()) << added.err;
  EXPECT_TRUE(nlohmann::json::parse(added.out).at("sealed").get<bool>()) << added.out;
  const std::string blob = "repo/blobs/sha256/" + place_.run({"sha256sum", "a"}).out.substr(0, 64);
  EXPECT_TRUE(place_.run({"fsverity", "measure", blob}).ok());
  const Finished got = place_.run({"copyfile", "store", "get", "repo", "a", "before"});
  ASSERT_TRUE(got.ok()) << got.err;
  ASSERT_TRUE(place_.run({"rm", "a", "before"}).ok());
  change_underneath();
  const Finished read = place_.run({"cat", blob});
  EXPECT_FALSE(read.ok());
  EXPECT_NE(read.err.find("Input/output error"), std::string::npos) << read.err;
  const Finished refused = place_.run({"copyfile", "store", "get", "repo", "a", "after"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("Input/output error"), std::string::npos) << refused.err;
  EXPECT_EQ(place_.names(), (std::vector<std::string>{"repo"}));
  const Finished verified = place_.run({"copyfile", "store", "verify", "repo"});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_NE(verified.err.find("known as 'a'"), std::string::npos) << verified.err;
}

// Who trusts the seal is spared the reading. What is copied is read through it; a clone has the blocks and not the seal, so that
// without checksums of data nobody notices: that is what --trust-seal says it leaves out.
TEST_P(Verity, ASealThatIsTrustedIsMeasuredInsteadOfReading) {
  ASSERT_TRUE(place_.run({"copyfile", "store", "init", "repo"}).ok());
  ASSERT_TRUE(place_.run({"copyfile", "store", "add", "--quiet", "--name=a", "repo", "a"}).ok());
  const auto get = [&](const char* to) {
    return place_.run({"copyfile", "store", "get", "--json", "--trust-seal", "repo", "a", to});
  };
  const Finished got = get("before");
  ASSERT_TRUE(got.ok()) << got.err;
  const nlohmann::json told = nlohmann::json::parse(got.out);
  EXPECT_EQ(told.at("checked_by"), "fs-verity");
  const bool shared = told.at("shared").get<bool>();
  EXPECT_TRUE(place_.run({"cmp", "a", "before"}).ok());
  EXPECT_FALSE(place_.run({"fsverity", "measure", "before"}).ok());
  ASSERT_TRUE(place_.run({"rm", "a", "before"}).ok());
  change_underneath();
  const Finished after = get("after");
  EXPECT_EQ(after.ok(), shared) << after.err;
  if (after.ok()) {
    EXPECT_NE(read_text(place_.path("after")).find("WRONG"), std::string::npos);
  }
}

// The control: it is the verity that noticed.
TEST_P(Verity, WithoutItAChangedBlockIsCopiedUnseen) {
  change_underneath();
  const Told told = place_.copy({"a", "b"});
  ASSERT_TRUE(told.ok()) << told.everything();
  EXPECT_NE(read_text(place_.path("b")).find("WRONG"), std::string::npos);
}

}  // namespace
}  // namespace libcopyfile::test
