// One command line, given to cp(1) of this machine and to ours, in the same place, to the same files.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace libcopyfile::test {

enum CaseFlag : unsigned {
  kForRoot = 1,        // needs rights that only root has
  kForUser = 2,        // is about rights that root does not need
  kCpOnly = 4,         // where the command under its own name does something else on purpose
  kFirstLineOnly = 8,  // of standard error: lists of choices are ours
  kStatusOnly = 16,    // of what is told, only the exit status
  kEndsAnywhere = 32,  // cp gives up when it meets its own destination, whatever is copied by then
};

struct Case {
  std::string name;
  std::string
      setup;  // a script; times of what it makes are set to long ago unless it uses touch(1)
  std::string command;  // a script; it says "cp"
  unsigned flags = 0;
};
std::ostream& operator<<(std::ostream& out, const Case& c);

enum class Who : unsigned char { root, user };

// What became of it, as text that must be the same.
struct Outcome {
  int status = 0;
  std::string out;  // lines, sorted: in a tree, the order is not cp's
  std::string err;
  std::string tree;
};

enum class Program : unsigned char {
  cp,        // of the machine
  ours,      // by the name of cp
  copyfile,  // by its own name; what it says is changed to what it would say as cp
};

// `exactly`: whether existing files are the same ones, and the lines that cp has and we have not, matter as well.
// On ext4, or what COPYFILE_CP_FS names.
Outcome attempt(const Case& c, Who who, Program program, bool exactly = true);

// By area.
std::vector<Case> tree_cases();
std::vector<Case> file_cases();
std::vector<Case> link_cases();
std::vector<Case> special_cases();
std::vector<Case> backup_cases();
std::vector<Case> metadata_cases();
std::vector<Case> parents_cases();
std::vector<Case> usage_cases();
std::vector<Case> script_cases();

}  // namespace libcopyfile::test
