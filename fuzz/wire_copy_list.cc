// Parameter lists of EXTENDED COPY. The first byte says of which kind, the next three the limits. A list that is accepted keeps
// the limits, is as long as its descriptors, and comes out of its own encoding; one that is refused is refused as an initiator
// expects.
#include <cstdlib>

#include "wire/extended_copy.h"

using namespace libcopyfile::wire;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const Lid lid = (data[0] & 1) != 0 ? Lid::lid4 : Lid::lid1;
  const CopyListLimits limits{data[1], data[2], static_cast<uint32_t>(data[3]) * 64};
  const View bytes({data + 4, size - 4});
  const auto list = decode_copy_list(lid, bytes, limits);
  if (!list) {
    require(list.error().code.key == SenseKey::illegal_request);
    require(!list.error().pointer || list.error().pointer->byte < bytes.size());
    return 0;
  }
  require(list->cscds.size() <= limits.cscds && list->segments.size() <= limits.segments);
  size_t length = list->cscds.size() * Cscd::kSize;
  for (const Segment& segment : list->segments) length += encoded_size(segment);
  require(length <= limits.descriptors_length);
  const Bytes encoded = encode_copy_list(*list);
  require(bytes.empty() || encoded.size() <= bytes.size());
  const auto again = decode_copy_list(lid, encoded, limits);
  require(again && *again == *list);
  return 0;
}
