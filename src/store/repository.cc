#include "store/repository.h"

#include <algorithm>
#include <array>

#include "publish/name_durability.h"
#include "store/layout.h"
#include "sys/lock_file.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile::store {

class Repository::Parts {
 public:
  Parts(const Environment& environment, std::string path, Use use)
      : environment_(environment), path_(std::move(path)), use_(use) {}

  Environment environment_;
  std::string path_;
  Use use_;
  Format format_;
  Layout layout_;
  std::optional<Index> index_;
};

Repository::Repository(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository::~Repository() = default;

const Environment& Repository::environment() const { return parts_->environment_; }
const Format& Repository::format() const { return parts_->format_; }
const std::string& Repository::path() const { return parts_->path_; }
Use Repository::use() const { return parts_->use_; }
int Repository::root() const { return parts_->layout_.root.get(); }
int Repository::blobs() const { return parts_->layout_.blobs.get(); }
int Repository::pending() const { return parts_->layout_.pending.get(); }
int Repository::quarantine() const { return parts_->layout_.quarantine.get(); }
int Repository::content_lock() const { return parts_->layout_.content_lock.get(); }
int Repository::index_lock() const { return parts_->layout_.index_lock.get(); }

Done Repository::create(const Environment& environment, int dir, const std::string& path,
                        const Format& format) {
  Done ok = make_layout(environment.system, dir, path, format);
  if (!ok && ok.error().where.empty()) ok.error().where = path;
  return ok;
}

Result<Repository> Repository::open(const Environment& environment, int dir,
                                    const std::string& path, Use use) {
  auto parts = std::make_unique<Parts>(environment, path, use);
  Result<Layout> layout = open_layout(environment.system, dir, path, use == Use::write);
  if (!layout) return fail(layout.error());
  parts->layout_ = std::move(*layout);
  const Result<Format> format = read_format(environment.system, parts->layout_.root.get());
  if (!format) return fail(format.error());
  parts->format_ = *format;
  return Repository(std::move(parts));
}

Result<Repository> Repository::open_damaged(const Environment& environment, int dir,
                                            const std::string& path) {
  if (Done ok = restore_layout(environment.system, dir, path); !ok) return fail(ok.error());
  return open(environment, dir, path, Use::write);
}

namespace {

// SQLite opens by path, and would wait for the other end of a pipe. (Who may write here and exchanges the file at the right
// moment can still have a reader wait.)
Done check_index_files(const System& system, int root) {
  const std::string name = kIndexName;
  for (const std::string& file : {name, name + "-journal"}) {
    const Result<FileStat> stat = system.names.stat(root, file, false);
    if (!stat && stat.error().code == ENOENT) continue;
    if (!stat) return fail(stat.error());
    if (stat->type != FileType::regular) return fail(EBADMSG, Op::open);
  }
  return {};
}

}  // namespace

Result<Index*> Repository::index() {
  if (!parts_->index_) {
    if (Done ok = check_index_files(parts_->environment_.system, root()); !ok) {
      return fail(ok.error().code, Op::open, path() + "/" + kIndexName);
    }
    const int writers = parts_->use_ == Use::write ? index_lock() : -1;
    const Result<std::string> where = index_path(parts_->environment_.system, root());
    if (!where) return fail(where.error());
    Result<Index> index = Index::open(*where, writers);
    if (!index) {
      // What is missing is damaged: ENOENT would read as if a name were not there.
      if (index.error().code == ENOENT) index.error().code = EBADMSG;
      index.error().where = path() + "/" + kIndexName;
      return fail(index.error());
    }
    parts_->index_.emplace(*std::move(index));
  }
  return &*parts_->index_;
}

void Repository::close_index() { parts_->index_.reset(); }

Result<Digest> Repository::resolve(const Reference& reference) {
  if (const auto* const digest = std::get_if<Digest>(&reference)) return *digest;
  const auto& name = std::get<std::string>(reference);
  const Result<Index*> index = this->index();
  if (!index) return fail(index.error());
  const auto found = (*index)->find(name);
  if (!found) return fail(found.error());
  if (!*found) return fail(ENOENT, Op::open, name);
  return (*found)->digest;
}

Result<BlobStat> Repository::stat(const Digest& digest) {
  const System& system = parts_->environment_.system;
  const Result<FileStat> file = system.names.stat(blobs(), blob_path(digest), false);
  if (!file) return fail(file.error());
  BlobStat stat;
  stat.digest = digest;
  stat.size = file->size;
  stat.stored = file->blocks * 512;
  stat.sealed = (file->attributes & kStatVerity) != 0;
  const Result<Index*> index = this->index();
  if (!index) return fail(index.error());
  const auto record = (*index)->find(digest);
  if (!record) return fail(record.error());
  stat.indexed = record->has_value();
  if (*record) stat.record = **record;
  Result<std::vector<NameRecord>> names = (*index)->names_of(digest);
  if (!names) return fail(names.error());
  stat.names = *std::move(names);
  return stat;
}

Result<bool> Repository::has(const Digest& digest) {
  const Result<FileStat> file =
      parts_->environment_.system.names.stat(blobs(), blob_path(digest), false);
  if (file) return file->type == FileType::regular;
  if (file.error().code == ENOENT) return false;
  return fail(file.error());
}

// Without waiting for the other end, should somebody have put a pipe there, and not through links.
Result<Fd> Repository::open_unchecked(const Digest& digest) {
  const System& system = parts_->environment_.system;
  Result<Fd> fd = system.names.open(blobs(), blob_path(digest), Open::look);
  if (!fd) return fail(fd.error());
  const Result<FileStat> stat = system.files.stat(fd->get());
  if (!stat) return fail(stat.error());
  if (stat->type != FileType::regular) return fail(EBADMSG, Op::open, blob_path(digest));
  return fd;
}

Done Repository::for_each_blob(const BlobFound& found) {
  Names& names = parts_->environment_.system.names;
  const Result<Fd> again = names.open(blobs(), ".", Open::directory);
  if (!again) return fail(again.error());
  for (;;) {
    const Result<std::vector<Entry>> entries = names.list_more(again->get());
    if (!entries) return fail(entries.error());
    if (entries->empty()) return {};
    for (const Entry& entry : *entries) {
      const std::optional<Digest> digest = digest_of_path(entry.name);
      if (digest && !found(*digest)) return {};
    }
  }
}

// Of a blob that is to be named or kept. Who has just published it may not have made that stable yet.
Result<FileStat> Repository::stat_stable(const Digest& digest) {
  const System& system = parts_->environment_.system;
  Result<FileStat> file = system.names.stat(blobs(), blob_path(digest), false);
  if (!file) return file;
  if (Done ok = sync_names(system.files, system.names, blobs(), blob_path(digest)); !ok) {
    return fail(ok.error());
  }
  return file;
}

// While the lock is held nobody collects, so that the blob is still there when its name is.
Done Repository::give_name(const std::string& name, const Digest& digest, bool replace) {
  if (Done ok = check_name(name); !ok) return ok;
  const Result<Index*> index = this->index();
  if (!index) return fail(index.error());
  const Result<HeldLock> lock = HeldLock::take(content_lock(), LockMode::shared);
  if (!lock) return fail(lock.error());
  const Result<FileStat> file = stat_stable(digest);
  if (!file) return fail(file.error());
  const auto known = (*index)->find(digest);
  if (!known) return fail(known.error());
  const auto now = static_cast<int64_t>(current_time());
  const BlobRecord blob = *known ? **known : BlobRecord{digest, file->size, now, false, {}};
  const NameRecord record{name, digest, file->size, {}, {}, now};
  const auto taken = (*index)->add({{&blob, 1}, {&record, 1}, replace});
  if (!taken) return fail(taken.error());
  if (!taken->empty()) return fail(EEXIST, Op::link, name);
  return {};
}

Done Repository::remove_name(const std::string& name) {
  const Result<Index*> index = this->index();
  if (!index) return fail(index.error());
  return (*index)->remove_name(name);
}

Done Repository::keep(const Digest& digest, bool kept) {
  const Result<Index*> index = this->index();
  if (!index) return fail(index.error());
  const Result<HeldLock> lock = HeldLock::take(content_lock(), LockMode::shared);
  if (!lock) return fail(lock.error());
  const Result<FileStat> file = stat_stable(digest);
  if (!file) return fail(file.error());
  if (!kept) {
    const Done done = (*index)->set_kept(digest, false);
    // What the index does not know is not kept.
    return !done && done.error().code == ENOENT ? Done() : done;
  }
  const auto known = (*index)->find(digest);
  if (!known) return fail(known.error());
  BlobRecord blob =
      *known ? **known
             : BlobRecord{digest, file->size, static_cast<int64_t>(current_time()), false, {}};
  blob.kept = true;
  const auto added = (*index)->add({{&blob, 1}, {}, false});
  if (!added) return fail(added.error());
  return {};
}

}  // namespace libcopyfile::store
