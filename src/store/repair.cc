#include "store/repair.h"

#include <map>
#include <set>

#include "store/tree_walk.h"

namespace libcopyfile::store {
namespace {

using Bytes = std::array<uint8_t, Digest::kMaxSize>;

class Repair {
 public:
  Repair(Repository& repository, const RepairOptions& options, const RepairTold& told,
         RepairReport& report)
      : repository_(repository),
        environment_(repository.environment()),
        options_(options),
        told_(told),
        report_(report) {}

  Done look_for_missing() {
    const Result<Index*> index = repository_.index();
    if (!index) return fail(index.error());
    const auto expect = [&](const Digest& digest, std::optional<uint64_t> size) {
      const Result<bool> there = repository_.has(digest);
      if (there && !*there) missing_.try_emplace(digest.bytes, digest);
      if (there && !*there && size) sizes_.insert(*size);
      any_size_ = any_size_ || (there && !*there && !size);
      return true;
    };
    const Done blobs = (*index)->for_each_blob([&](const BlobRecord& blob) {
      known_.insert(blob.digest.bytes);
      return expect(blob.digest, blob.size);
    });
    if (!blobs) return blobs;
    const Done names = (*index)->for_each_name({}, [&](const NameRecord& name) {
      return known_.contains(name.digest.bytes) || expect(name.digest, {});
    });
    report_.wanted = missing_.size();
    return names;
  }

  Done take_from(int from, const std::string& path) {
    Result<Repository> other = Repository::open(environment_, from, ".", Use::read);
    if (other) {
      if (Done ok = take_from_repository(*other, path); !ok) return ok;
      return report_.index_rebuilt || options_.names ? take_names(*other) : Done();
    }
    return take_from_tree(from, path);
  }

  void tell_rest() const {
    for (const auto& [bytes, digest] : missing_) {
      if (told_) told_(digest, RepairEvent::still_missing, {});
    }
  }

 private:
  // Names that were lost, for what is here or can be had.
  Done take_names(Repository& other) {
    const Result<Index*> theirs = other.index();
    const Result<Index*> ours = repository_.index();
    // Without names in it, it may have the bytes all the same.
    if (!theirs) return {};
    if (!ours) return fail(ours.error());
    std::vector<NameRecord> names;
    const Done read = (*theirs)->for_each_name({}, [&](const NameRecord& name) {
      const auto known = (*ours)->find(name.name);
      const Result<bool> there = repository_.has(name.digest);
      if (known && !*known && there && *there) names.push_back(name);
      return true;
    });
    if (!read || names.empty()) return {};
    const auto added = (*ours)->add({{}, names, false});
    if (!added) return fail(added.error());
    report_.names_found = names.size() - added->size();
    return {};
  }

  Done take_from_repository(Repository& other, const std::string& path) {
    const auto all = missing_;
    for (const auto& [bytes, digest] : all) {
      const Result<Fd> fd = other.open_unchecked(digest);
      if (!fd) continue;
      AddSource source;
      source.fd = fd->get();
      source.path = path + "/" + blob_path(digest);
      if (Done ok = add_missing(source, digest); !ok) return ok;
    }
    return {};
  }

  Done take_from_tree(int from, const std::string& path) {
    TreeSource tree;
    tree.dir = from;
    tree.path = path;
    TreeWalk walk(environment_.system, tree);
    if (Done ok = walk.begin(); !ok) return fail(ok.error().code, ok.error().op, path);
    while (!missing_.empty()) {
      const std::optional<AddSource> found = walk.next();
      if (!found) break;
      if (Done ok = try_file(*found); !ok) return ok;
    }
    return {};
  }

  // What can't be read is no candidate; what changes before it is added is not added.
  Done try_file(const AddSource& found) {
    const System& system = environment_.system;
    const Result<Fd> fd = system.names.open(found.dir, found.path, Open::look);
    if (!fd) return {};
    const Result<FileStat> stat = system.files.stat(fd->get());
    if (!stat || stat->type != FileType::regular) return {};
    if (!any_size_ && !sizes_.contains(stat->size)) return {};
    const Result<FileDigest> digest =
        digest_of_file(system.files, fd->get(), stat->size, Algorithm::sha256, ReadVia::cache,
                       [&](uint64_t bytes) { return progress(bytes); });
    if (!digest && digest.error().code == ECANCELED) return fail(digest.error());
    if (!digest || !missing_.contains(digest->digest.bytes)) return {};
    AddSource source;
    source.fd = fd->get();
    source.path = found.shown;
    return add_missing(source, digest->digest);
  }

  Done add_missing(AddSource& source, const Digest& digest) {
    source.expected = digest;
    source.keep_unnamed = false;
    AddOptions options;
    options.workers = 1;
    options.control.rate = options_.control.rate;
    const Result<Added> added = add_one(repository_, source, options);
    if (!added) {
      const int code = added.error().code;
      const bool of_source = code == EBADMSG || code == EIO || code == ESTALE;
      return of_source ? Done() : Done(fail(added.error()));
    }
    ++report_.healed;
    report_.bytes += added->size;
    missing_.erase(digest.bytes);
    if (told_) told_(digest, RepairEvent::healed, source.path);
    return progress(added->size) ? Done() : Done(fail(ECANCELED, Op::progress));
  }

  bool progress(uint64_t bytes) {
    progress_.copied += bytes;
    return !options_.control.progress || options_.control.progress(progress_);
  }

  Repository& repository_;
  const Environment& environment_;
  const RepairOptions& options_;
  const RepairTold& told_;
  RepairReport& report_;
  std::map<Bytes, Digest> missing_;
  std::set<Bytes> known_;
  std::set<uint64_t> sizes_;
  bool any_size_ = false;
  Progress progress_;
};

}  // namespace

Result<RepairReport> repair(Repository& repository, int from, const std::string& from_path,
                            const RepairOptions& options, const RepairTold& told) {
  Result<RepairReport> report = repair_index(repository);
  if (!report) return report;
  Repair repair(repository, options, told, *report);
  if (Done ok = repair.look_for_missing(); !ok) return fail(ok.error());
  if (from >= 0) {
    if (Done ok = repair.take_from(from, from_path); !ok) return fail(ok.error());
  }
  repair.tell_rest();
  return report;
}

}  // namespace libcopyfile::store
