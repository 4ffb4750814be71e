// Trees as the command copies them: what is told, what is left out, and what only we have. What is as with cp is in tests/cp/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"
#include "testing/places.h"

namespace libcopyfile::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class Trees : public testing::Test {
 protected:
  Trees() {
    const Finished made = copyfile_.shell(
        "mkdir -p s/d/e s/build; printf one >s/f; printf two >s/d/g; printf three >s/d/e/h; "
        "printf object >s/build/x.o; printf object >s/d/y.o; ln -s f s/l; ln s/f s/d/f2; "
        "mkfifo s/p; find s -exec touch -h -d 2001-02-03 {} +");
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }

  // Names below `top`, sorted.
  std::vector<std::string> below(const std::string& top) const {
    std::vector<std::string> names;
    for (const auto& e : std::filesystem::recursive_directory_iterator(copyfile_.path(top))) {
      names.push_back(e.path().string().substr(copyfile_.path(top).size() + 1));
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<json> events(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = arguments;
    all.insert(all.begin(), "--json");
    std::istringstream lines(copyfile_(all).out);
    std::vector<json> objects;
    for (std::string line; std::getline(lines, line);) objects.push_back(json::parse(line));
    return objects;
  }

  Command copyfile_ = Command::in_test_directory(FsKind::ext4);
};

TEST_F(Trees, AreCopiedInSilence) {
  const Finished f = copyfile_({"-a", "s", "t"});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.out + f.err, "");
  EXPECT_EQ(below("t"), below("s"));
  EXPECT_EQ(copyfile_
                .shell("find s -printf '%P %y %m %T@ %n %l\\n' | sort >1; "
                       "find t -printf '%P %y %m %T@ %n %l\\n' | sort >2; diff 1 2")
                .out,
            "");
  EXPECT_THAT(copyfile_.names(), ElementsAre("1", "2", "s", "t"));
}

TEST_F(Trees, TheLastEventIsTheSummary) {
  const std::vector<json> all = events({"-a", "s", "t"});
  ASSERT_FALSE(all.empty());
  const json& summary = all.back();
  EXPECT_EQ(summary["event"], "summary");
  EXPECT_EQ(summary["files"], 5);
  EXPECT_EQ(summary["directories"], 4);
  EXPECT_EQ(summary["links"], 1);
  EXPECT_EQ(summary["hard_links"], 1);
  EXPECT_EQ(summary["specials"], 1);
  EXPECT_EQ(summary["failed"], 0);
  EXPECT_EQ(summary["bytes"], 23);
  EXPECT_EQ(summary["durability"], "ordered");
  EXPECT_EQ(summary["cancelled"], false);
  std::map<std::string, int> made;
  int copied = 0;
  for (const json& event : all) {
    if (event["event"] == "copied") ++copied;
    if (event["event"] == "made") ++made[event["what"]];
  }
  EXPECT_EQ(copied, 5);
  EXPECT_EQ(made,
            (std::map<std::string, int>{
                {"directory", 4}, {"symbolic link", 1}, {"hard link", 1}, {"special file", 1}}));
}

TEST_F(Trees, EventsNameWhatWasLeftAndWhatMadeWay) {
  ASSERT_EQ(copyfile_({"-a", "s", "t"}).exit_code, 0);
  const auto of = [&](const std::vector<json>& all, const std::string& name) {
    for (const json& event : all) {
      if (event.value("destination", "") == name) return event;
    }
    return json();
  };
  EXPECT_EQ(of(events({"-aTn", "s", "t"}), "t/f")["reason"], "exists");
  EXPECT_EQ(of(events({"-aTu", "s", "t"}), "t/f")["reason"], "not older");
  const json backup = of(events({"-aTb", "s", "t"}), "t/d/g");
  EXPECT_EQ(backup["event"], "backed_up");
  EXPECT_EQ(backup["backup"], "t/d/g~");
}

TEST_F(Trees, VerboseEndsWithTotals) {
  const Finished f = copyfile_({"-av", "s", "t"});
  EXPECT_THAT(f.out, HasSubstr("'s/d/g' -> 't/d/g'\n"));
  EXPECT_THAT(f.out, HasSubstr("5 files, 4 directories, 1 symbolic link, 1 hard link, 1 special "
                               "file; 23 bytes"));
}

TEST_F(Trees, FailuresAreCountedInTheEnd) {
  const Finished f = copyfile_.shell(
      "chmod 755 .; cp $COPYFILE copyfile; chmod 755 copyfile; mkdir to; chmod 777 to; "
      "chmod 0 s/f s/d/f2 s/d/g s/build; "
      "setpriv --reuid=65534 --regid=65534 --clear-groups ./copyfile -r s to; "
      "s=$?; find to | sort; exit $s");
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, HasSubstr("copyfile: cannot open 's/d/g' for reading: Permission denied\n"));
  EXPECT_THAT(f.err, HasSubstr("copyfile: cannot access 's/build': Permission denied\n"));
  EXPECT_THAT(f.err, HasSubstr("names were not copied, for the reasons above\n"));
  EXPECT_THAT(f.out, HasSubstr("to/s/d/e/h\n"));
}

TEST_F(Trees, ErrorsMayStopIt) {
  ASSERT_EQ(
      copyfile_
          .shell("mkdir -p many/a; for i in $(seq 200); do echo >many/$i; done; "
                 "rm -r s; mkdir t; mkdir -p t/many; for i in $(seq 200); do mkdir t/many/$i; done")
          .exit_code,
      0);
  const auto complaints = [&](const std::string& option) {
    const Finished f = copyfile_({"-r", "--jobs=1", option, "many", "t"});
    EXPECT_EQ(f.exit_code, 1);
    return std::count(f.err.begin(), f.err.end(), '\n');
  };
  EXPECT_EQ(complaints("--on-error=stop"), 1);
  EXPECT_EQ(complaints("--on-error=continue"), 201);
}

TEST_F(Trees, DryRunsTellAndDoNothing) {
  const Finished f = copyfile_({"-a", "--dry-run", "s", "t"});
  EXPECT_EQ(f.exit_code, 0) << f.err;
  EXPECT_THAT(f.out, HasSubstr("would copy 's/d/g' -> 't/d/g'\n"));
  EXPECT_THAT(f.out, HasSubstr("would copy 's/d' -> 't/d'\n"));
  EXPECT_THAT(copyfile_.names(), ElementsAre("s"));
  EXPECT_THAT(copyfile_({"--dry-run", "s/f", "f"}).out, "would copy 's/f' -> 'f'\n");
  EXPECT_THAT(copyfile_({"--dry-run", "--parents", "s/d/g", "s/build"}).out,
              HasSubstr("would copy 's/d/g' -> 's/build/s/d/g'\n"));
  EXPECT_THAT(copyfile_.names(), ElementsAre("s"));
}

TEST_F(Trees, WhatMatchesIsLeftOut) {
  EXPECT_EQ(copyfile_({"-a", "--exclude=*.o", "--exclude=/build/", "s", "t"}).exit_code, 0);
  EXPECT_THAT(below("t"), ElementsAre("d", "d/e", "d/e/h", "d/f2", "d/g", "f", "l", "p"));
  EXPECT_EQ(
      copyfile_({"-r", "--include=y.o", "--exclude=*.o", "--exclude=[lp]", "s", "u"}).exit_code, 0);
  EXPECT_THAT(below("u"), ElementsAre("build", "d", "d/e", "d/e/h", "d/f2", "d/g", "d/y.o", "f"));
  copyfile_.write("rules", "# comment\n+ /d/\n+ /d/g\n- *\n");
  EXPECT_EQ(copyfile_({"-r", "--exclude-from=rules", "s", "v"}).exit_code, 0);
  EXPECT_THAT(below("v"), ElementsAre("d", "d/g"));
}

TEST_F(Trees, OnlyWhatIsListedIsCopied) {
  copyfile_.write("list", "d/g\n/build\n");
  EXPECT_EQ(copyfile_({"-a", "--files-from=list", "s", "t"}).exit_code, 0);
  EXPECT_THAT(below("t"), ElementsAre("build", "d", "d/g"));
  EXPECT_EQ(copyfile_({"-ar", "--files-from=list", "s", "u"}).exit_code, 0);
  EXPECT_THAT(below("u"), ElementsAre("build", "build/x.o", "d", "d/g"));
  const Finished f =
      copyfile_.shell("printf 'd/e/h\\0nowhere\\0' | $COPYFILE -r --from0 --files-from=- s v");
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: cannot stat 's/nowhere': No such file or directory\n");
  EXPECT_THAT(below("v"), ElementsAre("d", "d/e", "d/e/h"));
}

TEST_F(Trees, ListsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(copyfile_({"--exclude=x", "s/f", "t"}).exit_code, 2);
  EXPECT_EQ(copyfile_({"-r", "--exclude-from=nowhere", "s", "t"}).exit_code, 1);
  copyfile_.write("list", "d/../../etc\n");
  const Finished f = copyfile_({"-r", "--files-from=list", "s", "t"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_THAT(f.err, StartsWith("copyfile: list: line 1: "));
  EXPECT_THAT(copyfile_.names(), ElementsAre("list", "s"));
}

TEST_F(Trees, WhatIsCompleteIsNotCopiedAgain) {
  ASSERT_EQ(copyfile_({"-a", "s", "t"}).exit_code, 0);
  copyfile_.write("t/d/g", "damaged");
  const std::vector<json> all = events({"-aT", "--resume", "s", "t"});
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back()["files"], 1);
  EXPECT_EQ(copyfile_.read("t/d/g"), "two");
}

TEST_F(Trees, ResumeIsForCopies) {
  EXPECT_EQ(copyfile_({"-a", "--resume", "-l", "s", "t"}).exit_code, 2);
  EXPECT_EQ(copyfile_({"-a", "--resume", "-b", "s", "t"}).exit_code, 2);
}

TEST_F(Trees, TheNumberOfJobsIsANumber) {
  for (const char* jobs : {"--jobs=0", "--jobs=-1", "--jobs=x", "--jobs=1000", "--jobs="}) {
    const Finished f = copyfile_({"-r", jobs, "s", "t"});
    EXPECT_EQ(f.exit_code, 2) << jobs;
    EXPECT_THAT(f.err, StartsWith("copyfile: invalid number of jobs ")) << jobs;
  }
  for (const char* jobs : {"-j1", "--jobs=7"}) {
    EXPECT_EQ(copyfile_({"-aT", jobs, "s", "t"}).exit_code, 0) << jobs;
  }
  EXPECT_EQ(below("t"), below("s"));
}

TEST_F(Trees, ProgressOfTheWholeIsShown) {
  const Finished f = copyfile_({"-a", "--progress", "s", "t"});
  EXPECT_THAT(f.err, HasSubstr("s/"));  // the name of some file
  EXPECT_EQ(copyfile_({"-a", "s", "u"}).err, "");
  const std::vector<json> all = events({"-a", "--progress", "s", "v"});
  const auto is_progress = [](const json& event) { return event["event"] == "progress"; };
  EXPECT_EQ(std::count_if(all.begin(), all.end(), is_progress), 1);
}

TEST_F(Trees, WhatIsLostIsNamedInTheEnd) {
  const Command from = Command::in_test_directory(FsKind::xfs);
  from.write("large", "text");
  const std::string value(5000, 'x');
  ASSERT_EQ(setxattr(from.path("large").c_str(), "user.large", value.data(), value.size(), 0), 0);
  const std::vector<json> all = events({"-a", from.path(""), "t"});
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back()["not_preserved"], json::array({"xattr"}));
  const Finished f = copyfile_({"-av", from.path(""), "u"});
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.err, "");
  EXPECT_THAT(f.out, HasSubstr("; not everywhere preserved: xattr\n"));
}

TEST_F(Trees, UpdateKnowsMoreThanOlder) {
  copyfile_.write("a", "new");
  copyfile_.write("b", "old");
  EXPECT_EQ(copyfile_({"--update=none", "a", "b"}).exit_code, 0);
  const Finished f = copyfile_({"--update=none-fail", "a", "b"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: not replacing 'b'\n");
  EXPECT_EQ(copyfile_.read("b"), "old");
  EXPECT_EQ(copyfile_({"--update=none", "--update=all", "a", "b"}).exit_code, 0);
  EXPECT_EQ(copyfile_.read("b"), "new");
  copyfile_.write("b", "old");
  EXPECT_EQ(copyfile_({"-n", "--update=all", "a", "b"}).exit_code, 0);
  EXPECT_EQ(copyfile_.read("b"), "old");
}

TEST_F(Trees, LinksToDirectoriesAreFollowedIfAskedFor) {
  std::filesystem::create_directory(copyfile_.path("t"));
  std::filesystem::create_directory(copyfile_.path("real"));
  std::filesystem::create_symlink("../real", copyfile_.path("t/d"));
  const Finished f = copyfile_({"-r", "s/d", "t"});
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "copyfile: cannot overwrite non-directory 't/d' with directory 's/d'\n");
  EXPECT_EQ(copyfile_({"-rT", "--keep-directory-symlink", "s", "t"}).exit_code, 0);
  EXPECT_EQ(copyfile_.read("real/g"), "two");
}

TEST_F(Trees, InPlaceTheFileStays) {
  copyfile_.write("a", "new");
  copyfile_.write("b", "older");
  std::filesystem::create_hard_link(copyfile_.path("b"), copyfile_.path("c"));
  EXPECT_EQ(copyfile_({"--in-place", "a", "b"}).exit_code, 0);
  EXPECT_EQ(copyfile_.read("c"), "new");
  EXPECT_EQ(copyfile_({"s/f", "b"}).exit_code, 0);
  EXPECT_EQ(copyfile_.read("c"), "new");
  EXPECT_EQ(copyfile_.read("b"), "one");
}

// --- under the name of cp ---

class CalledCp : public Trees {
 protected:
  CalledCp() { std::filesystem::create_symlink(places::kCommand, copyfile_.path("cp")); }
};

TEST_F(CalledCp, SubcommandsAreFiles) {
  copyfile_.write("map", "x");
  EXPECT_EQ(copyfile_.shell("./cp map sweep && ./cp sweep range && cat range").out, "x");
}

TEST_F(CalledCp, WrongUsageIsStatusOne) {
  const Finished f = copyfile_.shell("./cp --nonsense a b");
  EXPECT_EQ(f.exit_code, 1);
  EXPECT_EQ(f.err, "cp: unrecognized option '--nonsense'\nTry 'cp --help' for more information.\n");
  EXPECT_EQ(copyfile_({"--nonsense", "a", "b"}).exit_code, 2);
}

TEST_F(CalledCp, HelpIsThatOfCp) {
  const Finished f = copyfile_.shell("./cp --help");
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_THAT(f.out, StartsWith("Usage: cp [OPTION]... [-T] SOURCE DEST\n"));
  EXPECT_THAT(f.out, Not(HasSubstr("copyfile")));
}

TEST_F(CalledCp, OptionsThatCpDoesNotHaveAreThere) {
  const Finished f = copyfile_.shell("./cp -a --exclude='*.o' --json s t | tail -n 1");
  EXPECT_EQ(json::parse(f.out)["event"], "summary");
  EXPECT_THAT(below("t"), Not(testing::Contains("d/y.o")));
}

TEST_F(CalledCp, FilesAreWrittenWhereTheyAre) {
  EXPECT_EQ(copyfile_.shell("echo old >a; ln a b; exec 3<a; ./cp s/f a && cat b && cat <&3").out,
            "oneone");
}

}  // namespace
}  // namespace libcopyfile::test
