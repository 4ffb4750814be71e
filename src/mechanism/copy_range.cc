// copy_file_range(2): the bytes stay in the kernel, on the server or in the storage. Which of these it was, the call does
// not say: on a file system without support it splices through the page cache in silence. Of NFS and SMB the counters of the
// mount tell.
#include "mechanism/mechanism.h"
#include "mechanism/source_writeback.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// One call moves at most 0x7ffff000 bytes; FUSE replied in 32 bits until 6.18; glibc 2.41 miscounts above 2 GiB; and nothing
// interrupts a call that is under way. 1 GiB is below all of them.
constexpr uint64_t kMaxChunk = uint64_t{1} << 30;

constexpr uint64_t kNfsMagic = 0x6969;
constexpr uint64_t kCifsMagic = 0xff534d42;
constexpr uint64_t kSmb2Magic = 0xfe534d42;

constexpr ErrnoRow kTable[] = {
    {ENOSYS, Stop::declined, Scope::mounts, "the kernel or a filter does not have it"},
    {EOPNOTSUPP, Stop::declined, Scope::mounts, "the file system does not have it"},
    {ENOTTY, Stop::declined, Scope::mounts, "the file system does not have it"},
    {EXDEV, Stop::declined, Scope::mounts, "not between these file systems"},
    {EINVAL, Stop::declined, Scope::file, "refused for these files"},
    {EPERM, Stop::declined, Scope::file,
     "not permitted: a system call filter or an immutable file"},
    {EACCES, Stop::declined, Scope::file, "not permitted by the server"},
    {EBADF, Stop::declined, Scope::file, "refused for these descriptors"},
    {ETXTBSY, Stop::declined, Scope::file, "a swap file"},
    {ENOENT, Stop::declined, Scope::file,
     "the server does not find the source (CIFS across shares)"},
    // Seen at the end of the input with an output position near the largest offset; a plain write shows the truth.
    {EFBIG, Stop::declined, Scope::file, "beyond a limit of the kernel's copy"},
    {EOVERFLOW, Stop::declined, Scope::file, "beyond a limit of the kernel's copy"},
    {EISDIR, Stop::failed, Scope::file, "a directory"},
    {EIO, Stop::failed, Scope::file, ""},
    {ENOSPC, Stop::failed, Scope::file, ""},
    {EDQUOT, Stop::failed, Scope::file, ""},
    {ENOMEM, Stop::failed, Scope::file, ""},
};

bool is_cifs(const Facts& facts) {
  return facts.out.fs.magic == kCifsMagic || facts.out.fs.magic == kSmb2Magic;
}

// What is known of the servers before one is asked; nullptr where nothing speaks against it.
const char* server_refuses(const Facts& f) {
  for (const SideFacts* side : {&f.in, &f.out}) {
    const ServerCopy state = side->server_copies.state;
    if (state == ServerCopy::refused) return "the server has refused to copy";
    if (state != ServerCopy::too_old) continue;
    return side->fs.magic == kNfsMagic ? "NFS before 4.2 has no copies by the server"
                                       : "SMB 1 has no copies by the server";
  }
  const bool nfs = f.out.fs.magic == kNfsMagic;
  const bool asks = f.out.server_copies.state == ServerCopy::possible;
  if (nfs && asks && f.same_file) return "the client of NFS asks for no copies within one file";
  return nullptr;
}

// Whether the server was asked. Where it was not, or said no, the client has read and written in silence: the first block tells,
// before more goes that way.
class Proof {
 public:
  explicit Proof(Pair& pair) : pair_(pair) {
    if (pair.facts.out.server_copies.state == ServerCopy::possible) before_ = requests();
  }

  // How much to copy before came_true() is asked. Never all of `total`: somebody else must be able to take the rest.
  uint64_t first(uint64_t total) const {
    return before_ && total > 1 ? std::min(total - 1, pair_.facts.clone_alignment) : total;
  }
  // True where nothing can be told.
  bool came_true() {
    if (!before_) return true;
    const std::optional<uint64_t> now = requests();
    const bool asked = now && static_cast<int64_t>(*now - *before_) > 0;
    before_.reset();
    return asked;
  }

 private:
  // Nothing where the server has refused.
  std::optional<uint64_t> requests() {
    const ServerCopies now = pair_.files.server_copies(pair_.out);
    return now.state == ServerCopy::possible ? now.requests : std::nullopt;
  }

  Pair& pair_;
  std::optional<uint64_t> before_;
};

class CopyRangeCall final : public Mechanism {
 public:
  MechanismId id() const override { return MechanismId::copy_range; }

  Verdict can(const Facts& f) const override {
    if (f.in.kind != FileType::regular || f.out.kind != FileType::regular) {
      return {Can::no, "only for regular files"};
    }
    if (!f.in.size_trusted) return {Can::no, "the source is made up by the kernel"};
    if (!f.kernel.at_least(5, 3)) return {Can::no, "unsafe before Linux 5.3"};
    if (!f.same_file_system && !f.kernel.at_least(5, 19)) {
      return {Can::no, "unsafe between file systems before Linux 5.19"};
    }
    if (f.in.fs.magic != 0 && f.out.fs.magic != 0 && f.in.fs.magic != f.out.fs.magic) {
      return {Can::no, "the files are on file systems of different types"};
    }
    if (const char* const why = server_refuses(f)) return {Can::no, why, EOPNOTSUPP};
    return {Can::unknown, "only trying tells"};
  }

  Moved move(Pair& pair, std::span<const CopyRange> ranges) const override {
    Moved result;
    // Before a server copies, its client writes back what it has, with the source locked.
    if (pair.facts.in.fs_class == FsClass::remote && !write_back_source(pair, ranges)) {
      result.stop = Stop::cancelled;
      return result;
    }
    Proof proof(pair);
    uint64_t most = proof.first(total_length(ranges));
    for (const CopyRange& range : ranges) {
      for (uint64_t done = 0; done < range.length;) {
        const uint64_t chunk = std::min(kMaxChunk, std::max<uint64_t>(1, pair.control.chunk()));
        const CopyRange part = range.part(done, std::min(chunk, most));
        const Result<size_t> n =
            retry_interrupted([&] { return pair.files.copy_range(pair.in, pair.out, part); });
        if (!n) return refused(pair, n.error(), result.bytes);
        if (*n == 0) return nothing_came(pair, part.in, result.bytes);
        // More than was asked for has been seen from FUSE servers; counting it would skip bytes.
        if (*n > part.length) return stopped({}, Error{EIO, Op::copy_range, {}, {}}, result.bytes);
        done += *n;
        result.bytes += *n;
        if (!pair.control.moved(*n)) {
          result.stop = Stop::cancelled;
          return result;
        }
        if (!proof.came_true()) return not_asked(result.bytes);
        most = kMaxChunk;
      }
    }
    return result;
  }

 private:
  static Moved not_asked(uint64_t bytes) {
    return Moved{bytes, Stop::declined,
                 Error{EOPNOTSUPP, Op::copy_range, "the server did not copy", {}}, Scope::mounts,
                 0};
  }

  static Moved refused(const Pair& pair, const Error& error, uint64_t bytes) {
    Moved m = stopped(kTable, error, bytes);
    if (error.code == EIO && bytes == 0 && is_cifs(pair.facts)) {
      // CIFS says EIO for what the server does not support; reading and writing will show whether it was true.
      m.stop = Stop::declined;
      m.scope = Scope::file;
      m.error.where = "the server failed it";
    }
    return m;
  }

  // 0 is not the end of the file: virtual and FUSE files give it with data behind it.
  static Moved nothing_came(Pair& pair, uint64_t offset, uint64_t bytes) {
    std::byte one{};
    const Result<size_t> n = read_full(pair.files, pair.in, {&one, 1}, offset);
    if (!n) return stopped({}, n.error(), bytes);
    if (*n == 0) return Moved{bytes, Stop::end_of_source, {}, Scope::file, 0};
    return Moved{bytes, Stop::declined,
                 Error{ENODATA, Op::copy_range, "it said end of file where there is data", {}},
                 Scope::file, 0};
  }
};

}  // namespace

std::unique_ptr<Mechanism> make_copy_range() { return std::make_unique<CopyRangeCall>(); }

}  // namespace libcopyfile
