#include "verify/libcrypto.h"

#include <dlfcn.h>

namespace libcopyfile {
namespace {

// POSIX has a pointer to a function fit into one to data.
template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Result<Libcrypto> Libcrypto::load(const char* name) {
  // Another thread may load it at the same time: dlopen(3) counts.
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return fail(EOPNOTSUPP, Op::load, std::string(name));
  Libcrypto found{};
  const bool all = find(library, "EVP_MD_CTX_new", found.md_ctx_new) &&
                   find(library, "EVP_MD_CTX_free", found.md_ctx_free) &&
                   find(library, "EVP_sha256", found.sha256) &&
                   find(library, "EVP_md5", found.md5) &&
                   find(library, "EVP_DigestInit_ex", found.digest_init) &&
                   find(library, "EVP_DigestUpdate", found.digest_update) &&
                   find(library, "EVP_DigestFinal_ex", found.digest_final);
  ::dlclose(library);
  if (!all) return fail(EOPNOTSUPP, Op::load, std::string(name));
  return found;
}

}  // namespace libcopyfile
