// Not built yet: says so.
#include "store/add.h"
#include "store/export.h"
#include "store/gc.h"
#include "store/get.h"
#include "store/repair.h"
#include "store/usage.h"
#include "store/verify.h"

namespace libcopyfile::store {
namespace {

tl::unexpected<Error> none() { return fail(ENOSYS, Op::none); }

}  // namespace

Result<RepairReport> repair_index(Repository&) { return none(); }
Result<RepairReport> repair(Repository&, int, const std::string&, const RepairOptions&,
                            const RepairTold&) {
  return none();
}
Done rebuild_index(Repository&, bool) { return none(); }
Result<ExportReport> export_tree(Repository&, int, const std::string&, const ExportOptions&) {
  return none();
}
Result<ExportReport> export_tar(Repository&, int, const ExportOptions&) { return none(); }
Done export_sums(Repository&, const std::string&, const std::function<bool(std::string_view)>&) {
  return none();
}

}  // namespace libcopyfile::store
