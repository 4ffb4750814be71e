#include "publish/batch.h"

#include <map>
#include <utility>

#include "sys/transfer.h"

namespace libcopyfile {
namespace {

// A file of this size keeps the storage busy while the next ones are copied; small ones are better written together.
constexpr uint64_t kWorthStarting = uint64_t{1} << 20;

}  // namespace

void Batch::add(PendingFile file, bool sync_reports_errors) {
  // What somebody else's syncfs(2) was told before a descriptor was opened, that one is not told.
  sync_reports_errors_ = sync_reports_errors_ && sync_reports_errors && !file.is_reopened();
  Member member{std::move(file), 0, 0, SyncedBy::nothing, {}, {}};
  if (options_.durability != Durability::none) {
    if (const Result<FileStat> now = files_.stat(member.file.fd())) {
      member.device = now->device;
      member.size = now->size;
    }
    if (member.size >= kWorthStarting) {
      (void)files_.start_writeback(member.file.fd(), {0, member.size});
    }
  }
  pending_.push_back(std::move(member));
}

std::vector<BatchResult> Batch::commit() {
  if (options_.durability != Durability::none) make_stable();
  for (Member& m : pending_) {
    if (m.error) continue;
    if (const Done ok = m.file.give_name(); !ok) m.error = ok.error();
  }
  if (options_.durability == Durability::durable) sync_directories();
  std::vector<BatchResult> results;
  results.reserve(pending_.size());
  for (Member& m : pending_) results.push_back(result_of(m, options_.durability));
  drop();
  return results;
}

void Batch::drop() {
  pending_.clear();
  sync_reports_errors_ = true;
}

void Batch::make_stable() {
  const bool whole = sync_reports_errors_ &&
                     (options_.policy == SyncPolicy::file_system ||
                      (options_.policy == SyncPolicy::automatic && pending_.size() >= kManyFiles));
  if (!whole || !sync_file_systems()) sync_files();
}

// False if one of them failed, for whichever file: then each of ours is asked on its own.
bool Batch::sync_file_systems() {
  // A descriptor reports what failed since it was opened: the first of each file system is older than all that the batch
  // has written there.
  std::map<uint64_t, int> first_of;
  for (const Member& m : pending_) first_of.try_emplace(m.device, m.file.fd());
  for (const auto& [device, fd] : first_of) {
    const Done ok = retry_interrupted([&, fd = fd] { return files_.sync_file_system(fd); });
    if (!ok) return false;
  }
  for (Member& m : pending_) m.synced_by = SyncedBy::file_system;
  return true;
}

// Everything under way before the first wait: the first fsync then commits the journal for all of them, and the others find
// little left to do.
void Batch::sync_files() {
  for (const Member& m : pending_) (void)files_.start_writeback(m.file.fd(), {0, m.size});
  for (Member& m : pending_) {
    // Lost data is told once for each descriptor (errseq): what this says, the fsync would not say again.
    const Done ok = retry_interrupted([&] {
      return files_.wait_writeback(m.file.fd(), {0, m.size});
    });
    if (!ok && !is_not_supported(ok.error().code)) m.error = ok.error();
  }
  for (Member& m : pending_) {
    m.synced_by = SyncedBy::file;
    if (m.error) continue;
    if (const Done ok = m.file.make_stable(); !ok) m.error = ok.error();
  }
}

void Batch::sync_directories() {
  using Identity = std::pair<uint64_t, uint64_t>;
  std::map<int, Identity> known;
  std::map<Identity, std::optional<Error>> synced;
  for (Member& m : pending_) {
    if (m.error) continue;
    const int dir = m.file.directory();
    auto it = known.find(dir);
    if (it == known.end()) {
      const Result<FileStat> stat = files_.stat(dir);
      // Without an identity it is a directory of its own: one sync too many.
      const Identity identity = stat ? Identity{stat->device, stat->inode}
                                     : Identity{UINT64_MAX, static_cast<uint64_t>(dir)};
      it = known.emplace(dir, identity).first;
    }
    auto [entry, first] = synced.try_emplace(it->second);
    if (first) {
      if (const Done ok = m.file.sync_directory(); !ok) entry->second = ok.error();
    }
    m.late = entry->second;
  }
}

BatchResult Batch::result_of(Member& m, Durability durability) {
  if (m.error) return {fail(*std::move(m.error)), m.synced_by};
  Published published{durability, std::move(m.late)};
  if (published.late) published.reached = Durability::ordered;
  return {std::move(published), m.synced_by};
}

}  // namespace libcopyfile
