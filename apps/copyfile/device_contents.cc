#include "copyfile/device_contents.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

struct Mark {
  size_t at;
  std::string_view bytes;
  const char* kind;
};

using namespace std::string_view_literals;

// The first that is there counts: containers leave the marks of what was there before them alone, and a partition table has the
// mark of a boot sector.
constexpr Mark kMarksKnown[] = {
    {0, "LUKS\xba\xbe"sv, "an encrypted volume (LUKS)"},
    {0, "LABELONE"sv, "a physical volume of LVM"},
    {512, "LABELONE"sv, "a physical volume of LVM"},
    {1024, "LABELONE"sv, "a physical volume of LVM"},
    {1536, "LABELONE"sv, "a physical volume of LVM"},
    {4096, "\xfc\x4e\x2b\xa9"sv, "a part of a RAID"},
    {0, "XFSB"sv, "an XFS file system"},
    {1080, "\x53\xef"sv, "an ext2, ext3 or ext4 file system"},
    {65600, "_BHRfS_M"sv, "a Btrfs file system"},
    {4086, "SWAPSPACE2"sv, "swap space"},
    {512, "EFI PART"sv, "a partition table (GPT)"},
    {4096, "EFI PART"sv, "a partition table (GPT)"},
    {3, "NTFS    "sv, "an NTFS file system"},
    {54, "FAT"sv, "a FAT file system"},
    {82, "FAT32"sv, "a FAT file system"},
    {510, "\x55\xaa"sv, "a partition table"},
};

}  // namespace

std::string contents_of(std::span<const std::byte> beginning) {
  for (const Mark& mark : kMarksKnown) {
    if (mark.at + mark.bytes.size() > beginning.size()) continue;
    if (std::memcmp(beginning.data() + mark.at, mark.bytes.data(), mark.bytes.size()) == 0) {
      return mark.kind;
    }
  }
  return "nothing known";
}

void announce_overwriting(Context& context, const std::string& path) {
  const Result<FileStat> there = context.names.stat(kCurrentDirectory, path, true);
  if (!there || there->type != FileType::block_device) return;
  const Result<Fd> fd = context.names.open(kCurrentDirectory, path, Open::read);
  announce_overwriting(context, path, fd ? fd->get() : -1, "block device");
}

void announce_overwriting(Context& context, const std::string& name, int fd,
                          std::string_view what) {
  std::string holds = "what it holds can't be read";
  // Two pieces, so that the kernel reads no more ahead than it must.
  std::vector<std::byte> beginning(kMarks);
  const auto read = [&](size_t at, size_t length) {
    const auto piece = std::span(beginning).subspan(at, length);
    return read_full(context.files, fd, piece, at, Cache::keep).has_value();
  };
  if (read(0, 8192) && read(65536, 4096)) holds = "it holds " + contents_of(beginning);
  const Result<uint64_t> bytes = context.files.device_size(fd);
  const std::string size = bytes ? " of " + size_with_bytes(*bytes) : "";
  complain(fmt::format("overwriting the {} {}{}: {}", what, app::quoted(name), size, holds));
}

}  // namespace libcopyfile::app
