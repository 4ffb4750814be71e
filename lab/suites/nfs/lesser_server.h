// A server that does less than the kernel's: the kernel's own, with what it is asked for made less on the way (lab/support/relay.h),
// and mounted through there as /mnt/lesser.
#pragma once

#include <map>
#include <string>

#include "lab/support/relay.h"

namespace libcopyfile::test {

struct Lesser {
  uint64_t most_per_copy = UINT64_MAX;  // longer COPYs are cut off there, and so is what was done
  bool copies = true;                   // or says NFS4ERR_NOTSUPP
  bool clones = true;
};

class LesserServer {
 public:
  // `name` of what the server exports: "ext4". Throws ScratchError.
  LesserServer(const std::string& name, const Lesser& how);
  ~LesserServer();
  LesserServer(const LesserServer&) = delete;
  LesserServer& operator=(const LesserServer&) = delete;

 private:
  void edit(To direction, std::span<uint8_t> record);
  void edit_request(std::span<uint8_t> record);
  void edit_answer(std::span<uint8_t> record);

  Lesser how_;
  std::map<uint32_t, uint32_t> refused_;  // operation by the number of the request
  Relay relay_;
};

}  // namespace libcopyfile::test
