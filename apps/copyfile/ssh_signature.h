// Signatures of texts, made and checked by ssh-keygen(1), whose keys, agents and lists of allowed signers people have. No
// cryptography of our own.
#pragma once

#include <string>
#include <string_view>

#include "copyfile/sizes.h"

namespace libcopyfile::app {

// What a signature is for (ssh-keygen -n): one that was made for something else is none for a manifest.
inline constexpr const char* kManifestNamespace = "copyfile-store-manifest";

// A signature in armour by the key in the file `key`: a private one, or a public one whose private one an agent has. ssh-keygen
// asks for a passphrase on the terminal, and says on standard error what is wrong; the reason here is for behind a colon.
Parsed<std::string> sign_text(std::string_view text, const std::string& key);

struct SignatureCheck {
  std::string signature;  // a file
  std::string signers;    // a file of allowed signers: ssh-keygen(1), ALLOWED SIGNERS
  std::string identity;   // one of them
};
// Whether it is a signature of exactly this text by that signer; the reason where it is not.
Parsed<bool> check_signature(std::string_view text, const SignatureCheck& check);

}  // namespace libcopyfile::app
