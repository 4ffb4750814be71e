#include "engine/file_batch.h"

#include <utility>

#include "facts/read_facts.h"

namespace libcopyfile {
namespace {

bool is_out_of_descriptors(const Error& e) { return e.code == EMFILE || e.code == ENFILE; }

}  // namespace

void FileBatch::add(FileJob job) {
  job.durability = options_.durability;
  Member member{std::move(job), {}, {}, {}};
  Result<ReadyFile> ready = prepare(member);
  if (!ready) {
    ended_(member.job, member.report, fail(ready.error()));
    return;
  }
  keep(std::move(member), std::move(*ready));
}

void FileBatch::add_ready(FileJob job, FileReport report, ReadyFile ready) {
  job.durability = options_.durability;
  keep({std::move(job), std::move(report), {}, {}}, std::move(ready));
}

void FileBatch::keep(Member member, ReadyFile ready) {
  member.directory = std::move(ready.directory);
  member.late = std::move(ready.late);
  bytes_ += member.report.size;
  batch_.add(std::move(ready.pending), sync_reports_errors(member.report.facts));
  members_.push_back(std::move(member));
  if (members_.size() >= options_.most_files || bytes_ >= options_.most_bytes) commit();
}

Result<ReadyFile> FileBatch::prepare(Member& member) {
  Result<ReadyFile> ready = prepare_file(system_, catalogue_, learned_, member.job, member.report);
  if (ready || !is_out_of_descriptors(ready.error()) || members_.empty()) return ready;
  commit();
  member.report = {};
  return prepare_file(system_, catalogue_, learned_, member.job, member.report);
}

void FileBatch::commit() {
  if (batch_.empty()) return;
  const std::vector<BatchResult> results = batch_.commit();
  std::deque<Member> members = std::exchange(members_, {});
  bytes_ = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    Member& m = members[i];
    const Done done = note_published(system_, m.job, results[i].published, results[i].synced_by,
                                     m.late, m.report);
    ended_(m.job, m.report, done);
  }
}

size_t FileBatch::drop() {
  batch_.drop();
  bytes_ = 0;
  return std::exchange(members_, {}).size();
}

}  // namespace libcopyfile
