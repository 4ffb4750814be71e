// Block devices kept in memory: a loop device over a sparse image that has no name anywhere. The device frees itself
// (autoclear) with its last user, and the image with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/fd.h"

namespace libcopyfile::test {

struct LoopDevice {
  std::string path;  // "/dev/loop7"
  Fd fd;             // keeps the device until something else (a mount) does
};

// A sparse image of `size` bytes: in memory, or in `directory` as an unnamed file where one is given (for what is to
// be measured on a disk). Throws ScratchError.
Fd make_image(uint64_t size, const std::string& directory);

// `block_size` is the logical block size of the device: 512 to 4096. Throws ScratchError.
LoopDevice attach_loop(const Fd& image, uint32_t block_size);

// Tells the image that is attached to the device now from every other; empty where none is. Another program may take a
// device the moment that it is free.
std::optional<std::pair<uint64_t, uint64_t>> image_of_loop(const std::string& path);

}  // namespace libcopyfile::test
