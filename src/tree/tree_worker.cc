#include "tree/tree_worker.h"

#include <algorithm>
#include <utility>

#include "facts/read_facts.h"
#include "tree/filter.h"

namespace libcopyfile {
namespace {

// So many directories that are to be read next are kept in memory before one of them is.
constexpr size_t kManyFound = 64;
// Files below this are copied with one read and one write.
constexpr size_t kPlainBuffer = size_t{256} << 10;

}  // namespace

TreeWorker::TreeWorker(TreeShared& shared, TreeQueue* queue, unsigned number)
    : s_(shared),
      queue_(queue),
      number_(number),
      buffer_(kPlainBuffer),
      unseen_(shared.common),
      seen_(shared.common) {
  unseen_.unseen = true;
  unseen_.replace = Replace::never;
  unseen_.durability = Durability::none;
  unseen_.synced_later = !s_.options.in_place && s_.options.durability != Durability::none;
  if (s_.options.in_place || s_.options.dry_run) return;
  FileBatchOptions options;
  options.durability = s_.options.durability;
  options.policy = s_.options.sync;
  options.most_files = s_.options.durability == Durability::none ? 1 : s_.options.files_in_batch;
  batch_.emplace(s_.system, s_.catalogue, &s_.learned, options,
                 [this](const FileJob& job, const FileReport& report, const Done& done) {
                   batch_ended(job, report, done);
                 });
}

void TreeWorker::run() {
  while (const DirectoryPtr directory = queue_->take(number_, [this] { commit(); })) {
    read(directory);
    if (s_.stop) queue_->stop();
  }
}

void TreeWorker::commit() {
  if (!batch_) return;
  if (s_.cancelled) {
    for (auto& [tag, member] : std::exchange(in_batch_, {})) no_copy_of(member.source);
    report_.dropped += batch_->drop();
    return;
  }
  committing_ = true;
  // What failed may have had another name, which was its next chance.
  while (!batch_->empty()) batch_->commit();
  committing_ = false;
}

void TreeWorker::read(const DirectoryPtr& directory) {
  if (!directory->started && !start(directory)) return complete(directory);
  std::vector<DirectoryPtr> found;
  {
    Result<TreeDirectory::Use> use = directory->use(s_.system.names, s_.system.files);
    if (!use) {
      fail(place_of(*directory), directory->source(), Trouble::cannot_open_directory, use.error());
      directory->exhausted = true;
      return complete(directory);
    }
    // To the end, mostly: until then it has to stay open, however deep the tree is below it.
    while (!directory->exhausted && !s_.stop &&
           (found.size() < kManyFound || s_.budget.exceeded())) {
      if (!read_some(directory, *use, found)) directory->exhausted = true;
    }
    if (directory->exhausted && directory->resumed) remove_strangers(*use);
  }
  if (!directory->exhausted && !found.empty()) {
    found.insert(found.begin(), directory);
    return queue_->push(number_, std::move(found));
  }
  queue_->push(number_, std::move(found));
  // By its name it can be opened again only if that is no link.
  if (s_.options.follow != FollowLinks::always && !s_.options.keep_directory_links) {
    directory->let_go();
  }
  complete(directory);
}

// False: there is no more.
bool TreeWorker::read_some(const DirectoryPtr& directory, const TreeDirectory::Use& use,
                           std::vector<DirectoryPtr>& found) {
  if (directory->exhausted_at_once) return false;
  const Result<std::vector<Entry>> entries = next_entries(*directory, use);
  if (!entries) {
    fail(place_of(*directory), directory->source(), Trouble::cannot_read_directory,
         entries.error());
    return false;
  }
  if (entries->empty()) return false;
  queue_->more_to_read();
  for (const Entry& e : *entries) {
    if (s_.stop) return true;
    entry(directory, use, e, found);
  }
  return !s_.cancel_asked();
}

Result<std::vector<Entry>> TreeWorker::next_entries(TreeDirectory& directory,
                                                    const TreeDirectory::Use& use) {
  const std::lock_guard lock(directory.reading);
  const Filter* const filter = s_.options.filter;
  if (filter != nullptr && filter->list() != nullptr) {
    std::vector<Entry> listed;
    if (std::exchange(directory.listed, true)) return listed;
    // The names are known; one that is not there is missing, and told to be.
    if (const auto names = filter->only(directory.inside({}))) {
      for (const std::string_view name : *names) {
        listed.push_back({std::string(name), FileType::other, 0});
      }
      return listed;
    }
    directory.listed = false;
  }
  Result<std::vector<Entry>> entries = s_.system.names.list_more(use.in());
  // The order of inodes is mostly that on the medium, which names hashed by ext4 are not in.
  if (entries) {
    std::sort(entries->begin(), entries->end(),
              [](const Entry& a, const Entry& b) { return a.inode < b.inode; });
  }
  return entries;
}

void TreeWorker::entry(const DirectoryPtr& directory, const TreeDirectory::Use& use, const Entry& e,
                       std::vector<DirectoryPtr>& found) {
  const bool follow = s_.options.follow == FollowLinks::always;
  if (s_.options.filter != nullptr && !is_included(directory, use, e)) return;
  if (e.type == FileType::directory) return found_directory(directory, e.name, found);
  const Place place = place_in(directory, use, e.name);
  if (e.type == FileType::regular) {
    if (s_.options.overwrite == Overwrite::if_differs && is_complete(place)) return;
    // Opened first and looked at then: what it is cannot change any more.
    Result<Fd> in = s_.system.names.open(use.in(), e.name, Open::look);
    if (in) {
      const Result<FileStat> stat = s_.system.files.stat(in->get());
      if (stat && stat->type == FileType::regular)
        return copy_regular(place, std::move(*in), *stat);
    }
  }
  const Result<FileStat> stat = s_.system.names.stat(use.in(), e.name, follow);
  if (!stat) return fail(place, {}, Trouble::cannot_stat, stat.error());
  if (stat->type == FileType::directory) return found_directory(directory, e.name, found);
  copy_other(place, *stat);
}

bool TreeWorker::is_included(const DirectoryPtr& directory, const TreeDirectory::Use& use,
                             const Entry& e) {
  const Filter& filter = *s_.options.filter;
  const bool follow = s_.options.follow == FollowLinks::always;
  bool is_directory = e.type == FileType::directory;
  if (e.type == FileType::other || (follow && e.type == FileType::link)) {
    const Result<FileStat> stat = s_.system.names.stat(use.in(), e.name, follow);
    if (!stat && filter.list() != nullptr) {
      fail(place_in(directory, use, e.name), {}, Trouble::cannot_stat, stat.error());
      return false;
    }
    is_directory = stat && stat->type == FileType::directory;
  }
  const std::string path = filter.needs_path() ? directory->inside(e.name) : e.name;
  const bool included = filter.includes(path, is_directory);
  // What is listed below a name that is no directory can't be reached; a link to one is not followed on the way.
  if (!is_directory && filter.list() != nullptr && filter.list()->leads_on(path)) {
    fail(place_in(directory, use, e.name), {}, Trouble::cannot_open_directory,
         Error{ENOTDIR, Op::open, e.name, {}});
  } else if (!included) {
    ++report_.skipped;
  }
  return included;
}

void TreeWorker::found_directory(const DirectoryPtr& parent, const std::string& name,
                                 std::vector<DirectoryPtr>& found) {
  auto child = std::make_shared<TreeDirectory>(parent->shared_base(), parent, name, s_.budget);
  parent->expect();
  found.push_back(std::move(child));
}

bool TreeWorker::start(const DirectoryPtr& directory) {
  directory->exhausted = true;  // unless all goes well
  const DirectoryPtr& parent = directory->parent();
  const Result<TreeDirectory::Use> use = parent->use(s_.system.names, s_.system.files);
  const std::string& name = directory->name();
  if (!use) {
    fail(place_of(*directory), {}, Trouble::cannot_open_directory, use.error());
    return false;
  }
  const Place place = place_in(parent, *use, name);
  const bool follow = s_.options.follow == FollowLinks::always;
  Result<Fd> in =
      s_.system.names.open(use->in(), name, follow ? Open::directory : Open::directory_no_follow);
  const bool unreadable = !in && in.error().code == EACCES;
  if (unreadable) {
    // As cp, which makes it, and says so when it reads it.
    const Error why = in.error();
    in = s_.system.names.open(use->in(), name, follow ? Open::path : Open::look_path);
    const Result<FileStat> stat = in ? s_.system.files.stat(in->get()) : Result<FileStat>{};
    fail(place, in && stat ? *stat : FileStat{}, Trouble::cannot_open_directory, why);
    if (!in || !stat || stat->type != FileType::directory) return false;
  }
  if (!in) {
    const Result<FileStat> stat = s_.system.names.stat(use->in(), name, follow);
    const bool gone = in.error().code == ENOENT || in.error().code == ENOTDIR;
    fail(place, stat.value_or(FileStat{}),
         gone ? Trouble::cannot_stat : Trouble::cannot_open_directory, in.error());
    return false;
  }
  const Result<FileStat> stat = s_.system.files.stat(in->get());
  if (!stat) {
    fail(place, {}, Trouble::cannot_stat, stat.error());
    return false;
  }
  const bool may_be_above = follow || stat->mount != parent->source().mount;
  if (may_be_above && parent->is_below(stat->device, stat->inode)) {
    fail(place, *stat, Trouble::cycle, Error{ELOOP, Op::open, name, {}});
    return false;
  }
  if (s_.tops.contains({stat->device, stat->inode})) {
    // Told of the operand, as by cp.
    ++report_.failed;
    TreeFailure failure;
    failure.trouble = Trouble::into_itself;
    failure.error = Error{EINVAL, Op::create, name, {}};
    failure.other = place.from_path();
    const TreeBase& base = directory->base();
    s_.fail_item({base.from, base.to, FileType::directory, *stat, true}, failure);
    return false;
  }
  directory->exhausted_at_once =
      unreadable || (s_.options.one_file_system && stat->device != directory->base().device);
  if (!start_directory(place, std::move(*in), *stat, *directory)) return false;
  directory->exhausted = false;
  directory->started = true;
  queue_->more_to_read();
  return true;
}

void TreeWorker::complete(DirectoryPtr directory) {
  while (directory != nullptr && directory->done()) {
    if (directory->parent() == nullptr) return;  // whoever began it, ends it
    if (directory->started) finish_directory(*directory);
    directory = directory->parent();
  }
}

Place TreeWorker::place_in(const DirectoryPtr& directory, const TreeDirectory::Use& use,
                           const std::string& name) const {
  return {directory, use.in(), name, use.out(), name, directory->unseen, {}, {}};
}

// For messages only. A path is made when one is told: of a deep tree that takes longer than to copy it.
Place TreeWorker::place_of(const TreeDirectory& directory) {
  Place place;
  if (directory.parent() != nullptr) {
    place.directory = directory.parent();
    place.in_name = directory.name();
    place.out_name = directory.out_name.empty() ? directory.name() : directory.out_name;
    return place;
  }
  place.from = directory.from_path({});
  place.to = directory.to_path({});
  return place;
}

// What a syncfs(2) at the end says nothing about.
bool TreeWorker::needs_own_sync(const DirectoryPair& pair) const {
  return s_.options.durability != Durability::none &&
         (s_.options.sync == SyncPolicy::files || !sync_reports_errors(pair.facts));
}

TreeItem TreeWorker::item(const Place& place, const FileStat& stat) const {
  const bool whole_operand = place.is_operand();
  return {place.from_path(), place.to_path(), stat.type, stat, whole_operand};
}

void TreeWorker::fail(const Place& place, const FileStat& stat, Trouble trouble,
                      const Error& error) {
  ++report_.failed;
  TreeFailure failure;
  failure.trouble = trouble;
  failure.error = error;
  s_.fail_item(item(place, stat), failure);
}

void TreeWorker::skip(const Place& place, const FileStat& stat, Skipped why) {
  ++report_.skipped;
  s_.leave_out(stat);
  // Of a tree that is complete, that would be a path and a lock for each name.
  if (why == Skipped::same && !s_.wants_every_item()) return;
  s_.tell([&](TreeObserver& o) { o.skipped(item(place, stat), why); });
}

void TreeWorker::made(const Place& place, const FileStat& stat, Made what,
                      const std::vector<Loss>& losses) {
  for (const Loss& loss : losses) report_.not_preserved |= loss.metadata_class;
  switch (what) {
    case Made::directory: ++report_.directories; break;
    case Made::symbolic_link: ++report_.links; break;
    case Made::hard_link: ++report_.hard_links; break;
    case Made::special: ++report_.specials; break;
    case Made::file: ++report_.files; break;
  }
  if (what != Made::directory) note_created(place);
  if (what != Made::directory) s_.count(stat, place);
  if (!s_.wants_every_item() && losses.empty()) return;
  s_.tell([&](TreeObserver& o) { o.made(item(place, stat), what, losses); });
}

}  // namespace libcopyfile
