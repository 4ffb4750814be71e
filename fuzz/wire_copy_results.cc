// What a copy manager answers. The first byte says which answer it is; what is understood comes out of its own encoding.
#include <cstdlib>

#include "wire/copy_results.h"

using namespace libcopyfile::wire;

namespace {

template <class T>
void round_trip(const std::optional<T>& value, std::optional<T> (*decode)(View)) {
  if (!value) return;
  const auto again = decode(encode(*value));
  if (!again || *again != *value) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const View bytes({data + 1, size - 1});
  switch (data[0] % 4) {
    case 0: round_trip(decode_operating_parameters(bytes), decode_operating_parameters); break;
    case 1: round_trip(decode_copy_status(bytes), decode_copy_status); break;
    case 2: round_trip(decode_failure_details(bytes), decode_failure_details); break;
    default: {
      const auto status = decode_operation_status(bytes);
      round_trip(status, decode_operation_status);
      if (status) (void)count_in_bytes(status->unit, status->count, 512);
      break;
    }
  }
  return 0;
}
