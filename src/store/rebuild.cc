// The index, put right or made anew.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "publish/name_durability.h"
#include "store/checked_vfs.h"
#include "store/layout.h"
#include "store/repair.h"
#include "sys/lock_file.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile::store {
namespace {

constexpr const char* kNewIndex = "index.sqlite.new";
constexpr size_t kPiece = 10000;

// Nobody adds, collects or writes to the index meanwhile.
struct Alone {
  HeldLock content, index;
  static Result<Alone> take(Repository& repository) {
    Result<HeldLock> content = HeldLock::take(repository.content_lock(), LockMode::exclusive);
    if (!content) return fail(content.error());
    Result<HeldLock> index = HeldLock::take(repository.index_lock(), LockMode::exclusive);
    if (!index) return fail(index.error());
    return Alone{*std::move(content), *std::move(index)};
  }
};

bool is_good(Repository& repository) {
  repository.close_index();
  const Result<Index*> index = repository.index();
  if (!index) return false;
  const Result<std::vector<uint64_t>> wrong = (*index)->check();
  return wrong && wrong->empty();
}

// SQLite would read no file whose first page is wrong: pages are corrected below it.
Result<uint64_t> correct_pages(Repository& repository) {
  repository.close_index();
  const Result<Alone> alone = Alone::take(repository);
  if (!alone) return fail(alone.error());
  const System& system = repository.environment().system;
  const Result<Fd> fd = system.names.open(repository.root(), kIndexName, Open::look_and_lock);
  if (!fd) return fail(fd.error());
  const Result<FileStat> stat = system.files.stat(fd->get());
  if (!stat) return fail(stat.error());
  if (stat->type != FileType::regular) return uint64_t{0};
  alignas(8) std::array<std::byte, kPageSize> data;
  uint64_t corrected = 0;
  for (uint64_t page = 0;; ++page) {
    const uint64_t at = page * kPageSize;
    const Result<size_t> n = read_full(system.files, fd->get(), data, at);
    // What can't be read is for the new index to do without.
    if (!n && n.error().code != EIO) return fail(n.error());
    if (!n) continue;
    if (*n < data.size()) break;
    if (is_good_page(page, data) || !correct_page(page, data)) continue;
    size_t written = 0;
    if (Done ok = write_all(system.files, fd->get(), data, at, &written); !ok) {
      return fail(ok.error());
    }
    ++corrected;
  }
  if (corrected > 0) {
    const Done ok = retry_interrupted([&] { return system.files.sync(fd->get(), Sync::all); });
    if (!ok) return fail(ok.error());
  }
  return corrected;
}

struct Contents {
  std::vector<BlobRecord> blobs;
  std::map<std::string, NameRecord> names;
};

Result<Contents> contents_for(Repository& repository, bool salvage) {
  Contents contents;
  if (salvage) {
    if (const Result<Index*> index = repository.index()) {
      (*index)->salvage_names(
          [&](const NameRecord& name) { contents.names.insert_or_assign(name.name, name); });
    }
  }
  std::set<std::array<uint8_t, Digest::kMaxSize>> named;
  for (const auto& [name, record] : contents.names) named.insert(record.digest.bytes);
  const System& system = repository.environment().system;
  const auto now = static_cast<int64_t>(current_time());
  const Done listed = repository.for_each_blob([&](const Digest& digest) {
    const Result<FileStat> stat = system.names.stat(repository.blobs(), blob_path(digest), false);
    if (!stat || stat->type != FileType::regular) return true;
    contents.blobs.push_back({digest, stat->size, now, !named.contains(digest.bytes), {}});
    return true;
  });
  if (!listed) return fail(listed.error());
  return contents;
}

Done fill(Index& index, const Contents& contents) {
  const std::span<const BlobRecord> blobs(contents.blobs);
  for (size_t at = 0; at < blobs.size(); at += kPiece) {
    const auto piece = blobs.subspan(at, std::min(kPiece, blobs.size() - at));
    if (const auto ok = index.add({piece, {}, false}); !ok) return fail(ok.error());
  }
  std::vector<NameRecord> names;
  names.reserve(contents.names.size());
  for (const auto& [name, record] : contents.names) names.push_back(record);
  const std::span<const NameRecord> all(names);
  for (size_t at = 0; at < all.size(); at += kPiece) {
    const auto piece = all.subspan(at, std::min(kPiece, all.size() - at));
    if (const auto ok = index.add({{}, piece, false}); !ok) return fail(ok.error());
  }
  return {};
}

}  // namespace

// Aside, and renamed when it is complete: a crash leaves the old one.
Done rebuild_index(Repository& repository, bool salvage) {
  const System& system = repository.environment().system;
  const int root = repository.root();
  const Result<HeldLock> lock = HeldLock::take(repository.content_lock(), LockMode::exclusive);
  if (!lock) return fail(lock.error());
  const Result<Contents> contents = contents_for(repository, salvage);
  repository.close_index();
  if (!contents) return fail(contents.error());
  if (Done ok = make_index_file(system, root, repository.format(), kNewIndex); !ok) return ok;
  {
    const Result<std::string> where = index_path(system, root, kNewIndex);
    if (!where) return fail(where.error());
    Result<Index> index = Index::create(*where, repository.index_lock());
    if (!index) return fail(index.error());
    if (Done ok = fill(*index, *contents); !ok) return ok;
  }
  const Result<HeldLock> writers = HeldLock::take(repository.index_lock(), LockMode::exclusive);
  if (!writers) return fail(writers.error());
  // A journal belongs to the index that it was begun for: with another one it would be its ruin.
  for (const char* const name : {kIndexName, kNewIndex}) {
    const Done gone = system.names.unlink(root, std::string(name) + "-journal");
    if (!gone && gone.error().code != ENOENT) return gone;
  }
  if (Done ok = sync_names(system.files, system.names, root, kIndexName); !ok) return ok;
  if (Done ok = system.names.rename(root, kNewIndex, kIndexName, Rename::replace); !ok) return ok;
  return sync_names(system.files, system.names, root, kIndexName);
}

Result<RepairReport> repair_index(Repository& repository) {
  if (repository.use() != Use::write) return fail(EROFS, Op::write, repository.path());
  RepairReport report;
  if (is_good(repository)) return report;
  const Result<uint64_t> corrected = correct_pages(repository);
  if (!corrected && corrected.error().code != ENOENT) return fail(corrected.error());
  if (corrected) report.pages = *corrected;
  if (is_good(repository)) return report;
  if (Done ok = rebuild_index(repository, true); !ok) return fail(ok.error());
  report.index_rebuilt = true;
  return report;
}

}  // namespace libcopyfile::store
