// Control of the file system that lies, shortens and fails on demand (testing/liar_fuse).
//
//   ScratchFs fs = ScratchFs::fuse();
//   Liar liar(fs);
//   liar.inject("fail write errno=ENOSPC after=3");
//   ... copy ...
//   EXPECT_EQ(liar.calls("write"), 4);
//
// The language of the rules stands in testing/faults.h, the operations in liar_fuse/server.h. The same can be done from a shell: echo RULE >MOUNT/.control,
// cat MOUNT/.stats, cat MOUNT/.log.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace libcopyfile::test {

class ScratchFs;

class Liar {
 public:
  explicit Liar(const ScratchFs& fs);

  // One rule, from now on; several add up. Throws ScratchError where the liar does not understand it.
  void inject(std::string_view rule);
  // Honest again; counters and log empty.
  void clear() { inject("clear"); }

  // What has been asked of the server since the last clear(), by the operation's name in the rules.
  uint64_t calls(std::string_view operation) const { return counter(operation, 0); }
  uint64_t bytes(std::string_view operation) const { return counter(operation, 1); }
  // One line for each call in order: "write name 0+4096 = 4096", "open name = -EACCES".
  std::vector<std::string> log() const;

 private:
  uint64_t counter(std::string_view operation, int column) const;

  std::string mount_;
};

// Starts the server for an opened and mounted /dev/fuse, serving `directory`. It ends by itself when the file system is
// unmounted or `life`, which is set here, is closed. Throws ScratchError.
pid_t start_liar(const Fd& device, const std::string& directory,
                 const std::vector<std::string>& arguments, Fd& life);

}  // namespace libcopyfile::test
