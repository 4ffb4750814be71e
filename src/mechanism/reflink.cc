// Sharing extents: FICLONE for a whole file, FICLONERANGE for ranges (ioctl_ficlonerange(2)).
//
// The kernel writes the dirty source range back and waits for it under the locks of both inodes, so most of that is done
// before (source_writeback.h). A whole-file clone is one call and the only copy that is a snapshot. Ranges go in chunks, so that cancelling works and readers of a fragmented
// source are not held for long (XFS before 6.7 held them for the whole call).
#include "mechanism/mechanism.h"
#include "mechanism/source_writeback.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

constexpr uint64_t kMaxChunk = uint64_t{4}
                               << 30;  // milliseconds, unless the source is in very many pieces

constexpr ErrnoRow kTable[] = {
    {EOPNOTSUPP, Stop::declined, Scope::mounts, "the file system cannot share extents"},
    {ENOTTY, Stop::declined, Scope::mounts, "the file system cannot share extents"},
    {ENOSYS, Stop::declined, Scope::mounts, "the file system cannot share extents"},
    {EXDEV, Stop::declined, Scope::mounts, "the files are on different file systems"},
    {EINVAL, Stop::declined, Scope::file,
     "refused for these files: alignment, or one is NOCOW (or unshareable) and the other is not"},
    {EPERM, Stop::declined, Scope::file,
     "not permitted: a system call filter, an immutable file or different encryption keys"},
    {EACCES, Stop::declined, Scope::file, "not permitted by the server"},
    {ETXTBSY, Stop::declined, Scope::file, "a swap file cannot be shared"},
    {EBADF, Stop::declined, Scope::file, "refused for these descriptors"},
    // ZFS while the source is dirty: waiting can take a transaction group, or for ever on an active file.
    {EAGAIN, Stop::declined, Scope::file, "the file system is busy with the source"},
    // CIFS across shares.
    {ENOENT, Stop::declined, Scope::file, "the server does not find the source"},
    {EISDIR, Stop::failed, Scope::file, "a directory"},
    {EIO, Stop::failed, Scope::file, ""},
    {ENOSPC, Stop::failed, Scope::file, ""},
    {EDQUOT, Stop::failed, Scope::file, ""},
    {ENOMEM, Stop::failed, Scope::file, ""},
};

class Reflink final : public Mechanism {
 public:
  MechanismId id() const override { return MechanismId::reflink; }

  Verdict can(const Facts& f) const override {
    if (f.in.kind != FileType::regular || f.out.kind != FileType::regular) {
      return {Can::no, "only regular files share extents"};
    }
    if (!f.in.size_trusted) return {Can::no, "the source is made up by the kernel"};
    if (f.in.fs.magic != 0 && f.out.fs.magic != 0 && f.in.fs.magic != f.out.fs.magic) {
      return {Can::no, "the files are on file systems of different types"};
    }
    // Never by the type of the file system: XFS has it or not by mkfs option, overlayfs by what is below, and st_dev
    // differs between subvolumes that can share.
    return {Can::unknown, "only trying tells"};
  }

  Moved move(Pair& pair, std::span<const CopyRange> ranges) const override {
    Moved result;
    if (!write_back_source(pair, ranges)) {
      result.stop = Stop::cancelled;
      return result;
    }
    if (pair.manner.whole_file) return whole(pair, ranges);
    for (const CopyRange& range : ranges) {
      for (uint64_t done = 0; done < range.length;) {
        const CopyRange part = range.part(done, chunk(pair));
        const Done ok =
            retry_interrupted([&] { return pair.files.clone_range(pair.in, pair.out, part); });
        if (!ok) return stopped(kTable, ok.error(), result.bytes);
        done += part.length;
        result.bytes += part.length;
        if (!pair.control.moved(part.length)) {
          result.stop = Stop::cancelled;
          return result;
        }
      }
    }
    return result;
  }

 private:
  static uint64_t chunk(const Pair& pair) {
    const uint64_t align = pair.facts.clone_alignment;
    return std::max(align, align_down(std::min(kMaxChunk, pair.control.chunk()), align));
  }

  static Moved whole(Pair& pair, std::span<const CopyRange> ranges) {
    Moved result;
    const uint64_t expected = total_length(ranges);
    const Done ok = retry_interrupted([&] { return pair.files.clone(pair.in, pair.out); });
    if (!ok) return stopped(kTable, ok.error(), 0);
    const Result<FileStat> out = retry_interrupted([&] { return pair.files.stat(pair.out); });
    if (!out) return stopped({}, out.error(), 0);
    if (out->size < expected) return came_out_short(pair);
    result.bytes = expected;
    if (!pair.control.moved(result.bytes)) result.stop = Stop::cancelled;
    return result;
  }

  // ZFS 2.2.0 cloned large dirty files short and said success; the clone of a source that shrank looks the same. Reading
  // will tell which it was, and must find the file as new as it was before.
  static Moved came_out_short(Pair& pair) {
    const Done emptied = retry_interrupted([&] { return pair.files.truncate(pair.out, 0); });
    if (!emptied) return stopped({}, emptied.error(), 0);
    Moved result;
    result.stop = Stop::declined;
    result.error = Error{ESTALE, Op::clone, "the clone came out shorter than the source was", {}};
    return result;
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_reflink() { return std::make_unique<Reflink>(); }

}  // namespace libcopyfile
