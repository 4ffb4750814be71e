#include "store/add_batch.h"

#include <algorithm>

#include "facts/read_facts.h"
#include "publish/name_durability.h"
#include "publish/private_name.h"
#include "sys/lock_file.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile::store {
namespace {

bool must_sync(const Member& member) { return member.frozen && !member.frozen->there; }

void set_error(Member& member, const Error& error) {
  Error e = error;
  e.where = shown_name(member.source);
  member.frozen = fail(std::move(e));
}

}  // namespace

Done AddBatch::commit(std::vector<Member> members, const AddEnded& ended) {
  published_.clear();
  const auto all_failed = [&](const Error& error) {
    for (Member& m : members) {
      if (m.frozen) set_error(m, error);
      ended(m.source, fail(m.frozen.error()));
    }
    return fail(error);
  };
  if (Done ok = make_stable(members); !ok) return all_failed(ok.error());

  // From here to the end of the transaction nothing may be collected: neither what has no name yet, nor what was found.
  const Result<HeldLock> lock = HeldLock::take(repository_.content_lock(), LockMode::shared);
  if (!lock) return all_failed(lock.error());
  for (Member& m : members) {
    if (!m.frozen) continue;
    if (Done ok = publish(m); !ok) set_error(m, ok.error());
  }
  // Also for what was there: who has just published it may not have come to this yet.
  if (std::any_of(members.begin(), members.end(),
                  [](const Member& m) { return m.frozen.has_value(); })) {
    const Done ok = sync_names(system_.files, system_.names, repository_.blobs(), "blobs");
    if (!ok) return all_failed(ok.error());
  }
  std::vector<size_t> named;
  const Result<std::vector<size_t>> taken = record(members, named);
  if (!taken) return all_failed(taken.error());
  for (const size_t i : *taken) {
    Member& m = members[named[i]];
    m.frozen = fail(EEXIST, Op::link, m.source.name);
  }
  for (Member& m : members) {
    if (m.frozen) {
      ended(m.source, m.frozen->added);
    } else {
      ended(m.source, fail(m.frozen.error()));
    }
    if (!m.frozen || !m.frozen->file) (void)system_.names.unlink(directory_, m.pending_name);
  }
  return {};
}

// One sync of the file system where that reports errors and there are enough files for it, else one a file.
Done AddBatch::make_stable(std::vector<Member>& members) {
  size_t count = 0;
  bool reports_errors = true;
  for (const Member& m : members) {
    if (!must_sync(m)) continue;
    ++count;
    reports_errors = reports_errors && sync_reports_errors(m.frozen->facts);
  }
  if (count == 0) return {};
  if (count >= Batch::kManyFiles && reports_errors) {
    const Done ok = retry_interrupted([&] { return system_.files.sync_file_system(directory_); });
    if (ok) {
      synced_by_ = SyncedBy::file_system;
      return {};
    }
    // Somebody's data was lost: whose, each file tells.
  }
  sync_each(members);
  synced_by_ = SyncedBy::file;
  return {};
}

void AddBatch::sync_each(std::vector<Member>& members) {
  for (Member& m : members) {
    if (must_sync(m) && m.frozen->file) {
      (void)system_.files.start_writeback(m.frozen->file->fd(), {0, m.frozen->added.size});
    }
  }
  for (Member& m : members) {
    if (!must_sync(m)) continue;
    if (Done ok = sync_one(m); !ok) set_error(m, ok.error());
  }
}

// A descriptor that was opened after the data was lost is told of it, unless somebody else was before (errseq, Linux 4.13):
// nobody else knows the file.
Done AddBatch::sync_one(Member& m) {
  if (m.frozen->file) return m.frozen->file->make_stable();
  const Result<Fd> fd = system_.names.open(directory_, m.pending_name, Open::look);
  if (!fd) return fail(fd.error());
  return retry_interrupted([&] { return system_.files.sync(fd->get(), Sync::all); });
}

Done AddBatch::publish(Member& m) {
  Added& added = m.frozen->added;
  const std::string path = blob_path(added.digest);
  if (m.frozen->there) {
    const Result<bool> still = repository_.has(added.digest);
    if (still && *still) {
      added.was_there = true;
      return {};
    }
    // Collected since. What was not synced for it has to be now.
    if (Done ok = sync_one(m); !ok) return ok;
  }
  const Done linked =
      system_.names.link_name(directory_, m.pending_name, repository_.blobs(), path);
  if (linked) {
    published_.insert(path);
    return {};
  }
  if (linked.error().code != EEXIST) return linked;
  added.was_there = true;
  // Its bytes are not known to be good, ours are.
  return published_.contains(path) ? Done() : publish_over(m, path);
}

Done AddBatch::publish_over(Member& m, const std::string& path) {
  const std::string name = private_name();
  const int blobs = repository_.blobs();
  if (Done ok = system_.names.link_name(directory_, m.pending_name, blobs, name); !ok) return ok;
  if (Done ok = system_.names.rename(blobs, name, path, Rename::replace); !ok) {
    (void)system_.names.unlink(blobs, name);
    return ok;
  }
  published_.insert(path);
  return {};
}

// `named`: which members the names are of.
Result<std::vector<size_t>> AddBatch::record(const std::vector<Member>& members,
                                             std::vector<size_t>& named) {
  std::vector<BlobRecord> blobs;
  std::vector<NameRecord> names;
  const auto now = static_cast<int64_t>(current_time());
  for (size_t i = 0; i < members.size(); ++i) {
    const Member& m = members[i];
    if (!m.frozen) continue;
    const Added& added = m.frozen->added;
    blobs.push_back({added.digest, added.size, now, m.source.name.empty() && m.source.keep_unnamed,
                     m.frozen->seal});
    if (m.source.name.empty()) continue;
    names.push_back(
        {m.source.name, added.digest, added.size, m.frozen->mode, m.frozen->modified, now});
    named.push_back(i);
  }
  if (blobs.empty()) return std::vector<size_t>();
  const Result<Index*> index = repository_.index();
  if (!index) return fail(index.error());
  return (*index)->add({blobs, names, options_.replace_names});
}

}  // namespace libcopyfile::store
