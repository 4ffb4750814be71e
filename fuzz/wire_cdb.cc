// Command descriptor blocks. What is understood can be built again, and means the same.
#include <cstdlib>

#include "wire/cdb.h"

using namespace libcopyfile::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto command = decode_cdb(View({data, size}));
  if (!command) {
    if (command.error().code.key != SenseKey::illegal_request) std::abort();
    return 0;
  }
  const Cdb again = encode(*command);
  if (again.bytes[0] != data[0] || again.length > size) std::abort();
  const auto decoded = decode_cdb(again.view());
  if (!decoded || *decoded != *command) std::abort();
  return 0;
}
