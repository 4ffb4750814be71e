// What a logical unit says of itself. The first byte says which page it is; what is understood comes out of its own encoding.
#include <cstdlib>

#include "wire/vpd.h"

using namespace libcopyfile::wire;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const View bytes({data + 1, size - 1});
  switch (data[0] % 5) {
    case 0: {
      const auto inquiry = decode_standard_inquiry(bytes);
      if (inquiry) require(decode_standard_inquiry(encode(*inquiry)) == inquiry);
      break;
    }
    case 1: {
      const auto pages = decode_supported_pages(bytes);
      if (pages)
        require(decode_supported_pages(encode_supported_pages(0, *pages))->size() == pages->size());
      break;
    }
    case 2: {
      const auto designators = decode_identification(bytes);
      if (designators)
        require(decode_identification(encode_identification(0, *designators)) == designators);
      break;
    }
    case 3: {
      const auto limits = decode_block_limits(bytes);
      if (limits) require(decode_block_limits(encode(0, *limits)) == limits);
      break;
    }
    default: {
      const auto capacity = decode_capacity(bytes);
      if (capacity) require(decode_capacity(encode(*capacity)) == capacity);
      break;
    }
  }
  return 0;
}
