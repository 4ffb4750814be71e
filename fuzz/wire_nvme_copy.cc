// NVMe Copy. The first byte says whether it is ranges of a format, a command, or what a device says of itself.
#include <cstdlib>

#include "wire/nvme_copy.h"

using namespace libcopyfile::wire;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_command(View bytes) {
  CommandDwords dwords{};
  for (size_t i = 0; i < dwords.size(); ++i) dwords[i] = bytes.le32(i * 4);
  const CopyCommand command = decode_copy_command(dwords);
  require(command.ranges >= 1 && command.ranges <= 256);
  require(decode_copy_command(encode(command)) == command);
  const ReadCommand read = decode_read_command(dwords);
  require(read.blocks >= 1 && read.blocks <= 65536);
  require(decode_read_command(encode(read)) == read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const View bytes({data + 1, size - 1});
  const unsigned kind = data[0] % 6;
  if (kind < 4) {
    const auto format = static_cast<CopyFormat>(kind);
    const auto ranges = decode_ranges(format, bytes);
    require(ranges.size() * entry_size(format) <= bytes.size());
    require(decode_ranges(format, encode_ranges(format, ranges)) == ranges);
  } else if (kind == 4) {
    check_command(bytes);
  } else {
    const auto controller = decode_controller_copy(bytes);
    require(!controller || decode_controller_copy(encode(*controller)) == controller);
    (void)decode_enabled_formats(bytes);
    const auto space = decode_namespace_copy(bytes);
    require(!space || (space->block_length >= 512 && space->max_ranges >= 1));
    require(!space || decode_namespace_copy(encode(*space)) == space);
  }
  return 0;
}
