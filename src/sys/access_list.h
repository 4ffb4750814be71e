// A POSIX access control list, as libacl has it: parsed, compared and written by libacl, never by us.
#pragma once

#include <sys/acl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

namespace libcopyfile {

// Immutable; copies share one list.
class Acl {
 public:
  // Takes the list over.
  explicit Acl(acl_t list);

  // Whether it says no more than permission bits can.
  bool is_minimal() const;
  // What st_mode shows of it: owner, mask (or owning group where there is no mask), others.
  uint32_t mode_bits() const;
  // The same with what the owning group really may do in place of the mask.
  uint32_t bits_without_mask() const;
  // "u::rw-,u:1000:r--,g::r--,m::r--,o::---"
  std::string text() const;

  acl_t list() const { return list_.get(); }

 private:
  std::shared_ptr<std::remove_pointer_t<acl_t>> list_;
};

}  // namespace libcopyfile
