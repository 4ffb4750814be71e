// Copies by token. The first byte says which list or answer it is, the second how many ranges are allowed. What is accepted
// keeps that, and comes out of its own encoding.
#include <cstdlib>

#include "wire/rod_token.h"

using namespace libcopyfile::wire;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <class T>
void check_list(const Decoded<T>& list, Decoded<T> (*decode)(View, uint16_t), uint16_t most) {
  if (!list) {
    require(list.error().code.key == SenseKey::illegal_request);
    return;
  }
  require(!list->ranges.empty() && list->ranges.size() <= most);
  const auto again = decode(encode(*list), most);
  require(again && *again == *list);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint16_t most = data[1];
  const View bytes({data + 2, size - 2});
  switch (data[0] % 4) {
    case 0: check_list(decode_populate_token(bytes, most), decode_populate_token, most); break;
    case 1:
      check_list(decode_write_using_token(bytes, most), decode_write_using_token, most);
      break;
    case 2: {
      const auto head = decode_token(bytes);
      if (head) require(decode_token(View(encode_token(*head))) == head);
      break;
    }
    default: {
      const auto information = decode_token_information(bytes);
      if (information) require(decode_token_information(encode(*information)) == information);
      break;
    }
  }
  return 0;
}
