// Contents that tell what they are: stamped data (testing/stamped.h), numbered far beyond the 256 files of a stamp.
#pragma once

#include <cstdint>
#include <string>

namespace libcopyfile::test {

// The first `size` bytes of content `number`. Kept, as the same ones are compared with thousands of times.
const std::string& stamped_content(uint32_t number, uint64_t size);
// What is wrong with `found`, in words: "2097152 bytes, of which the first 4096 are as they should be, then: zero".
std::string describe(const std::string& found, const std::string& wanted);

}  // namespace libcopyfile::test
