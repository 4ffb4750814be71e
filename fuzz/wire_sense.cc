// Sense data. Whatever comes in, what was understood of it can be said again, in both formats, within what sense data may be.
#include <cstdlib>

#include "wire/sense.h"

using namespace libcopyfile::wire;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto sense = decode_sense(View({data, size}));
  if (!sense) return 0;
  const Bytes descriptors = encode_descriptor_sense(*sense);
  require(descriptors.size() <= kMaxSense);
  const auto again = decode_sense(descriptors);
  require(again && again->code == sense->code && again->deferred == sense->deferred);
  require(again->information == sense->information && again->pointer == sense->pointer);
  require(again->command_specific == sense->command_specific);
  const Bytes fixed = encode_fixed_sense(*sense);
  require(fixed.size() >= 18 && fixed.size() <= kMaxSense);
  const auto short_form = decode_sense(fixed);
  require(short_form && short_form->code == sense->code && short_form->pointer == sense->pointer);
  require(short_form->failed_segment().value_or(0) == sense->failed_segment().value_or(0));
  return 0;
}
