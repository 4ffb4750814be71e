#include "store/get.h"

#include "store/layout.h"
#include "sys/system_info.h"

namespace libcopyfile::store {
namespace {

constexpr uint32_t kNewFile = 0666;

struct Asked {
  Digest digest;
  std::optional<NameRecord> record;  // of the name that was asked for
};

Result<Asked> look_up(Repository& repository, const Reference& reference) {
  if (const auto* const digest = std::get_if<Digest>(&reference)) return Asked{*digest, {}};
  const auto& name = std::get<std::string>(reference);
  const Result<Index*> index = repository.index();
  if (!index) return fail(index.error());
  Result<std::optional<NameRecord>> found = (*index)->find(name);
  if (!found) return fail(found.error());
  if (!*found) return fail(ENOENT, Op::open, name);
  const Digest digest = (*found)->digest;
  return Asked{digest, *std::move(found)};
}

// Whether somebody else could have put a file of his own under a digest, with the seal that it has. (Where there is an access
// control list, the group's permissions are the most that it gives to anybody.)
bool may_be_forged(Repository& repository) {
  constexpr uint32_t kOthersWrite = 0022;
  const System& system = repository.environment().system;
  for (const Result<FileStat>& stat :
       {system.files.stat(repository.root()), system.files.stat(repository.blobs()),
        system.names.stat(repository.root(), kIndexName, false)}) {
    const bool ours = stat && (stat->owner == 0 || stat->owner == effective_user());
    if (!ours || (stat->mode & kOthersWrite) != 0) return true;
  }
  return false;
}

// Whether fs-verity vouches for the bytes behind `fd`. An index that can't be read only means that it does not.
bool is_vouched(Repository& repository, int fd, const FileStat& stat, const Digest& digest,
                SealTrust trust) {
  if ((stat.attributes & kStatVerity) == 0) return false;
  if (trust == SealTrust::own && may_be_forged(repository)) return false;
  const Result<Index*> index = repository.index();
  if (!index) return false;
  const auto record = (*index)->find(digest);
  if (!record || !*record || (*record)->seal.empty()) return false;
  const Result<std::string> measured =
      repository.environment().system.attributes.measure_verity(fd);
  return measured && *measured == (*record)->seal;
}

}  // namespace

Result<Got> get(Repository& repository, const Reference& reference, int out_dir,
                const std::string& out_path, const GetOptions& options) {
  const Result<Asked> asked = look_up(repository, reference);
  if (!asked) return fail(asked.error());
  const Result<Fd> blob = repository.open_unchecked(asked->digest);
  if (!blob) return fail(blob.error());
  const bool recorded = options.recorded_metadata && asked->record;
  const Environment& environment = repository.environment();
  CheckedBy checked_by = CheckedBy::digest;
  if (options.trust_seal) {
    const Result<FileStat> stat = environment.system.files.stat(blob->get());
    if (!stat) return fail(stat.error());
    if (is_vouched(repository, blob->get(), *stat, asked->digest, SealTrust::recorded)) {
      checked_by = CheckedBy::verity;
    }
  }

  FileJob job;
  job.in_file = blob->get();
  job.in_path = asked->digest.text();
  job.out_dir = out_dir;
  job.out_path = out_path;
  job.data.sharing = options.sharing;
  if (checked_by == CheckedBy::digest) job.check.expected = asked->digest;
  job.allow_change = true;
  job.replace = options.replace;
  job.durability = options.durability;
  job.keep_replaced = false;
  job.new_mode = recorded ? asked->record->mode.value_or(kNewFile) : kNewFile;
  job.creation_mask = recorded && asked->record->mode ? 0 : options.creation_mask;
  job.control = options.control;
  FileReport report;
  Result<ReadyFile> ready =
      prepare_file(environment.system, environment.catalogue, environment.learned, job, report);
  if (!ready) return fail(ready.error());
  if (recorded && asked->record->modified) {
    const Timestamp modified = *asked->record->modified;
    const Done ok =
        environment.system.attributes.set_times(ready->pending.fd(), modified, modified);
    if (!ok) return fail(ok.error());
  }
  Result<Published> published = std::move(ready->pending).commit(options.durability);
  if (!published) {
    published.error().where = out_path;
    return fail(published.error());
  }
  if (published->late) return fail(*published->late);
  const uint64_t cloned = report.data.bytes_by[index_of(MechanismId::reflink)];
  return Got{asked->digest, report.size, cloned > 0 && cloned == report.size, checked_by,
             published->reached};
}

Result<OpenBlob> open_checked(Repository& repository, const Reference& reference, SealTrust trust,
                              const DigestProgress& progress) {
  const Result<Digest> digest = repository.resolve(reference);
  if (!digest) return fail(digest.error());
  Result<Fd> fd = repository.open_unchecked(*digest);
  if (!fd) return fail(fd.error());
  const System& system = repository.environment().system;
  const Result<FileStat> stat = system.files.stat(fd->get());
  if (!stat) return fail(stat.error());
  if (is_vouched(repository, fd->get(), *stat, *digest, trust)) {
    return OpenBlob{*std::move(fd), *digest, stat->size, CheckedBy::verity};
  }
  const Result<FileDigest> read = digest_of_file(system.files, fd->get(), stat->size,
                                                 Algorithm::sha256, ReadVia::cache, progress);
  if (!read) return fail(read.error());
  if (read->digest != *digest) return fail(EBADMSG, Op::verify, digest->text());
  return OpenBlob{*std::move(fd), *digest, read->size, CheckedBy::digest};
}

}  // namespace libcopyfile::store
