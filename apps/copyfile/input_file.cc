#include "copyfile/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "copyfile/quote.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

tl::unexpected<std::string> cannot(std::string_view verb, std::string_view name, int code) {
  return refuse(fmt::format("cannot {} {}: {}", verb, name, strerrordesc_np(code)));
}

}  // namespace

Parsed<InputFile> InputFile::read(const std::string& path, uint64_t max_bytes,
                                  std::string_view what) {
  const bool standard_input = path == "-";
  const std::string shown = standard_input ? "standard input" : app::quoted(path);
  InputFile file;
  file.name_ = standard_input ? shown : quoted_if_needed(path);
  Fd opened;
  if (!standard_input) {
    Result<Fd> fd = KernelNames().open(AT_FDCWD, path, Open::read);
    if (!fd) return cannot("open", shown, fd.error().code);
    opened = std::move(*fd);
  }
  const auto fits = file.read_all(standard_input ? 0 : opened.get(), max_bytes);
  if (!fits) return cannot("read", shown, fits.error());
  if (!*fits) {
    return refuse(
        fmt::format("cannot read {}: {} holds {} at most", shown, what, format_size(max_bytes)));
  }
  return file;
}

// All that can be read; false where it is more than that. Standard input may be anything, so the size of a regular file is only
// the first guess of how much memory that takes.
tl::expected<bool, int> InputFile::read_all(int fd, uint64_t max_bytes) {
  KernelFiles files;
  uint64_t capacity = std::min<uint64_t>(64 * 1024, max_bytes + 1);
  if (const Result<FileStat> stat = files.stat(fd)) {
    capacity = std::clamp(stat->size + 1, capacity, max_bytes + 1);
  }
  for (;;) {
    grow(capacity);
    std::span<std::byte> rest = std::as_writable_bytes(std::span(data_.get(), capacity_));
    rest = rest.subspan(size_);
    const Result<size_t> count = read_full(files, fd, rest, kStream);
    if (!count) return tl::unexpected(count.error().code);
    size_ += *count;
    if (size_ > max_bytes) return false;
    if (*count < rest.size()) return true;
    capacity = std::min(capacity_ * 2, max_bytes + 1);
  }
}

void InputFile::grow(uint64_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace libcopyfile::app
