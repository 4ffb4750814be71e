// The page that says what a logical unit can copy: what is understood of it comes out of its own encoding.
#include "wire/third_party_copy.h"

#include <cstdlib>

using namespace libcopyfile::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto page = decode_third_party_copy(View({data, size}));
  if (!page) return 0;
  (void)page->supports(0x83, 0x10);
  const auto again = decode_third_party_copy(encode(0, *page));
  if (!again || *again != *page) std::abort();
  return 0;
}
