// What becomes of a destination that is there already.
#include "sys/system_info.h"
#include "tree/backup_name.h"
#include "tree/tree_worker.h"

namespace libcopyfile {
namespace {

bool is_older(const FileStat& a, const FileStat& b) {
  if (a.modified.seconds != b.modified.seconds) return a.modified.seconds < b.modified.seconds;
  return a.modified.nanoseconds < b.modified.nanoseconds;
}

bool is_same_inode(const FileStat& a, const FileStat& b) {
  return a.inode == b.inode && a.device == b.device;
}

}  // namespace

// Whether the file itself is wanted, not a link to it or a thing of its kind.
bool TreeWorker::is_data(const FileStat& source) const {
  return s_.options.form == Form::copy && source.type != FileType::link &&
         (source.type == FileType::regular || s_.options.special_as_files || !s_.options.recursive);
}

Way TreeWorker::decide(const Place& place, const FileStat& source) {
  if (place.out_dir < 0) return Way::create;  // a dry run, below a directory that is not there
  const bool fresh = place.unseen && !s_.several && !place.directory->resumed;
  if (fresh) return Way::create;
  // Another operand of this name must have it before anything can be said.
  if (place.is_operand() && waiting_operands_.contains(place.to) && !committing_) commit();
  const Result<FileStat> link = s_.system.names.stat(place.out_dir, place.out_name, false);
  if (!link) {
    if (link.error().code == ENOENT) return Way::create;
    fail(place, source, Trouble::cannot_stat_destination, link.error());
    return Way::skip;
  }
  FileStat there = *link;
  const bool goes_through = is_data(source) && there.type == FileType::link &&
                            (place.is_operand() || s_.options.in_place) &&
                            !s_.options.remove_destination && s_.options.backup == Backup::none;
  if (goes_through) {
    if (was_created_now(place, *link)) {
      fail(place, source, Trouble::just_created_link, Error{EEXIST, Op::create, {}, {}});
      return Way::skip;
    }
    const Result<FileStat> target = s_.system.names.stat(place.out_dir, place.out_name, true);
    if (!target) return decide_without_target(place, source, target.error());
    there = *target;
  }
  const Same same = same_file(place, source, there, *link);
  if (same == Same::refused) {
    fail(place, source, Trouble::same_file, Error{EINVAL, Op::create, {}, {}});
    return Way::skip;
  }
  if (s_.options.overwrite == Overwrite::if_differs && is_the_copy(place, source, there)) {
    skip(place, source, Skipped::same);
    return Way::keep;
  }
  // A file with other names in the destination is not known by its inode.
  const bool known = may_be_one(place) && (there.links < 2 || there.type == FileType::directory);
  if (known && place.directory->is_claimed(there)) {
    fail(place, source, Trouble::just_created, Error{EEXIST, Op::create, {}, {}});
    return Way::skip;
  }
  if (!may_replace(place, source, there) || same == Same::done) return Way::skip;
  if (there.type == FileType::directory) {
    fail(place, source, Trouble::file_over_directory, Error{EISDIR, Op::create, {}, {}});
    return Way::skip;
  }
  if (s_.options.backup != Backup::numbered && was_created_now(place, there)) {
    fail(place, source, Trouble::just_created, Error{EEXIST, Op::create, {}, {}});
    return Way::skip;
  }
  if (known) place.directory->claim(there);
  return make_way(place, source, there);
}

// Nothing is to be done, and that has been told: a look at each side, and no file is opened. Whatever is not as simple as that,
// or is a file with other names, decide() looks at.
bool TreeWorker::is_complete(const Place& place) {
  if (place.out_dir < 0 || (place.unseen && !place.directory->resumed)) return false;
  const Result<FileStat> source = s_.system.names.stat(place.in_dir, place.in_name, false);
  if (!source || source->type != FileType::regular || source->links > 1) return false;
  const Result<FileStat> there = s_.system.names.stat(place.out_dir, place.out_name, false);
  if (!there || is_same_inode(*source, *there) || !is_the_copy(place, *source, *there))
    return false;
  skip(place, *source, Skipped::same);
  return true;
}

// Two names of the source.
bool TreeWorker::may_be_one(const Place& place) {
  return !place.is_operand() && place.directory->folds_case;
}

// A link that leads nowhere. cp -f takes away what leads around in a circle.
Way TreeWorker::decide_without_target(const Place& place, const FileStat& source,
                                      const Error& why) {
  if (why.code == ELOOP && s_.options.force) {
    if (s_.options.dry_run) return Way::replace;
    return remove(place, source) ? Way::create : Way::skip;
  }
  fail(place, source,
       why.code == ENOENT ? Trouble::dangling_link : Trouble::cannot_stat_destination, why);
  return Way::skip;
}

Way TreeWorker::make_way(const Place& place, const FileStat& source, const FileStat& there) {
  const TreeOptions& o = s_.options;
  if (o.dry_run) return Way::replace;
  if (o.backup != Backup::none) return make_backup(place, source) ? Way::create : Way::skip;
  // As cp: what is written in place would change other names of it, and nothing but a file can be written to.
  const bool in_the_way = o.in_place && o.form != Form::attributes_only &&
                          ((o.keep_hard_links && there.links > 1) ||
                           (o.follow == FollowLinks::never && source.type != FileType::regular));
  // Of an earlier operand, or an interrupted copy: nobody sees it go.
  if (place.unseen) {
    const Done ok = s_.system.names.unlink(place.out_dir, place.out_name);
    if (ok) return Way::create;
    fail(place, source, Trouble::cannot_remove, ok.error());
    return Way::skip;
  }
  if (o.remove_destination || in_the_way) return remove(place, source) ? Way::create : Way::skip;
  if (!is_data(source)) return Way::replace;
  if (there.type == FileType::block_device && !o.overwrite_devices) {
    fail(place, source, Trouble::is_device, Error{EPERM, Op::open, {}, {}});
    return Way::skip;
  }
  // Devices, pipes and terminals are written into: replacing one would take it away from everybody.
  const bool special = there.type != FileType::regular && there.type != FileType::link;
  return o.in_place || (special && place.is_operand()) ? Way::in_place : Way::replace;
}

bool TreeWorker::remove(const Place& place, const FileStat& source) {
  const Done ok = s_.system.names.unlink(place.out_dir, place.out_name);
  if (!ok) {
    fail(place, source, Trouble::cannot_remove, ok.error());
    return false;
  }
  s_.tell([&](TreeObserver& o) { o.removed(item(place, source)); });
  return true;
}

// The same operand's name again, among those of this job.
bool TreeWorker::was_created_now(const Place& place, const FileStat& there) {
  return s_.several && place.is_operand() && s_.was_created(place.out_name, there);
}

void TreeWorker::note_created(const Place& place) {
  if (may_be_one(place) && !s_.options.dry_run) {
    const Result<FileStat> there = s_.system.names.stat(place.out_dir, place.out_name, false);
    if (there) place.directory->claim(*there);
  }
  if (!s_.several || !place.is_operand() || s_.options.dry_run) return;
  const Result<FileStat> there = s_.system.names.stat(place.out_dir, place.out_name, false);
  if (there) s_.note_created(place.out_name, *there);
}

// Whether both are one entry of one directory.
bool TreeWorker::is_same_entry(const Place& place) {
  std::string in_parent = ".";
  std::string in_name = place.in_name;
  while (in_name.size() > 1 && in_name.ends_with('/')) in_name.pop_back();
  if (const size_t slash = in_name.rfind('/'); slash != std::string::npos) {
    in_parent = in_name.substr(0, slash + 1);
    in_name.erase(0, slash + 1);
  }
  if (in_name != place.out_name) return false;
  const Result<FileStat> in = s_.system.names.stat(place.in_dir, in_parent, true);
  const Result<FileStat> out = s_.system.names.stat(place.out_dir, ".", true);
  return in && out && is_same_inode(*in, *out);
}

// What cp does where source and destination may be one file: by way of links, or of other names. `link`: the destination itself,
// `there`: what it leads to, where that is written to.
TreeWorker::Same TreeWorker::same_file(const Place& place, const FileStat& source,
                                       const FileStat& there, const FileStat& link) {
  const TreeOptions& o = s_.options;
  if (o.overwrite == Overwrite::never) return Same::no;
  const bool same = is_same_inode(source, there);
  if (same && o.form == Form::hard_link) return Same::done;
  const bool never =
      o.follow == FollowLinks::never || (o.follow == FollowLinks::operands && !place.is_operand());
  if (!never && !same) return Same::no;
  FileStat source_link = source;
  if (never) {
    const bool links = source.type == FileType::link || there.type == FileType::link;
    if (!same && !links) return Same::no;
    if (source.type == FileType::link && there.type == FileType::link) {
      if (!same) return Same::no;
      if (is_same_entry(place)) return Same::refused;
      return o.backup != Backup::none ? Same::no : Same::done;
    }
  } else {
    const Result<FileStat> itself = s_.system.names.stat(place.in_dir, place.in_name, false);
    if (!itself) return Same::no;
    source_link = *itself;
  }
  return same_by_links(place, source_link, never ? there : link, never);
}

TreeWorker::Same TreeWorker::same_by_links(const Place& place, const FileStat& source,
                                           const FileStat& there, bool never_follow) {
  const TreeOptions& o = s_.options;
  const bool same = is_same_inode(source, there);
  const bool source_is_link = source.type == FileType::link;
  const bool there_is_link = there.type == FileType::link;
  if (source_is_link && there_is_link && o.remove_destination) return Same::no;
  if (o.backup != Backup::none) {
    if (same) return is_same_entry(place) ? Same::refused : Same::no;
    // Moved aside, what the source leads to would not be there any more.
    return !never_follow && source_is_link && !there_is_link ? Same::refused : Same::no;
  }
  if (o.remove_destination) {
    if (there_is_link) return Same::no;
    if (same && there.links > 1 && !is_same_entry(place)) return Same::no;
  }
  if (!source_is_link && !there_is_link && !same) return Same::no;
  if (o.form == Form::symbolic_link && there_is_link) return Same::no;
  if (!never_follow || (!source_is_link && !there_is_link)) return Same::refused;
  // One is a link, and is copied as one: only a link to the other is refused.
  const Result<FileStat> from = s_.system.names.stat(place.in_dir, place.in_name, true);
  const Result<FileStat> to = s_.system.names.stat(place.out_dir, place.out_name, true);
  if (!from || !to || !is_same_inode(*from, *to)) return Same::no;
  if (o.form == Form::hard_link) return there_is_link ? Same::no : Same::done;
  return Same::refused;
}

bool TreeWorker::may_replace(const Place& place, const FileStat& source, const FileStat& there) {
  switch (s_.options.overwrite) {
    case Overwrite::always: break;
    case Overwrite::never: skip(place, source, Skipped::exists); return false;
    case Overwrite::refuse:
      fail(place, source, Trouble::exists, Error{EEXIST, Op::create, {}, {}});
      return false;
    case Overwrite::if_older:
      if (is_older(there, source)) break;
      skip(place, source, Skipped::not_older);
      return false;
    case Overwrite::if_differs: break;
  }
  if (!s_.options.ask) return true;
  const bool yes =
      s_.tell([&](TreeObserver& o) { return o.may_overwrite(item(place, source), there); });
  if (!yes) skip(place, source, Skipped::declined);
  return yes;
}

// By size and time, as rsync(1) tells it. After a power cut a file that was never synced may have both, and not its bytes.
bool TreeWorker::is_the_copy(const Place& place, const FileStat& source, const FileStat& there) {
  if (there.type != source.type || there.modified != source.modified) return false;
  if (source.type != FileType::directory && there.size != source.size) return false;
  return !place.unseen || static_cast<double>(there.changed.seconds) >= boot_time();
}

bool TreeWorker::make_backup(const Place& place, const FileStat& from) {
  const std::string name = backup_name(s_.system.names, place.out_dir, place.out_name,
                                       s_.options.backup, s_.options.backup_suffix);
  const Result<FileStat> source = s_.system.names.stat(place.in_dir, place.in_name, true);
  const Result<FileStat> old = s_.system.names.stat(place.out_dir, name, false);
  if (source && old && is_same_inode(*source, *old)) {
    fail(place, from, Trouble::backup_would_destroy, Error{EINVAL, Op::rename, {}, {}});
    return false;
  }
  const Done ok = s_.system.names.rename(place.out_dir, place.out_name, name, Rename::replace);
  if (!ok) {
    fail(place, from, Trouble::cannot_backup, ok.error());
    return false;
  }
  s_.tell([&](TreeObserver& o) { o.backed_up(item(place, from), name); });
  return true;
}

}  // namespace libcopyfile
