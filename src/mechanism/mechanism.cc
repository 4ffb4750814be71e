#include "mechanism/mechanism.h"

namespace libcopyfile {

Catalogue::Catalogue() {
  for (auto make : {make_reflink, make_copy_range, make_buffered, make_direct, make_zero,
                    make_disk_extended_copy, make_disk_token, make_disk_nvme_copy}) {
    std::unique_ptr<Mechanism> m = make();
    const size_t index = index_of(m->id());
    all_[index] = std::move(m);
  }
}

PerMechanism<Verdict> Catalogue::verdicts(const Facts& facts) const {
  PerMechanism<Verdict> result;
  for (size_t i = 0; i < kMechanismCount; ++i) {
    result[i] = facts.learned[i].can == Can::no ? facts.learned[i] : all_[i]->can(facts);
  }
  return result;
}

Moved stopped(std::span<const ErrnoRow> table, const Error& error, uint64_t bytes) {
  Moved m{bytes, Stop::failed, error, Scope::file, 0};
  for (const ErrnoRow& row : table) {
    if (row.code != error.code) continue;
    m.stop = row.stop;
    m.scope = row.scope;
    m.error.where = row.reason;
    break;
  }
  return m;
}

}  // namespace libcopyfile
