// Rules and lists on the command line, next to rsync with the same ones: the same tree comes out.
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "command.h"

namespace libcopyfile::test {
namespace {

class FilterCommand : public testing::Test {
 protected:
  const Command copyfile_ = Command::in_test_directory();

  void SetUp() override {
    const Finished made = copyfile_.shell(
        "mkdir -p s/a/b s/c/d s/e/build s/build 's/x y' &&"
        "for f in s/top.o s/top.c s/a/one.o s/a/one.c s/a/b/two.c s/c/d/three.o s/c/d/keep.o "
        "s/e/build/log s/build/log 's/x y/#name' s/a/b/.hidden; do echo \"$f\" >\"$f\"; done &&"
        "ln -s one.c s/a/link && ln -s ../a s/e/to-a && mkfifo s/c/pipe");
    ASSERT_TRUE(made.ok()) << made.err;
  }

  // Copies by both ways; what differs, with contents, times and modes.
  std::string difference(const std::string& options) {
    const Finished both = copyfile_.shell(
        "rm -rf ours theirs; mkdir ours theirs;"
        "$COPYFILE -aT " +
        options +
        " s ours || echo \"copyfile: $?\";"
        "rsync -a " +
        options +
        " s/ theirs || echo \"rsync: $?\";"
        "show() { (cd \"$1\" && find . ! -name . -printf '%p %y %m %l %T@ ' -exec sh -c "
        "'test -f \"$1\" && cksum <\"$1\" || echo' _ {} ';' | sed 's/[.][0-9]* / /' | sort); };"
        "show ours >ours.txt; show theirs >theirs.txt; diff ours.txt theirs.txt;"
        "test -s ours.txt || echo 'nothing was copied'");
    return both.out + both.err;
  }
};

TEST_F(FilterCommand, TakesWhatRsyncTakes) {
  copyfile_.write("rules", "# comment\n+ keep.o\n*.o\n\n; another\n/build/\n");
  copyfile_.write("wanted", "*/\n*.c\n");
  for (const char* options :
       {"--exclude='*.o'", "--exclude=/build", "--exclude=build/", "--exclude='c/***'",
        "--include=keep.o --exclude='*.o'", "--exclude='*.o' --include=keep.o",
        "--exclude-from=rules", "--include-from=wanted --exclude='*'", "--exclude='a/**/two.c'",
        "--exclude=.* --exclude='[xy] ?'",
        "--exclude='- /a/b/' --exclude='+ one.*' --exclude='one*'",
        "--exclude='*' --exclude='!' --exclude=pipe", "--exclude=link --exclude=to-a"}) {
    EXPECT_EQ(difference(options), "") << options;
  }
}

TEST_F(FilterCommand, CopiesTheListThatRsyncCopies) {
  copyfile_.write("list", "/a/b/two.c\nc/d\n./e/build/log\na/link\n;comment\nx y/\n");
  for (const char* options :
       {"--files-from=list", "-r --files-from=list", "-r --files-from=list --exclude='*.o'"}) {
    EXPECT_EQ(difference(options), "") << options;
  }
  const Finished nul = copyfile_.shell(
      "cd s && find . -type f -print0 | $COPYFILE -aT --from0 --files-from=- . ../all;"
      "cd .. && diff -r --no-dereference s all");
  EXPECT_EQ(nul.out, "Only in s/a: link\nOnly in s/c: pipe\nOnly in s/e: to-a\n");
  EXPECT_EQ(nul.err, "");
}

TEST_F(FilterCommand, TellsOnceWhatIsListedAndNotThere) {
  copyfile_.write("list", "top.c\nnowhere\na/nowhere\ngone/x\ntop.o/x\ne/to-a/one.c\n");
  const Finished f = copyfile_({"-aT", "--files-from=list", "s", "t"});
  EXPECT_EQ(f.exit_code, 1);
  std::vector<std::string> lines;
  for (size_t at = 0; at < f.err.size(); at = f.err.find('\n', at) + 1) {
    lines.push_back(f.err.substr(at, f.err.find('\n', at) - at));
  }
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "copyfile: 5 names were not copied, for the reasons above",
                       "copyfile: cannot access 's/e/to-a': Not a directory",
                       "copyfile: cannot access 's/top.o': Not a directory",
                       "copyfile: cannot stat 's/a/nowhere': No such file or directory",
                       "copyfile: cannot stat 's/gone': No such file or directory",
                       "copyfile: cannot stat 's/nowhere': No such file or directory"}));
  EXPECT_EQ(copyfile_.read("t/top.c"), "s/top.c\n");
  EXPECT_FALSE(copyfile_.exists("t/e/to-a"));
  EXPECT_FALSE(copyfile_.exists("t/top.o"));
}

TEST_F(FilterCommand, DoesNotOpenADirectoryThatIsLeftOut) {
  const Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), copyfile_.path("s/build").c_str(), IN_OPEN), 0);
  const auto was_opened = [&watch] {
    std::array<char, 4096> events{};
    return ::read(watch.get(), events.data(), events.size()) > 0;
  };
  EXPECT_EQ(copyfile_({"-aT", "--exclude=/build/", "s", "t"}).err, "");
  EXPECT_FALSE(was_opened());
  EXPECT_FALSE(copyfile_.exists("t/build"));
  EXPECT_EQ(copyfile_({"-aT", "s", "u"}).err, "");
  EXPECT_TRUE(was_opened());
}

TEST_F(FilterCommand, RefusalsNameFileAndLine) {
  copyfile_.write("rules", "a\n- \n");
  copyfile_.write("list", "a\n\nb/../../etc\n");
  Finished f = copyfile_({"-a", "--exclude-from=rules", "s", "t"});
  EXPECT_NE(f.exit_code, 0);
  EXPECT_EQ(f.err, "copyfile: rules: line 2: no pattern behind the sign\n");
  f = copyfile_({"-a", "--files-from=list", "s", "t"});
  EXPECT_NE(f.exit_code, 0);
  EXPECT_EQ(f.err, "copyfile: list: line 3: '..' leads out of the source\n");
  EXPECT_FALSE(copyfile_.exists("t"));
}

}  // namespace
}  // namespace libcopyfile::test
