// A file that the command reads as a whole before it does anything: a list of ranges, of checksums.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "copyfile/sizes.h"

namespace libcopyfile::app {

class InputFile {
 public:
  // "-" is standard input. A failure is told as "cannot read 'name': reason"; a file of more than `max_bytes` is one: "`what`
  // holds 1.0G at most".
  static Parsed<InputFile> read(const std::string& path, uint64_t max_bytes, std::string_view what);

  std::string_view text() const { return {data_.get(), size_}; }
  // For messages that begin with it: "NAME:3: ...".
  const std::string& name() const { return name_; }

 private:
  InputFile() = default;
  tl::expected<bool, int> read_all(int fd, uint64_t max_bytes);
  void grow(uint64_t capacity);

  std::string name_;
  std::unique_ptr<char[]> data_;
  uint64_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace libcopyfile::app
