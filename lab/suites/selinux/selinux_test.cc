// Labels under a policy that is loaded: what a copy has by default, and where one is asked for.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lab/support/workplace.h"
#include "testing/scratch_error.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr const char* kAttribute = "security.selinux";
std::string label(const std::string& type) { return "u:object_r:" + type + ":s0"; }

std::string label_of(const std::string& path) {
  std::array<char, 256> buffer{};
  const ssize_t n = lgetxattr(path.c_str(), kAttribute, buffer.data(), buffer.size() - 1);
  if (n < 0) throw ScratchError::of_errno("read the label of " + path);
  return buffer.data();
}

void set_label(const std::string& path, const std::string& text) {
  if (lsetxattr(path.c_str(), kAttribute, text.c_str(), text.size() + 1, 0) != 0) {
    throw ScratchError::of_errno("label " + path);
  }
}

class Labels : public ::testing::TestWithParam<FsKind> {
 protected:
  Labels() {
    set_label(place_.path("."), label("base_t"));
    write_text(place_.path("a"), "text");
    set_label(place_.path("a"), label("special_t"));
  }
  void copy(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "copyfile");
    const Finished done = place_.run(arguments);
    ASSERT_TRUE(done.ok()) << done.err;
    EXPECT_EQ(done.err, "");
  }
  std::string label_at(const std::string& name) const { return label_of(place_.path(name)); }

  ScratchFs fs_ = ScratchFs::make(GetParam());
  Workplace place_{fs_.path(), fs_.path()};
};

INSTANTIATE_TEST_SUITE_P(On, Labels, ::testing::Values(FsKind::ext4, FsKind::xfs),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// The control: there is a policy, and it knows which labels there are.
TEST_P(Labels, ArePoliced) {
  EXPECT_EQ(label_at("a"), label("special_t"));
  EXPECT_NE(lsetxattr(place_.path("a").c_str(), kAttribute, "no:such:label", 14, 0) == 0 &&
                label_at("a") == "u:object_r:special_t:s0",
            true);
  write_text(place_.path("new"), "text");
  EXPECT_EQ(label_at("new"), label("base_t"));
}

TEST_P(Labels, AreThoseOfNewFilesByDefault) {
  copy({"a", "b"});
  EXPECT_EQ(label_at("b"), label("base_t"));
}

TEST_P(Labels, ComeAlongWhereAskedFor) {
  copy({"--preserve=context", "a", "b"});
  EXPECT_EQ(label_at("b"), label("special_t"));
  copy({"-a", "a", "c"});
  EXPECT_EQ(label_at("c"), label("special_t"));
}

TEST_P(Labels, AreGivenAsTheCallerSays) {
  copy({"--context=" + label("other_t"), "a", "b"});
  EXPECT_EQ(label_at("b"), label("other_t"));
}

TEST_P(Labels, AreThoseOfThePolicyWithZ) {
  ASSERT_EQ(mkdir(place_.path("typed").c_str(), 0755), 0);
  set_label(place_.path("typed"), label("typed_t"));
  copy({"-Z", "a", "typed/b"});
  EXPECT_EQ(label_at("typed/b"), label("child_t"));
}

TEST_P(Labels, StayWhereAFileIsReplaced) {
  write_text(place_.path("b"), "old");
  set_label(place_.path("b"), label("other_t"));
  copy({"a", "b"});
  EXPECT_EQ(read_text(place_.path("b")), "text");
  EXPECT_EQ(label_at("b"), label("other_t"));
  copy({"--preserve=context", "a", "b"});
  EXPECT_EQ(label_at("b"), label("special_t"));
}

TEST_P(Labels, OfATreeComeAlong) {
  shell("cd " + place_.path(".") +
        " && mkdir -p t/sub && echo 1 >t/sub/file && ln -s file t/sub/link"
        " && mkfifo t/pipe");
  const std::vector<std::string> names{"", "/sub", "/sub/file", "/sub/link", "/pipe"};
  for (const std::string& name : names) set_label(place_.path("t" + name), label("other_t"));
  for (int i = 0; i < 2; ++i) {
    copy({"-a", "-T", "t", "u"});
    for (const std::string& name : names) EXPECT_EQ(label_at("u" + name), label("other_t")) << name;
  }
}

}  // namespace
}  // namespace libcopyfile::test
