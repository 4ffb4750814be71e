// Private copies that are published together: made stable by one sync, each given its name, all of them told to the index in
// one transaction.
#pragma once

#include <set>
#include <vector>

#include "store/freeze.h"

namespace libcopyfile::store {

struct Member {
  AddSource source;
  Result<Frozen> frozen;
  std::string pending_name;
};

class AddBatch {
 public:
  // `directory`: of the private copies, opened before the first was written.
  AddBatch(Repository& repository, const AddOptions& options, int directory)
      : repository_(repository),
        system_(repository.environment().system),
        options_(options),
        directory_(directory) {}

  // Publishes all of them; each is told to `ended`. An error: nothing can be added any more.
  Done commit(std::vector<Member> members, const AddEnded& ended);
  SyncedBy synced_by() const { return synced_by_; }

 private:
  Done make_stable(std::vector<Member>& members);
  void sync_each(std::vector<Member>& members);
  Done sync_one(Member& member);
  Done publish(Member& member);
  Done publish_over(Member& member, const std::string& path);
  Result<std::vector<size_t>> record(const std::vector<Member>& members,
                                     std::vector<size_t>& named);

  Repository& repository_;
  const System& system_;
  const AddOptions& options_;
  int directory_;
  SyncedBy synced_by_ = SyncedBy::nothing;
  std::set<std::string> published_;  // by this batch
};

}  // namespace libcopyfile::store
