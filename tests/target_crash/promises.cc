#include "promises.h"

#include <algorithm>

namespace libcopyfile::test {

void Promises::bring(History& history, Filling content, bool stable) {
  history.versions.push_back({step_, content});
  if (stable) history.stable[step_] = history.versions.size() - 1;
}

void Promises::write(unsigned disk, uint64_t block, uint32_t blocks, Filling first, bool stable) {
  for (uint32_t i = 0; i < blocks; ++i) bring(blocks_[disk][block + i], first + i, stable);
}

void Promises::copy(unsigned from, uint64_t block, uint64_t to_block, uint16_t blocks) {
  for (uint16_t i = 0; i < blocks; ++i) {
    const Filling content = blocks_[from][block + i].versions.back().content;
    bring(blocks_[1 - from][to_block + i], content, false);
  }
}

void Promises::flush(unsigned disk) {
  for (History& history : blocks_[disk]) history.stable[step_] = history.versions.size() - 1;
}

void Promises::key(uint64_t key) { bring(key_, key, true); }

bool Promises::may_be(const History& history, Filling content, Progress progress) {
  size_t oldest = 0;
  for (const auto& [step, version] : history.stable) {
    if (step <= progress.ended) oldest = std::max(oldest, version);
  }
  for (size_t i = oldest; i < history.versions.size(); ++i) {
    const History::Version& version = history.versions[i];
    if (version.step <= progress.begun && version.content == content) return true;
  }
  return false;
}

std::string Promises::judge(const FoundDisks& found, Progress progress) const {
  if (!found.error.empty()) return found.error;
  for (unsigned disk = 0; disk < kDisks; ++disk) {
    for (uint64_t block = 0; block < kDiskBlocks; ++block) {
      const Filling content = found.blocks[disk][block];
      if (may_be(blocks_[disk][block], content, progress)) continue;
      return "disk " + std::to_string(disk) + " block " + std::to_string(block) + " holds " +
             (content == kTorn ? "what nobody wrote" : std::to_string(content));
    }
  }
  if (!may_be(key_, found.key, progress)) return "the key is " + std::to_string(found.key);
  return {};
}

}  // namespace libcopyfile::test
