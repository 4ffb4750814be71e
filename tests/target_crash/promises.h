// What the disks may hold after a power cut, from what was asked of them and what of that was answered.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "served_disks.h"

namespace libcopyfile::test {

// How far the commands had come, counted from 1.
struct Progress {
  size_t begun = 0, ended = 0;
};

// One command at a time: begin(), what it does, end().
class Promises {
 public:
  void begin() { ++step_; }
  void write(unsigned disk, uint64_t block, uint32_t blocks, Filling first, bool stable);
  void copy(unsigned from, uint64_t block, uint64_t to_block, uint16_t blocks);
  void flush(unsigned disk);
  void key(uint64_t key);

  // What breaks a promise, in words; empty where all is kept.
  std::string judge(const FoundDisks& found, Progress progress) const;

 private:
  // What one block (or the registered key) has held, the oldest first.
  struct History {
    struct Version {
      size_t step = 0;  // the command that brought it
      Filling content = 0;
    };
    std::vector<Version> versions{{}};
    std::map<size_t, size_t>
        stable;  // when that command had ended, this version was on stable storage
  };
  static bool may_be(const History& history, Filling content, Progress progress);
  void bring(History& history, Filling content, bool stable);

  size_t step_ = 0;
  std::array<std::array<History, kDiskBlocks>, kDisks> blocks_;
  History key_;
};

}  // namespace libcopyfile::test
