// What each name may show after a crash, by where the workload was: the promises of docs/durability.md as a table that a
// mounted state is compared with. Knows nothing of block devices.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace libcopyfile::test {

// Metadata of required classes: complete wherever the name shows the version that it belongs to.
struct Attributes {
  uint32_t mode = 0644;
  uid_t owner = 0;
  gid_t group = 0;
  timespec modified{};
  std::map<std::string, std::string> xattrs;
};

struct Version {
  enum class Kind : uint8_t { absent, file, link, tree };

  Kind kind = Kind::absent;
  uint32_t content = 0;  // stamped_content() of this number, or a tree (trees.h)
  uint64_t size = 0;     // of a tree: how many files
  std::string target;    // of a symbolic link
  std::optional<Attributes> attributes;

  static Version file(uint32_t content, uint64_t size) {
    return {.kind = Kind::file, .content = content, .size = size, .target = {}, .attributes = {}};
  }
  static Version tree(uint32_t content, uint64_t files) {
    return {.kind = Kind::tree, .content = content, .size = files, .target = {}, .attributes = {}};
  }
  static Version link(std::string target) {
    return {
        .kind = Kind::link, .content = 0, .size = 0, .target = std::move(target), .attributes = {}};
  }
};

// What a step of the workload says when it has returned.
enum class Promise : uint8_t {
  nothing,  // atomic to running observers only
  ordered,  // contents before the name
  durable,  // and the name as well
  settled,  // everything on the file system is on stable storage (syncfs)
};

struct Step {
  std::string title;
  Promise promise = Promise::nothing;
  std::vector<std::pair<std::string, Version>> changes;
};

// How many steps had begun and ended when the power went.
struct Moment {
  size_t begun = 0;
  size_t ended = 0;
};

// One name in a mounted state.
struct Seen {
  uint64_t matches = 0;  // bit v: looks like version v of the name
  std::string what;      // in words, where it looks like none
};

struct Observation {
  std::string mount_error;           // not empty: nothing else is known
  std::vector<Seen> names;           // in the order of History::names()
  std::vector<std::string> strange;  // what should not be there, or should work and does not
  size_t leftovers = 0;              // private files, removed by a sweep
};

struct Judgement {
  std::vector<std::string> violations;
  size_t torn = 0;  // names that show neither old nor new where nothing was promised
};

class History {
 public:
  struct Name {
    std::string name;               // of a file in a tree that is there: a path
    std::vector<Version> versions;  // at most 64
    std::vector<size_t> steps;  // versions[i] comes with step steps[i]; the first was there before
  };

  // On stable storage before the first step. A name that is not said to be there is absent.
  void initially(const std::string& name, Version version);
  void add(const Step& step);

  const std::vector<Name>& names() const { return names_; }
  bool knows(const std::string& name) const { return index_.contains(name); }
  // A directory on the way to a name.
  bool knows_below(const std::string& name) const;
  const std::vector<Step>& steps() const { return steps_; }
  Judgement judge(const Observation& seen, Moment moment) const;

 private:
  Name& find(const std::string& name);
  // The oldest version of the name that may still show: the youngest that is durable.
  size_t oldest(const Name& name, size_t ended) const;

  std::vector<Name> names_;
  std::map<std::string, size_t> index_;
  std::vector<Step> steps_;
};

}  // namespace libcopyfile::test
