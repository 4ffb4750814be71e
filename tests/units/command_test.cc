// The command on iscsi:// URLs, with a real target that can read and write and not copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/iscsi_target.h"
#include "testing/loop_device.h"
#include "testing/places.h"
#include "testing/process.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kSize = 12 * kMiB;

std::string pattern(size_t size, unsigned seed) {
  std::string text(size, '\0');
  uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (char& c : text) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>(state >> 56);
  }
  return text;
}

class UrlCommand : public ::testing::Test {
 protected:
  UrlCommand() : directory_(test_directory(FsKind::ext4)) {
    write_text(path("a"), a_);
    write_text(path("b"), b_);
    target_.add_target("disks");
    target_.add_unit("disks", path("a"));
    target_.add_unit("disks", path("b"));
  }

  Finished copyfile(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), places::kCommand);
    RunOptions options;
    options.directory = directory_;
    options.environment = environment_;
    return run(arguments, options);
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string unit(int number) const { return target_.url("disks", number); }

  const std::string a_ = pattern(kSize, 1);
  const std::string b_ = pattern(kSize, 2);
  const std::string directory_;
  IscsiTarget target_;
  std::vector<std::string> environment_{"COPYFILE_INITIATOR=iqn.2026-01.invalid.test:me"};
};

TEST_F(UrlCommand, CopiesFromUnitToUnitThroughTheHostAndSaysWhy) {
  const Finished done = copyfile({"--overwrite-device", "--explain", unit(1), unit(2)});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_TRUE(read_text(path("b")) == a_);
  EXPECT_THAT(done.out,
              HasSubstr("scsi_extended_copy no: the device does not say that it can copy"));
  EXPECT_THAT(done.out, HasSubstr("buffered    12M"));
  EXPECT_THAT(done.err, HasSubstr("overwriting the logical unit '" + unit(2) + "' of 12M"));
}

TEST_F(UrlCommand, OffloadOrFailMovesNoByteThroughTheHost) {
  const Finished done = copyfile({"--overwrite-device", "--offload=always", unit(1), unit(2)});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("without their bytes passing through memory (the device does not "
                                  "say that it can copy)"));
  EXPECT_TRUE(read_text(path("b")) == b_);
}

TEST_F(UrlCommand, AUnitIsNotOverwrittenUnasked) {
  for (const char* from : {"a", "iscsi"}) {
    const std::string source = from == std::string("a") ? "a" : unit(1);
    const Finished done = copyfile({source, unit(2)});
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_THAT(done.err, HasSubstr("is a logical unit: to write to it, say --overwrite-device"));
  }
  EXPECT_TRUE(read_text(path("b")) == b_);
}

TEST_F(UrlCommand, SaysWhatAUnitHoldsBeforeItIsOverwritten) {
  std::string marked = b_;
  marked.replace(0, 4, "XFSB");
  write_text(path("c"), marked);
  target_.add_unit("disks", path("c"));
  const Finished done = copyfile({"range", "--overwrite-device", unit(1), unit(3), "0:1M:1M"});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_THAT(done.err, HasSubstr("it holds an XFS file system"));
}

TEST_F(UrlCommand, CopiesRangesWithAnyEnds) {
  const Finished done = copyfile({"range", "--overwrite-device", "--json", unit(1), unit(2),
                                  "100:1000:5M", "8M:7M:1", "9000000:9000001:1234567"});
  ASSERT_TRUE(done.ok()) << done.err;
  std::string expected = b_;
  expected.replace(1000, 5 * kMiB, a_, 100, 5 * kMiB);
  expected.replace(7 * kMiB, 1, a_, 8 * kMiB, 1);
  expected.replace(9000001, 1234567, a_, 9000000, 1234567);
  EXPECT_TRUE(read_text(path("b")) == expected);
  const auto report = nlohmann::json::parse(done.out);
  EXPECT_EQ(report["bytes_by"]["buffered"], 5 * kMiB + 1 + 1234567);
  EXPECT_EQ(report["facts"]["source"]["kind"], "block device");
}

TEST_F(UrlCommand, CopiesAFileToAUnitAndBack) {
  write_text(path("image"), pattern(5 * kMiB + 100, 3));
  const Finished there = copyfile({"--overwrite-device", "image", unit(2)});
  ASSERT_TRUE(there.ok()) << there.err;
  EXPECT_TRUE(read_text(path("b")) == read_text(path("image")) + b_.substr(5 * kMiB + 100));
  const Finished back = copyfile({"-v", unit(2), "back"});
  ASSERT_TRUE(back.ok()) << back.err;
  EXPECT_TRUE(read_text(path("back")) == read_text(path("b")));
  EXPECT_THAT(back.out, HasSubstr("'" + unit(2) + "' -> 'back'"));
}

TEST_F(UrlCommand, AFileAppearsWhenItIsComplete) {
  write_text(path("old"), "old");
  EXPECT_EQ(copyfile({"-n", unit(1), "old"}).exit_code, 1);
  EXPECT_EQ(read_text(path("old")), "old");
  const Finished digest = copyfile({"--expect=sha256:" + std::string(64, '0'), unit(1), "old"});
  EXPECT_EQ(digest.exit_code, 1);
  EXPECT_EQ(read_text(path("old")), "old");
  ASSERT_TRUE(copyfile({"--verify", unit(1), "old"}).ok());
  EXPECT_TRUE(read_text(path("old")) == a_);
}

TEST_F(UrlCommand, CopiesAUnitToADeviceOfTheKernel) {
  const LoopDevice loop = attach_loop(make_image(kSize, ""), 512);
  EXPECT_EQ(copyfile({unit(1), loop.path}).exit_code, 1) << "without --overwrite-device";
  const Finished done = copyfile({"--overwrite-device", unit(1), loop.path});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_TRUE(read_text(loop.path) == a_);
}

TEST_F(UrlCommand, WhatDoesNotFitIsNotBegun) {
  write_text(path("large"), std::string(kSize + 1, 'x'));
  const Finished done = copyfile({"--overwrite-device", "large", unit(2)});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("'large' has 13M (12582913 bytes), '" + unit(2) + "' only"));
  EXPECT_TRUE(read_text(path("b")) == b_);
}

TEST_F(UrlCommand, AUnitIsNotCopiedToItself) {
  const Finished done = copyfile({"--overwrite-device", unit(1), unit(1)});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("are one and the same"));
  const Finished overlapping =
      copyfile({"range", "--overwrite-device", unit(1), unit(1), "0:1M:2M"});
  EXPECT_EQ(overlapping.exit_code, 1);
  EXPECT_TRUE(read_text(path("a")) == a_);
  const Finished apart = copyfile({"range", "--overwrite-device", unit(1), unit(1), "0:6M:6M"});
  ASSERT_TRUE(apart.ok()) << apart.err;
  EXPECT_TRUE(read_text(path("a")) == a_.substr(0, 6 * kMiB) + a_.substr(0, 6 * kMiB));
}

TEST_F(UrlCommand, TheProbeTellsWhatUnitsCan) {
  const Finished done = copyfile({"probe", unit(1), unit(2)});
  ASSERT_TRUE(done.ok()) << done.err;
  EXPECT_THAT(done.out, HasSubstr("source: block device, 12M"));
  EXPECT_THAT(done.out,
              HasSubstr("scsi_extended_copy no: the device does not say that it can copy"));
  EXPECT_TRUE(read_text(path("b")) == b_);
  EXPECT_EQ(copyfile({"probe", unit(1), unit(7)}).exit_code, 1);
}

TEST_F(UrlCommand, PasswordsAreNeverShown) {
  target_.add_target("closed");
  target_.add_unit("closed", path("b"));
  target_.only_with("closed", "me", "aSecretOf14chr");
  const std::string url = target_.url("closed", 1, "me%aSecretOf14chr");
  const std::string wrong = target_.url("closed", 1, "me%aSecretThatIsWrong");
  const std::vector<std::vector<std::string>> calls = {
      {"--overwrite-device", "--explain", "-v", unit(1), url},
      {"--overwrite-device", "--json", unit(1), url},
      {"range", "--overwrite-device", "-v", unit(1), url, "0:0:1M"},
      {"probe", "--json", unit(1), url},
      {"probe", unit(1), url},
      {"-v", "--explain", url, "copy"},
      {"--json", url, "copy2"},
      {url, "/nowhere/copy"},
      {"--overwrite-device", unit(1), wrong},
      {wrong, "copy3"},
      {"probe", wrong, wrong},
      {"range", wrong + "x", "copy4", "0:0:1"},
      {unit(1), url},
      {unit(1), "-r", url},
      // Where nobody expects one.
      {"probe", url, url, url},
      {"range", unit(1), unit(2), url},
      {"range", "--ranges", url, unit(1), unit(2)},
      {"-t", url, "a"},
      {"--no-offload", url, unit(1), "copy6"},
      {"--limit-rate", url, unit(1), "copy6"},
      {"--checksums", url, "a", "copy6"},
      {"map", url},
      {"map", "--json", url},
      {"sweep", url},
      {"a", "iSCSI" + url.substr(5)},
  };
  for (const std::vector<std::string>& call : calls) {
    const Finished done = copyfile(call);
    EXPECT_THAT(done.out + done.err, Not(HasSubstr("aSecret"))) << call[0];
    EXPECT_THAT(done.out + done.err, Not(HasSubstr("me%"))) << call[0];
  }
  EXPECT_TRUE(read_text(path("copy")) == a_) << "it was let in";
  EXPECT_EQ(copyfile({target_.url("closed", 1), "copy5"}).exit_code, 1);
  environment_.insert(environment_.end(),
                      {"LIBISCSI_CHAP_USERNAME=me", "LIBISCSI_CHAP_PASSWORD=aSecretOf14chr"});
  const Finished known = copyfile({target_.url("closed", 1), "copy5"});
  EXPECT_TRUE(known.ok()) << known.err;
}

// Of the arguments of a process everybody can see.
TEST_F(UrlCommand, ThePasswordIsNotLeftInTheListOfProcesses) {
  target_.freeze();
  const Finished done =
      run({"sh", "-c",
           "\"$0\" \"$1\" \"$2\" & pid=$!; tries=0\n"
           "while tr '\\0' ' ' </proc/$pid/cmdline | grep -q -e aSecret -e ' -c ' && [ $tries -lt "
           "600 ]\n"
           "do sleep 0.1; tries=$((tries + 1)); done\n"
           "tr '\\0' ' ' </proc/$pid/cmdline; kill $pid; wait",
           places::kCommand, target_.url("disks", 1, "me%aSecretOf14chr"), path("copy")});
  target_.thaw();
  EXPECT_THAT(done.out, HasSubstr(" " + unit(1) + " "));
  EXPECT_THAT(done.out, HasSubstr(" " + path("copy") + " "));
  EXPECT_THAT(done.out, Not(HasSubstr("aSecret")));
}

TEST_F(UrlCommand, ATargetSeesTheNameOfTheInitiator) {
  target_.add_target("ours");
  target_.add_unit("ours", path("a"));
  target_.only_for("ours", "iqn.2026-01.invalid.test:me");
  const Finished known = copyfile({target_.url("ours", 1), "copy"});
  EXPECT_TRUE(known.ok()) << known.err;
  environment_ = {"COPYFILE_INITIATOR=iqn.2026-01.invalid.test:you"};
  EXPECT_EQ(copyfile({target_.url("ours", 1), "copy2"}).exit_code, 1);
}

TEST_F(UrlCommand, WhatUrlsHaveNoPartInIsRefused) {
  for (const std::vector<std::string>& call : {
           std::vector<std::string>{"-r", unit(1), "copy"},
           {"--backup", unit(1), "copy"},
           {"-t", ".", unit(1)},
           {"-l", unit(1), "copy"},
           {"a", unit(1), "."},
           {unit(1)},
           {"--verify", "--overwrite-device", "a", unit(2)},
       }) {
    EXPECT_EQ(copyfile(call).exit_code, 2) << call[0];
  }
  EXPECT_EQ(copyfile({unit(1), "."}).exit_code, 1);
  EXPECT_EQ(copyfile({"iscsi://nothing", "copy"}).exit_code, 1);
}

}  // namespace
}  // namespace libcopyfile::test
