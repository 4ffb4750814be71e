#include "store/tree_walk.h"

namespace libcopyfile::store {

Result<AddTotals> add_tree(Repository& repository, const TreeSource& source,
                           const AddOptions& options, const AddEnded& ended) {
  if (!source.prefix.empty()) {
    if (Done ok = check_name(source.prefix); !ok) return fail(ok.error());
  }
  TreeWalk walk(repository.environment().system, source);
  if (Done ok = walk.begin(); !ok) {
    return fail(ok.error().code, ok.error().op, source.path);
  }
  return add(
      repository, [&] { return walk.next(); }, options, ended);
}

}  // namespace libcopyfile::store
