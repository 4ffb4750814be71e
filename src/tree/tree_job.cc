#include "tree/tree_job.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "facts/read_facts.h"
#include "publish/name_durability.h"
#include "publish/pending_directory.h"
#include "publish/private_name.h"
#include "sys/system_info.h"
#include "sys/thread.h"
#include "sys/transfer.h"
#include "tree/tree_survey.h"
#include "tree/tree_worker.h"

namespace libcopyfile {
namespace {

constexpr unsigned kMostJobs = 64;
constexpr unsigned kMostAutomaticJobs = 8;

unsigned workers_of(const TreeOptions& options) {
  // Questions come one after the other, and a rate is kept by one.
  if (options.ask || options.control.rate > 0) return 1;
  if (options.jobs > 0) return std::min(options.jobs, kMostJobs);
  return std::min(processors(), kMostAutomaticJobs);
}

struct SplitPath {
  std::string directory;
  std::string name;
};

SplitPath split(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// The same source to the same name: what resuming finds what was left by.
uint64_t identity_of(const FileStat& source, const FileStat& parent, const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  const auto mix = [&](const void* data, size_t size) {
    for (const char c : std::string_view(static_cast<const char*>(data), size)) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
  };
  for (const uint64_t v : {source.device, source.inode, parent.device, parent.inode}) {
    mix(&v, sizeof v);
  }
  mix(name.data(), name.size());
  return hash;
}

// A tree that has no name yet.
struct Staged {
  std::unique_ptr<PendingDirectory> pending;
  TreeItem item;
  FileStat parent;
  std::shared_ptr<Fd> parent_fd;
  bool sync_reports_errors = false;
};

class TreeCopy {
 public:
  TreeCopy(TreeShared& shared, TreeReport& report)
      : s_(shared), report_(report), first_(shared, nullptr, 0) {}

  bool run(const std::vector<TreeRoot>& roots) {
    s_.several = roots.size() > 1;
    for (const TreeRoot& root : roots) {
      if (s_.stop || s_.cancel_asked()) break;
      operand(root);
    }
    first_.commit();
    add(first_.report());
    publish();
    report_.cancelled = s_.cancelled;
    return !s_.failed && !s_.cancelled;
  }

 private:
  void operand(const TreeRoot& root) {
    const bool follow = s_.options.follow != FollowLinks::never;
    Place place;
    place.in_name = root.from;
    place.from = root.from;
    place.to = root.to;
    TreeItem item{root.from, root.to, FileType::other, {}, true};
    const Result<FileStat> stat = s_.system.names.stat(kCurrentDirectory, root.from, follow);
    if (!stat) return fail(item, Trouble::cannot_stat, stat.error());
    item.source = *stat;
    item.type = stat->type;
    if (stat->type == FileType::directory && !s_.options.recursive) {
      return fail(item, Trouble::omitting_directory, Error{EISDIR, Op::open, root.from, {}});
    }
    const SplitPath to = split(root.to);
    place.out_name = to.name;
    Result<std::shared_ptr<Fd>> parent = open_parent(to.directory);
    if (!parent) {
      return fail(item, Trouble::no_parent, parent.error());
    }
    place.out_dir = (*parent)->get();
    if (stat->type != FileType::directory) {
      first_.copy_operand(place, *stat);
      return make_durable(item, place);
    }
    tree(root, item, std::move(place), *std::move(parent));
  }

  // Mostly the same for all operands. Files that wait for their names need it open until they have them.
  Result<std::shared_ptr<Fd>> open_parent(const std::string& path) {
    constexpr size_t kMostParents = 64;
    if (!parents_.empty() && path == last_parent_path_) return parents_.back();
    Result<Fd> fd = s_.system.names.open(kCurrentDirectory, path, Open::directory);
    if (!fd && fd.error().code == EACCES) {
      fd = s_.system.names.open(kCurrentDirectory, path, Open::directory_path);
    }
    if (!fd) return libcopyfile::fail(fd.error());
    if (parents_.size() == kMostParents && !s_.options.keep_hard_links) {
      first_.commit();
      parents_.clear();
    }
    parents_.push_back(std::make_shared<Fd>(std::move(*fd)));
    last_parent_path_ = path;
    return parents_.back();
  }

  void tree(const TreeRoot& root, const TreeItem& item, Place place,
            const std::shared_ptr<Fd>& parent_fd) {
    // What was published one by one so far must be seen when it is merged into.
    first_.commit();
    // What is no link now may be one by then.
    const bool follow = s_.options.follow != FollowLinks::never;
    Result<Fd> in = s_.system.names.open(kCurrentDirectory, root.from,
                                         follow ? Open::directory : Open::directory_no_follow);
    const bool unreadable = !in && in.error().code == EACCES;
    if (!in) fail(item, Trouble::cannot_open_directory, in.error());
    // As cp, which makes it, and says so when it reads it.
    if (unreadable) {
      in = s_.system.names.open(kCurrentDirectory, root.from,
                                follow ? Open::directory_path : Open::look_path);
    }
    if (!in) return;
    const Result<FileStat> stat = s_.system.files.stat(in->get());
    if (!stat) return fail(item, Trouble::cannot_stat, stat.error());
    const Result<FileStat> parent = s_.system.files.stat(parent_fd->get());
    if (!parent) return fail(item, Trouble::cannot_stat, parent.error());
    const Result<FileStat> there = s_.system.names.stat(place.out_dir, place.out_name, true);
    const bool taken = there || s_.system.names.stat(place.out_dir, place.out_name, false);
    if (there && there->inode == stat->inode && there->device == stat->device) {
      return fail(item, Trouble::same_file, Error{EINVAL, Op::create, root.to, {}});
    }
    Staged* staged = staged_as(*parent, place.out_name);
    const bool is_new = staged == nullptr && !taken && !s_.options.in_place && !s_.options.dry_run;
    const auto base = std::make_shared<TreeBase>(TreeBase{root.from, root.to, stat->device});
    auto directory = std::make_shared<TreeDirectory>(base, nullptr, root.from, s_.budget);
    if (is_new) {
      if (!stage(item, place, *stat, *parent, parent_fd)) return;
      staged = &staged_.back();
      directory->resumed = staged->pending->resumed();
    }
    if (staged != nullptr) place.out_name = staged->pending->private_name();
    place.unseen = staged != nullptr;
    if (!begin(item, place, std::move(*in), *stat, *directory, staged)) {
      if (is_new) staged_.pop_back();
      return;
    }
    directory->made = directory->made || is_new;
    directory->exhausted_at_once = unreadable;
    copy_directory(directory);
    if (staged == nullptr) make_durable(item, *directory);
  }

  // Files and their names are by now; links, special files, and directories with what they have are not.
  void make_durable(const TreeItem& item, TreeDirectory& directory) {
    if (s_.options.durability != Durability::durable || s_.options.dry_run || s_.cancelled) return;
    const Result<TreeDirectory::Use> use = directory.use(s_.system.names, s_.system.files);
    if (!use) return fail(item, Trouble::not_durable, use.error());
    const Done ok = retry_interrupted([&] { return s_.system.files.sync_file_system(use->out()); });
    if (!ok) fail(item, Trouble::not_durable, Error{ok.error().code, Op::sync, item.to, {}});
  }

  // The name of an operand that is no file, and so was given without a sync.
  void make_durable(const TreeItem& item, const Place& place) {
    const bool file = item.type == FileType::regular && s_.options.form == Form::copy;
    if (file || s_.options.durability != Durability::durable || s_.options.dry_run) return;
    const Done ok = sync_names(s_.system.files, s_.system.names, place.out_dir, place.out_name);
    if (ok) return;
    fail(item, Trouble::not_durable, Error{ok.error().code, Op::sync_directory, item.to, {}});
  }

  bool stage(const TreeItem& item, const Place& place, const FileStat& source,
             const FileStat& parent, const std::shared_ptr<Fd>& parent_fd) {
    std::optional<std::string> resume_as;
    if (s_.options.resume) {
      resume_as = private_name_in(s_.system.files, place.out_dir,
                                  identity_of(source, parent, place.out_name));
    }
    Result<PendingDirectory> pending =
        PendingDirectory::create(s_.system.files, s_.system.names, s_.system.attributes,
                                 place.out_dir, place.out_name, resume_as);
    if (!pending) {
      fail(item, Trouble::cannot_create_directory, pending.error());
      return false;
    }
    s_.staging = true;
    Staged staged;
    staged.pending = std::make_unique<PendingDirectory>(*std::move(pending));
    staged.item = item;
    staged.parent = parent;
    staged.parent_fd = parent_fd;
    staged_.push_back(std::move(staged));
    return true;
  }

  Staged* staged_as(const FileStat& parent, const std::string& name) {
    for (Staged& s : staged_) {
      if (s.pending->name() == name && s.parent.inode == parent.inode &&
          s.parent.device == parent.device) {
        return &s;
      }
    }
    return nullptr;
  }

  bool begin(const TreeItem& item, const Place& place, Fd in, const FileStat& stat,
             TreeDirectory& directory, Staged* staged) {
    if (!first_.start_directory(place, std::move(in), stat, directory)) return false;
    if (staged == nullptr) return true;
    // Who may write to the directory above may have put something else there.
    if (!staged->pending->is(directory.destination())) {
      fail(item, Trouble::escapes, Error{ESTALE, Op::create, place.to, {}});
      return false;
    }
    staged->sync_reports_errors = sync_reports_errors(directory.pair.facts);
    return true;
  }

  void copy_directory(const DirectoryPtr& directory) {
    const FileStat& out = directory->destination();
    s_.tops.insert({out.device, out.inode});
    directory->started = true;
    const unsigned workers = workers_of(s_.options);
    TreeQueue queue(workers);
    queue.push(0, {directory});
    {
      std::vector<std::unique_ptr<TreeWorker>> all;
      for (unsigned i = 0; i < workers; ++i) {
        all.push_back(std::make_unique<TreeWorker>(s_, &queue, i));
      }
      std::vector<Thread> threads;
      for (unsigned i = 1; i < workers; ++i) {
        Result<Thread> thread = Thread::start([worker = all[i].get()] { worker->run(); });
        if (!thread) break;  // fewer do as well
        threads.push_back(std::move(*thread));
      }
      all.front()->run();
      threads.clear();
      for (const auto& worker : all) worker->commit();
      for (const auto& worker : all) add(worker->report());
    }
    if (!s_.cancelled) first_.finish_directory(*directory);
  }

  // One sync for all that are on the same file system, then their names.
  void publish() {
    const bool complete = !s_.cancelled && !s_.no_space && !(s_.options.stop_on_error && s_.failed);
    std::map<uint64_t, Done> synced;
    for (Staged& s : staged_) {
      if (!complete) {
        if (s_.options.resume) s.pending->keep();
        continue;
      }
      publish_one(s, synced);
    }
    staged_.clear();
  }

  void publish_one(Staged& s, std::map<uint64_t, Done>& synced) {
    const Durability durability = s_.options.durability;
    const bool files_synced = s_.options.sync == SyncPolicy::files || !s.sync_reports_errors;
    if (durability != Durability::none && !files_synced) {
      const auto [entry, first] = synced.try_emplace(s.parent.device);
      if (first) {
        entry->second =
            retry_interrupted([&] { return s_.system.files.sync_file_system(s.pending->fd()); });
      }
      if (!entry->second) {
        return fail(s.item, Trouble::none,
                    Error{entry->second.error().code, Op::sync, s.item.to, {}});
      }
      report_.synced_by = SyncedBy::file_system;
    }
    const Result<Published> published = std::move(*s.pending).commit(durability, true);
    if (!published) {
      return fail(s.item, Trouble::cannot_create_directory, published.error());
    }
    report_.reached = published->reached;
    if (published->late) fail(s.item, Trouble::not_durable, *published->late);
  }

  void fail(const TreeItem& item, Trouble trouble, const Error& error) {
    ++report_.failed;
    s_.fail_item(item, {trouble, error, {}, nullptr, nullptr});
  }

  void add(const TreeReport& r) {
    report_.files += r.files;
    report_.directories += r.directories;
    report_.links += r.links;
    report_.hard_links += r.hard_links;
    report_.specials += r.specials;
    report_.skipped += r.skipped;
    report_.failed += r.failed;
    report_.bytes += r.bytes;
    report_.holes += r.holes;
    report_.not_preserved |= r.not_preserved;
    report_.dropped += r.dropped;
    if (r.synced_by != SyncedBy::nothing) report_.synced_by = r.synced_by;
    for (size_t i = 0; i < kMechanismCount; ++i) report_.bytes_by[i] += r.bytes_by[i];
  }

  TreeShared& s_;
  TreeReport& report_;
  TreeWorker first_;
  std::vector<Staged> staged_;
  std::string last_parent_path_;
  std::vector<std::shared_ptr<Fd>> parents_;
};

}  // namespace

bool copy_trees(const System& system, const Catalogue& catalogue, Learned& learned,
                const std::vector<TreeRoot>& roots, const TreeOptions& options,
                TreeObserver& observer, TreeReport& report) {
  TreeShared shared(system, catalogue, learned, options, observer);
  const TreeSurvey survey(system, roots, options);
  return TreeCopy(shared, report).run(roots);
}

}  // namespace libcopyfile
