#include "api/convert.h"

#include <algorithm>
#include <cstring>

#include "metadata/metadata.h"
#include "sys/system_info.h"

namespace libcopyfile {
namespace {

static_assert(static_cast<uint32_t>(Durability::ordered) == COPYFILE_ORDERED);
static_assert(static_cast<uint32_t>(Durability::none) == COPYFILE_NONE);
static_assert(static_cast<uint32_t>(Durability::durable) == COPYFILE_DURABLE);
static_assert(static_cast<uint32_t>(Algorithm::sha256) == COPYFILE_DIGEST_SHA256);
static_assert(static_cast<uint32_t>(Algorithm::xxh3_128) == COPYFILE_DIGEST_XXH3_128);
static_assert(static_cast<uint32_t>(Medium::direct) == COPYFILE_VERIFIED_DIRECT);
static_assert(static_cast<uint32_t>(Medium::dropped) == COPYFILE_VERIFIED_DROPPED);
static_assert(static_cast<uint32_t>(Medium::cache) == COPYFILE_VERIFIED_CACHE);
static_assert(Digest::kMaxSize == sizeof copyfile_how{}.expected &&
              Digest::kMaxSize == sizeof copyfile_report{}.digest_value);
static_assert(metadata::kMode == COPYFILE_MODE && metadata::kOwner == COPYFILE_OWNER &&
              metadata::kTimes == COPYFILE_TIMES && metadata::kAcl == COPYFILE_ACL &&
              metadata::kXattr == COPYFILE_XATTR &&
              metadata::kCapabilities == COPYFILE_CAPABILITIES &&
              metadata::kLabel == COPYFILE_LABEL && metadata::kInodeFlags == COPYFILE_INODE_FLAGS &&
              metadata::kProject == COPYFILE_PROJECT && metadata::kVerity == COPYFILE_VERITY);
static_assert(index_of(MechanismId::reflink) == COPYFILE_BY_REFLINK);
static_assert(index_of(MechanismId::copy_range) == COPYFILE_BY_COPY_RANGE);
static_assert(index_of(MechanismId::buffered) == COPYFILE_BY_BUFFERED);
static_assert(index_of(MechanismId::direct) == COPYFILE_BY_DIRECT);
static_assert(index_of(MechanismId::zero) == COPYFILE_BY_ZERO);
static_assert(index_of(MechanismId::scsi_extended_copy) == COPYFILE_BY_SCSI_EXTENDED_COPY);
static_assert(index_of(MechanismId::scsi_token) == COPYFILE_BY_SCSI_TOKEN);
static_assert(index_of(MechanismId::nvme_copy) == COPYFILE_BY_NVME_COPY);
// A size that was once published never shrinks; a larger one needs the rules of openat2(2), which file_job() follows.
static_assert(sizeof(copyfile_how) == 144 && sizeof(copyfile_report) == 232);

bool is_set(std::span<const uint8_t> bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b != 0; });
}

tl::unexpected<Error> refused(int code) { return fail(code, Op::validate); }

// The structure of a caller who was compiled against another version.
Result<copyfile_how> copy_in(const copyfile_how* how, size_t size) {
  copyfile_how known{};
  if (how == nullptr) return known;
  const auto* bytes = reinterpret_cast<const unsigned char*>(how);
  if (size < offsetof(copyfile_how, required)) return refused(EINVAL);
  const bool unknown = std::any_of(bytes + std::min(size, sizeof known), bytes + size,
                                   [](unsigned char b) { return b != 0; });
  if (unknown) return refused(E2BIG);
  std::memcpy(&known, how, std::min(size, sizeof known));
  return known;
}

Done check_values(const copyfile_how& how) {
  if (how.replace > COPYFILE_REPLACE_FRESH || how.durability > COPYFILE_DURABLE ||
      how.digest > COPYFILE_DIGEST_XXH3_128 || how.verify > COPYFILE_VERIFY_MEDIUM) {
    return refused(EINVAL);
  }
  if (((how.required | how.wanted) & ~metadata::kAll) != 0) return refused(EINVAL);
  // Bytes behind the digest mean that another one was meant.
  if (is_set(std::span(how.expected).subspan(digest_size(static_cast<Algorithm>(how.digest))))) {
    return refused(EINVAL);
  }
  return {};
}

CheckOptions check_options(const copyfile_how& how) {
  CheckOptions options;
  options.digest = static_cast<Algorithm>(how.digest);
  options.verify = how.verify == COPYFILE_VERIFY_MEDIUM;
  if (is_set(how.expected)) {
    options.expected.emplace();
    options.expected->algorithm = options.digest;
    std::copy(std::begin(how.expected), std::end(how.expected), options.expected->bytes.begin());
  }
  return options;
}

}  // namespace

Result<DataOptions> data_options(uint64_t flags, uint64_t known) {
  const auto has = [flags](uint64_t flag) { return (flags & flag) != 0; };
  if ((flags & ~known) != 0) return refused(EINVAL);
  if (has(COPYFILE_NO_SHARE) && has(COPYFILE_REQUIRE_SHARE)) return refused(EINVAL);
  if (has(COPYFILE_SPARSE_NEVER) && has(COPYFILE_SPARSE_ALWAYS)) return refused(EINVAL);
  if (has(COPYFILE_NO_CACHE) && has(COPYFILE_CACHE_KEEP)) return refused(EINVAL);
  // A clone has the holes of its source, no others.
  if (has(COPYFILE_REQUIRE_SHARE) && (has(COPYFILE_SPARSE_NEVER) || has(COPYFILE_SPARSE_ALWAYS))) {
    return refused(EINVAL);
  }
  DataOptions options;
  if (has(COPYFILE_NO_SHARE)) options.sharing = Sharing::never;
  if (has(COPYFILE_REQUIRE_SHARE)) options.sharing = Sharing::always;
  if (has(COPYFILE_REQUIRE_OFFLOAD)) options.offload = Offload::always;
  if (has(COPYFILE_SPARSE_NEVER)) options.sparse = Sparse::never;
  if (has(COPYFILE_SPARSE_ALWAYS)) options.sparse = Sparse::always;
  if (has(COPYFILE_NO_CACHE)) options.cache = CachePolicy::bypass;
  if (has(COPYFILE_CACHE_KEEP)) options.cache = CachePolicy::keep;
  options.exact = has(COPYFILE_EXACT);
  return options;
}

Result<FileJob> file_job(const copyfile_how* how, size_t size) {
  const Result<copyfile_how> known = copy_in(how, size);
  if (!known) return fail(known.error());
  if (Done ok = check_values(*known); !ok) return fail(ok.error());
  const Result<DataOptions> options = data_options(known->flags, kFileFlags);
  if (!options) return fail(options.error());
  FileJob job;
  job.data = *options;
  job.check = check_options(*known);
  job.allow_change = (known->flags & COPYFILE_ALLOW_CHANGE) != 0;
  job.follow_in = (known->flags & COPYFILE_NOFOLLOW) == 0;
  job.follow_out = (known->flags & COPYFILE_FOLLOW_OUT) != 0;
  job.replace = known->replace == COPYFILE_REPLACE_NEVER ? Replace::never : Replace::file;
  job.keep_replaced = known->replace == COPYFILE_REPLACE_FILE;
  job.durability = static_cast<Durability>(known->durability);
  job.required = known->required;
  job.wanted = how == nullptr ? metadata::kAll : known->wanted;
  if (((job.required | job.wanted) & metadata::kMode) == 0) job.creation_mask = creation_mask();
  job.control.rate = known->rate;
  if (known->progress != nullptr) {
    job.control.progress = [call = known->progress,
                            data = known->progress_data](const Progress& p) {
      const copyfile_progress now{p.copied, p.total, p.moved, p.to_move};
      return call(&now, data) == 0;
    };
  }
  return job;
}

void tell_losses(const FileReport& from, const copyfile_how* how, size_t size) {
  const Result<copyfile_how> known = copy_in(how, size);
  if (!known || known->lost == nullptr) return;
  for (const Loss& loss : from.losses) {
    const copyfile_loss lost{loss.metadata_class, loss.attribute.c_str(), loss.error};
    known->lost(&lost, known->lost_data);
  }
}

void fill_report(const FileReport& from, copyfile_report* report, size_t size) {
  copyfile_report full{};
  full.size = from.size;
  for (size_t i = 0; i < kMechanismCount; ++i) {
    full.bytes_by[i] = from.data.bytes_by[i];
    if (from.data.bytes_by[i] > 0) full.mechanisms_used |= 1U << i;
  }
  full.not_preserved = from.not_preserved;
  full.published = from.published ? 1 : 0;
  full.durability = static_cast<uint32_t>(from.reached);
  if (from.checked.digest) {
    full.digest = static_cast<uint32_t>(from.checked.digest->algorithm);
    const auto& bytes = from.checked.digest->bytes;
    std::copy(bytes.begin(), bytes.end(), full.digest_value);
  }
  full.verified = static_cast<uint32_t>(from.checked.medium);
  full.retries = from.retries;
  std::memcpy(report, &full, std::min(size, sizeof full));
}

}  // namespace libcopyfile
