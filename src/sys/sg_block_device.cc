#include "sys/sg_block_device.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace libcopyfile {
namespace {

// "8:16".
std::optional<uint64_t> number_in(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  std::array<char, 64> text{};
  const ssize_t length = ::read(fd.get(), text.data(), text.size());
  if (length <= 0) return std::nullopt;
  const char* const end = text.data() + length;
  unsigned major_number = 0;
  unsigned minor_number = 0;
  const auto first = std::from_chars(text.data(), end, major_number);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, minor_number);
  if (second.ec != std::errc()) return std::nullopt;
  return makedev(major_number, minor_number);
}

// Empty where the folder is.
std::string first_name_in(DIR& folder) {
  // Nobody else has this stream.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* entry = ::readdir(&folder)) {
    if (entry->d_name[0] != '.') return entry->d_name;
  }
  return "";
}

}  // namespace

Result<std::optional<BlockNode>> block_node_of(const std::string& device) {
  const std::string folder = device + "/block";
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(folder.c_str()), ::closedir);
  if (!names) {
    if (errno == ENOENT) return std::nullopt;
    return fail(errno, Op::open, "whether it is in use can't be told");
  }
  BlockNode node;
  node.name = first_name_in(*names);
  if (node.name.empty()) return std::nullopt;
  const auto number = number_in(folder + "/" + node.name + "/dev");
  if (!number) return fail(ENODEV, Op::open, "whether it is in use can't be told");
  node.number = *number;
  // As devtmpfs has it.
  std::replace(node.name.begin(), node.name.end(), '!', '/');
  return node;
}

Result<Fd> claim_block_node(const BlockNode& node, const std::string& nodes) {
  const std::string path = nodes + "/" + node.name;
  Fd fd(::open(path.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
  if (!fd.valid()) {
    const int code = errno;
    const bool busy = code == EBUSY;
    return fail(code, Op::open,
                busy ? path + ", which is the same disk, is mounted or part of another device"
                     : "whether it is in use can't be told: " + path + " can't be opened");
  }
  struct ::stat st {};
  if (::fstat(fd.get(), &st) != 0 || !S_ISBLK(st.st_mode) || st.st_rdev != node.number) {
    return fail(ENODEV, Op::open, "whether it is in use can't be told: " + path + " is not it");
  }
  if (::fsync(fd.get()) != 0) {
    return fail(errno, Op::sync, "what was written to " + path + " did not get to the disk");
  }
  return fd;
}

}  // namespace libcopyfile
