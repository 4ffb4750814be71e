// Headers of POSIX tar archives (IEEE Std 1003.1, pax Interchange Format). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "sys/files.h"

namespace libcopyfile::store {

inline constexpr size_t kTarBlock = 512;

struct TarFile {
  std::string name;
  uint64_t size = 0;
  uint32_t mode = 0644;
  Timestamp modified;
};

// All blocks that come before the bytes of the file: where the name, the size or the time do not fit the old header, an
// extended one first.
std::string tar_header(const TarFile& file);
// Bytes of zeros behind `size` bytes of a file.
constexpr uint64_t tar_padding(uint64_t size) { return (kTarBlock - size % kTarBlock) % kTarBlock; }
// The end of an archive.
inline std::string tar_end() { return std::string(2 * kTarBlock, '\0'); }

}  // namespace libcopyfile::store
