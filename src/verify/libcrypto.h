// OpenSSL's libcrypto, which knows the instructions of every processor for SHA-256 (and has MD5, which CHAP still asks for). Loaded when the first digest is asked for: a
// program that never does, does not pay for its start (1 ms, as long as the command takes to start without it).
#pragma once

#include <cstddef>

#include "base/error.h"

namespace libcopyfile {

// The few functions of EVP that are needed, under their own names (EVP_DigestInit(3)).
struct Libcrypto {
  void* (*md_ctx_new)();
  void (*md_ctx_free)(void* context);
  const void* (*sha256)();
  const void* (*md5)();
  int (*digest_init)(void* context, const void* type, void* engine);
  int (*digest_update)(void* context, const void* data, size_t size);
  int (*digest_final)(void* context, unsigned char* digest, unsigned* size);

  static constexpr const char* kName = "libcrypto.so.3";
  // EOPNOTSUPP, with the name of the library as `where`, if it is not there. It is not unloaded again: OpenSSL itself forbids it.
  static Result<Libcrypto> load(const char* name = kName);
};

}  // namespace libcopyfile
