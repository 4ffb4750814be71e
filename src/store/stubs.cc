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

std::optional<std::string_view> why_no_name(std::string_view) { return {}; }
Done check_name(std::string_view) { return none(); }
Result<Reference> parse_reference(std::string_view) { return none(); }
std::string blob_path(const Digest& digest) { return digest.hex(); }
std::optional<Digest> digest_of_path(std::string_view) { return {}; }
uint32_t Format::directory_mode() const { return 0755; }
uint32_t Format::blob_mode() const { return 0444; }
uint32_t Format::index_mode() const { return 0644; }
std::string_view name_of(Members) { return ""; }
std::string format_text(const Format&) { return ""; }
Result<Format> parse_format(std::string_view) { return none(); }

class Index::State {};
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;
class Repository::Parts {};
Done Repository::create(const Environment&, int, const std::string&, const Format&) {
  return none();
}
Result<Repository> Repository::open(const Environment&, int, const std::string&, Use) {
  return none();
}
Result<Repository> Repository::open_damaged(const Environment&, int, const std::string&) {
  return none();
}
Repository::Repository(Repository&&) noexcept = default;
Repository::~Repository() = default;
Result<Index*> Repository::index() { return none(); }
Result<Digest> Repository::resolve(const Reference&) { return none(); }
Result<BlobStat> Repository::stat(const Digest&) { return none(); }
Result<bool> Repository::has(const Digest&) { return none(); }
Result<Fd> Repository::open_unchecked(const Digest&) { return none(); }
Done Repository::for_each_blob(const BlobFound&) { return none(); }
Done Repository::give_name(const std::string&, const Digest&, bool) { return none(); }
Done Repository::remove_name(const std::string&) { return none(); }
Done Repository::keep(const Digest&, bool) { return none(); }
Result<AddTotals> add(Repository&, const NextSource&, const AddOptions&, const AddEnded&) {
  return none();
}
Result<Added> add_one(Repository&, const AddSource&, const AddOptions&) { return none(); }
Result<AddTotals> add_tree(Repository&, const TreeSource&, const AddOptions&, const AddEnded&) {
  return none();
}
Result<Got> get(Repository&, const Reference&, int, const std::string&, const GetOptions&) {
  return none();
}
Result<OpenBlob> open_checked(Repository&, const Reference&, const DigestProgress&) {
  return none();
}
std::string_view name_of(Fault) { return ""; }
Result<VerifyReport> verify(Repository&, const VerifyOptions&,
                            const std::function<void(const Finding&)>&) {
  return none();
}
Done verify_blob(Repository&, const Digest&, bool, const DigestProgress&) { return none(); }
Result<RepairReport> repair_index(Repository&) { return none(); }
Result<RepairReport> repair(Repository&, int, const std::string&, const RepairOptions&,
                            const RepairTold&) {
  return none();
}
Done rebuild_index(Repository&, bool) { return none(); }
Result<GcReport> collect(Repository&, const GcOptions&) { return none(); }
Result<Usage> usage(Repository&, bool) { return none(); }
Result<ExportReport> export_tree(Repository&, int, const std::string&, const ExportOptions&) {
  return none();
}
Result<ExportReport> export_tar(Repository&, int, const ExportOptions&) { return none(); }
Done export_sums(Repository&, const std::string&, const std::function<bool(std::string_view)>&) {
  return none();
}

}  // namespace libcopyfile::store
