// What the contract suite runs against: one line for each mechanism and each manner in which it works differently.
// A new mechanism gets a line in subjects.cc and is held to all of mechanism.h from then on.
#pragma once

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "mechanism/mechanism.h"
#include "testing/scratch_fs.h"

namespace libcopyfile::test {

// What a mechanism does with errnos of one operation. Every errno that is not listed must make it fail.
struct Refusals {
  std::string operation;     // as the script of faults calls it
  std::set<int> declined;    // gives way, because of this file
  std::set<int> for_mounts;  // gives way, because of the mounts
  std::set<int> absorbed;    // goes on in another way, and completes
  bool only_advice = false;  // whatever happens, it goes on
};

enum class Shape : uint8_t {
  ragged,       // any offsets, islands of data, holes and preallocated space
  aligned,      // whole blocks of 4 KiB
  aligned_end,  // whole blocks, and a tail that ends both files
  whole,        // the whole file to a new one
  zeros,        // the source holds nothing but holes and preallocated space
};

struct Subject {
  std::string name;
  MechanismId id;
  Shape shape;
  Manner manner;
  std::set<FsKind> works_on;  // elsewhere it must decline before the first byte
  std::vector<std::string>
      needs;  // profiles of refused system calls under which it declines instead
  std::vector<Refusals> refusals;
  uint64_t largest_step =
      1;  // chunks that may be reported as one: transfers under way at once, or what is one call
};

const std::vector<Subject>& subjects();

struct Case {
  const Subject* subject;
  FsKind fs;
};

// Every subject on every file system; or on the first that it works on.
std::vector<Case> everywhere();
std::vector<Case> once();
std::string case_name(const Case& c);

inline std::ostream& operator<<(std::ostream& out, const Case& c) { return out << case_name(c); }

}  // namespace libcopyfile::test
