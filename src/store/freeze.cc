#include "store/freeze.h"

#include "facts/fs_class.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile::store {
namespace {

// FileStat::format, as stat(2) has it.
constexpr uint32_t kPipe = 0010000;
constexpr uint32_t kSocket = 0140000;

// What is in the cache, and no larger, is read again rather than believed: that is less than the sync that a second copy of it
// would need.
constexpr uint64_t kMostToCompare = uint64_t{16} << 20;

constexpr int kVerityAttempts = 50;
constexpr double kVerityPause = 0.004;
// FS_VERITY_HASH_ALG_SHA256.
constexpr uint32_t kVeritySha256 = 1;
constexpr uint32_t kVerityBlock = 4096;

class Freeze {
 public:
  Freeze(const FreezeJob& job, const AddSource& source)
      : job_(job), source_(source), system_(job.repository.environment().system), fd_(source.fd) {}

  Result<Frozen> run() {
    if (Done ok = open_source(); !ok) return named(ok.error());
    if (Done ok = copy(); !ok) return named(ok.error());
    if (Done ok = close_for_good(); !ok) return named(ok.error());
    frozen_.there = is_there();
    return std::move(frozen_);
  }

 private:
  tl::unexpected<Error> named(Error e) const {
    e.where = shown_name(source_);
    return fail(std::move(e));
  }

  // Looked at before it is opened: a FIFO would keep us waiting, and a device might do anything.
  Done open_source() {
    if (source_.fd < 0) {
      const Open how = source_.follow ? Open::path : Open::look_path;
      const Result<Fd> seen = system_.names.open(source_.dir, source_.path, how);
      if (!seen) return fail(seen.error());
      if (Done ok = check_kind(seen->get(), false); !ok) return ok;
      Result<Fd> fd =
          retry_interrupted([&] { return system_.files.reopen(seen->get(), Reopen::read); });
      if (!fd) return fail(fd.error());
      opened_ = *std::move(fd);
      fd_ = opened_.get();
      return {};
    }
    return check_kind(fd_, true);
  }

  Done check_kind(int fd, bool pipes) {
    const Result<FileStat> stat = system_.files.stat(fd);
    if (!stat) return fail(stat.error());
    const bool pipe = stat->format == kPipe || stat->format == kSocket;
    if (stat->type == FileType::directory) return fail(EISDIR, Op::open);
    if (stat->type == FileType::link) return fail(ELOOP, Op::open);
    if (stat->type != FileType::regular && !(pipes && pipe)) return fail(EINVAL, Op::open);
    if (stat->type != FileType::regular) return {};
    if (stat->size > job_.options.most_bytes) return fail(EFBIG, Op::read);
    frozen_.mode = stat->mode & 0777;
    frozen_.modified = stat->modified;
    return {};
  }

  Done copy() {
    FileJob job;
    job.in_file = fd_;
    job.in_path = shown_name(source_);
    job.out_parent = job_.directory;
    job.out_path = job_.name;
    job.unseen = true;
    job.check.digest = Algorithm::sha256;
    job.check.expected = source_.expected;
    // With a digest to compare with, it does not matter who writes to the source.
    job.allow_change = source_.expected.has_value();
    job.durability = Durability::none;
    job.synced_later = true;
    job.keep_replaced = false;
    job.creation_mask = 0;
    job.new_mode = 0600;
    job.control.rate = job_.options.control.rate;
    job.control.progress = [this](const Progress& now) { return may_go_on(now.copied); };
    FileReport report;
    const Environment& environment = job_.repository.environment();
    Result<ReadyFile> ready =
        prepare_file(system_, environment.catalogue, environment.learned, job, report);
    if (too_long_ || (ready && report.size > job_.options.most_bytes)) return fail(EFBIG, Op::read);
    if (!ready) return fail(ready.error());
    if (!report.checked.digest) return fail(EIO, Op::digest);
    frozen_.file.emplace(std::move(ready->pending));
    frozen_.added.digest = *report.checked.digest;
    frozen_.added.size = report.size;
    const uint64_t cloned = report.data.bytes_by[index_of(MechanismId::reflink)];
    frozen_.added.shared = cloned > 0 && cloned == report.size;
    frozen_.facts = std::move(report.facts);
    return {};
  }

  bool may_go_on(uint64_t copied) {
    too_long_ = copied > job_.options.most_bytes;
    return !too_long_ && job_.progress(copied);
  }

  Done close_for_good() {
    PendingFile& file = *frozen_.file;
    const uint32_t mode = job_.repository.format().blob_mode();
    if (Done ok = system_.attributes.set_mode(file.fd(), mode); !ok) return ok;
    return job_.options.seal ? seal(file) : Done();
  }

  // Where the file system has it: elsewhere the blob is as good as its digest.
  Done seal(PendingFile& file) {
    if (!may_have_verity(frozen_.facts.out)) return {};
    if (Done ok = file.make_read_only(); !ok) return ok;
    for (int attempt = 1;; ++attempt) {
      const Done ok =
          system_.attributes.enable_verity(file.fd(), {kVeritySha256, kVerityBlock, {}, {}, {}});
      if (ok) break;
      // A child of this process may have the descriptor for writing until it has called execve(2).
      if (ok.error().code != ETXTBSY || attempt == kVerityAttempts) {
        return is_final(ok.error().code) ? ok : Done();
      }
      sleep_seconds(kVerityPause);
    }
    const Result<std::string> measured = system_.attributes.measure_verity(file.fd());
    if (!measured) return {};
    frozen_.seal = *measured;
    frozen_.added.sealed = true;
    return {};
  }
  static bool is_final(int code) { return code == EIO || is_no_space(code); }
  static bool may_have_verity(const SideFacts& out) {
    const std::string_view fs = fs_name(out.fs.magic);
    return fs == "ext4" || fs == "btrfs" || fs == "f2fs" || fs == "xfs";
  }

  // Of the same content, and good.
  bool is_there() {
    const Added& added = frozen_.added;
    if (added.size > kMostToCompare) return false;
    const Result<Fd> blob = job_.repository.open_unchecked(added.digest);
    if (!blob) return false;
    const Result<FileStat> stat = system_.files.stat(blob->get());
    if (!stat || stat->size != added.size) return false;
    if (added.size > 0) {
      const Result<uint64_t> cached = system_.files.resident(blob->get(), {0, added.size});
      if (!cached || *cached < added.size) return false;
    }
    const Result<FileDigest> digest =
        digest_of_file(system_.files, blob->get(), added.size, Algorithm::sha256, ReadVia::cache,
                       [](uint64_t) { return true; });
    return digest && digest->digest == added.digest;
  }

  const FreezeJob& job_;
  const AddSource& source_;
  const System& system_;
  Fd opened_;
  int fd_;
  bool too_long_ = false;
  Frozen frozen_;
};

}  // namespace

Result<Frozen> freeze(const FreezeJob& job, const AddSource& source) {
  return Freeze(job, source).run();
}

}  // namespace libcopyfile::store
