#include "trial.h"
#include "testing/places.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "snapshot.h"
#include "testing/process.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAge =
    "\nfind . -exec touch -h -d '2001-02-03 04:05:06.789' {} + 2>/dev/null || true\n";

// A copy of the command that everybody may run, under both of its names.
const std::string& programs() {
  static const std::string directory = [] {
    const std::string path = shared_fs(FsKind::tmpfs).path() + "/bin";
    fs::create_directories(path);
    fs::copy_file(places::kCommand, path + "/copyfile", fs::copy_options::overwrite_existing);
    if (!fs::exists(path + "/cp")) fs::create_symlink("copyfile", path + "/cp");
    for (const char* name : {"/..", "", "/copyfile"}) ::chmod((path + name).c_str(), 0755);
    return path;
  }();
  return directory;
}

Finished run_script(const std::string& script, const std::string& directory, Who who,
                    const std::string& path) {
  std::vector<std::string> argv;
  if (who == Who::user) {
    argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  }
  argv.insert(argv.end(), {"/bin/sh", "-c", "umask 022\n" + script});
  RunOptions options;
  options.directory = directory;
  options.environment = {"LC_ALL=C", "VERSION_CONTROL=", "SIMPLE_BACKUP_SUFFIX="};
  if (!path.empty()) options.environment.push_back("PATH=" + path + ":/usr/bin:/bin");
  options.limit = std::chrono::seconds(20);
  return run(argv, options);
}

std::string sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

// Without totals, and what made way: under its own name nothing is removed first.
std::string essential_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    const bool total = line.find(" file") != std::string::npos && line[0] >= '0' && line[0] <= '9';
    const bool count = line.find("names were not copied, for") != std::string::npos;
    if (!total && !count && !line.starts_with("removed '")) all += line + "\n";
  }
  return all;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Read-only directories are in the way of the next one.
void remove_all(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name << ": " << c.command;
}

Outcome attempt(const Case& c, Who who, Program program, bool exactly) {
  // Always the same path, as it may come into messages.
  const char* const kind = std::getenv("COPYFILE_CP_FS");  // NOLINT(concurrency-mt-unsafe)
  const std::string top = shared_fs(kind_from(kind != nullptr ? kind : "ext4")).path() + "/cp";
  remove_all(top);
  fs::create_directory(top);
  ::chmod(top.c_str(), 0755);
  const std::string directory = top + "/w";
  fs::create_directory(directory);
  const bool user = who == Who::user;
  if (user && ::chown(directory.c_str(), 65534, 65534) != 0) ADD_FAILURE() << "chown";

  const bool ages = c.setup.find("touch") == std::string::npos;
  // What root must have made for a user stands behind a line of its own.
  const std::string mark = "\n#root\n";
  const size_t by_root = c.setup.find(mark);
  const Finished made =
      run_script("set -e\n" + c.setup.substr(0, by_root) + (ages ? kAge : ""), directory, who, "");
  EXPECT_EQ(made.exit_code, 0) << c << "\n" << made.err;
  if (by_root != std::string::npos) {
    const Finished more =
        run_script("set -e\n" + c.setup.substr(by_root + mark.size()), directory, Who::root, "");
    EXPECT_EQ(more.exit_code, 0) << c << "\n" << more.err;
  }
  const Identities before = identities_in(directory);

  std::string script = c.command;
  if (program == Program::copyfile) script = "cp() { copyfile \"$@\"; }\n" + script;
  const Finished done =
      run_script(script, directory, who, program == Program::cp ? "" : programs());
  Outcome outcome;
  outcome.status = done.exit_code;
  outcome.out = sorted_lines(exactly ? done.out : essential_lines(done.out));
  // Questions end no line.
  std::string err = replaced(done.err, "? cp: ", "?\ncp: ");
  if (program == Program::copyfile) {
    err = replaced(replaced(done.err, "? copyfile: ", "?\ncopyfile: "), "copyfile: ", "cp: ");
    err = essential_lines(err);
  }
  outcome.err = sorted_lines(err);
  if ((c.flags & kFirstLineOnly) != 0) outcome.err = done.err.substr(0, done.err.find('\n'));
  if ((c.flags & kStatusOnly) != 0) outcome.out = outcome.err = "";
  SnapshotOptions options;
  options.before = &before;
  options.identities = exactly;
  outcome.tree = snapshot(directory, options);
  if ((c.flags & kEndsAnywhere) != 0) outcome.tree = outcome.out = "";
  return outcome;
}

}  // namespace libcopyfile::test
