#include "copyfile/range_list.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "copyfile/quote.h"
#include "copyfile/range_syntax.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string located(std::string_view text, std::string_view name, const SyntaxError& error) {
  const std::string_view before = text.substr(0, static_cast<size_t>(error.at - text.data()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return fmt::format("{}:{}:{}: {}", name, line, column, error.reason);
}

bool is_json(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\v\f");
  return first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
}

std::string cannot(std::string_view verb, std::string_view name, const Error& error) {
  return fmt::format("cannot {} {}: {}", verb, name, strerrordesc_np(error.code));
}

// All that can be read of a descriptor. Standard input may be anything, so the size of a regular file is only the first
// guess of how much memory that takes.
class WholeFile {
 public:
  // False where the file is larger than `max`.
  Result<bool> read(Files& files, int fd, uint64_t max) {
    uint64_t capacity = std::min<uint64_t>(64 * 1024, max + 1);
    if (const Result<FileStat> stat = files.stat(fd)) {
      capacity = std::clamp(stat->size + 1, capacity, max + 1);
    }
    for (;;) {
      grow(capacity);
      std::span<std::byte> rest = std::as_writable_bytes(std::span(data_.get(), capacity_));
      rest = rest.subspan(size_);
      const Result<size_t> count = read_full(files, fd, rest, kStream);
      if (!count) return fail(count.error());
      size_ += *count;
      if (size_ > max) return false;
      if (*count < rest.size()) return true;
      capacity = std::min(capacity_ * 2, max + 1);
    }
  }
  std::string_view text() const { return {data_.get(), size_}; }

 private:
  void grow(uint64_t capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  uint64_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace

Parsed<std::vector<CopyRange>> parse_range_list(std::string_view text, std::string_view name) {
  std::string_view list = text;
  if (list.starts_with(kByteOrderMark)) list.remove_prefix(kByteOrderMark.size());
  Ranges ranges = is_json(list) ? parse_json(list) : parse_text(list);
  if (!ranges) return refuse(located(text, name, ranges.error()));
  return std::move(*ranges);
}

Parsed<std::vector<CopyRange>> read_range_list(const std::string& path, uint64_t max_bytes) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : app::quoted(path);
  KernelFiles files;
  Fd opened;
  if (!standard_input) {
    Result<Fd> fd = KernelNames().open(AT_FDCWD, path, Open::read);
    if (!fd) return refuse(cannot("open", name, fd.error()));
    opened = std::move(*fd);
  }
  WholeFile file;
  const Result<bool> fits = file.read(files, standard_input ? 0 : opened.get(), max_bytes);
  if (!fits) return refuse(cannot("read", name, fits.error()));
  if (!*fits) {
    return refuse(fmt::format("cannot read {}: a list of ranges holds {} at most", name,
                              format_size(max_bytes)));
  }
  return parse_range_list(file.text(), standard_input ? name : quoted_if_needed(path));
}

void resolve_to_end(std::vector<CopyRange>& ranges, uint64_t source_size) {
  for (CopyRange& r : ranges) {
    if (r.length == kToEnd) r.length = source_size - std::min(r.in, source_size);
  }
}

}  // namespace libcopyfile::app
