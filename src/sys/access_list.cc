#include "sys/access_list.h"

#include <acl/libacl.h>
#include <sys/stat.h>

namespace libcopyfile {
namespace {

// One entry's rights as the lowest three bits of a mode.
uint32_t rights_of(acl_entry_t entry) {
  acl_permset_t set{};
  if (acl_get_permset(entry, &set) != 0) return 0;
  return (acl_get_perm(set, ACL_READ) > 0 ? 4U : 0U) |
         (acl_get_perm(set, ACL_WRITE) > 0 ? 2U : 0U) |
         (acl_get_perm(set, ACL_EXECUTE) > 0 ? 1U : 0U);
}

}  // namespace

Acl::Acl(acl_t list) : list_(list, [](acl_t l) { ::acl_free(l); }) {}

bool Acl::is_minimal() const { return ::acl_equiv_mode(list_.get(), nullptr) == 0; }

uint32_t Acl::mode_bits() const {
  mode_t mode = 0;
  return ::acl_equiv_mode(list_.get(), &mode) < 0 ? 0 : mode & 0777U;
}

uint32_t Acl::bits_without_mask() const {
  uint32_t group = 0;
  uint32_t mask = 07;
  acl_entry_t entry{};
  for (int which = ACL_FIRST_ENTRY; ::acl_get_entry(list_.get(), which, &entry) == 1;
       which = ACL_NEXT_ENTRY) {
    acl_tag_t tag{};
    if (::acl_get_tag_type(entry, &tag) != 0) continue;
    if (tag == ACL_GROUP_OBJ) group = rights_of(entry);
    if (tag == ACL_MASK) mask = rights_of(entry);
  }
  return (mode_bits() & 0707U) | (group & mask) << 3;
}

std::string Acl::text() const {
  const std::unique_ptr<char, int (*)(void*)> words(
      ::acl_to_any_text(list_.get(), nullptr, ',', TEXT_ABBREVIATE | TEXT_NUMERIC_IDS),
      [](void* p) { return ::acl_free(p); });
  return words ? words.get() : "";
}

}  // namespace libcopyfile
