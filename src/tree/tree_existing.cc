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

Way TreeWorker::decide(const Place& place, const FileStat& source) {
  if (place.out_dir < 0) return Way::create;  // a dry run, below a directory that is not there
  const bool fresh = place.unseen && !s_.several && !place.directory->resumed;
  if (fresh) return Way::create;
  const Result<FileStat> link = s_.system.names.stat(place.out_dir, place.out_name, false);
  if (!link) {
    if (link.error().code == ENOENT) return Way::create;
    fail(place, source, Trouble::none, link.error());
    return Way::skip;
  }
  FileStat there = *link;
  const bool data =
      s_.options.form == Form::copy && source.type != FileType::link &&
      (source.type == FileType::regular || s_.options.special_as_files || !s_.options.recursive);
  const bool goes_through = data && there.type == FileType::link &&
                            (place.is_operand() || s_.options.in_place) &&
                            !s_.options.remove_destination && s_.options.backup == Backup::none;
  if (goes_through) {
    const Result<FileStat> target = s_.system.names.stat(place.out_dir, place.out_name, true);
    if (!target) {
      const Trouble why = target.error().code == ENOENT ? Trouble::dangling_link : Trouble::none;
      fail(place, source, why, target.error());
      return Way::skip;
    }
    there = *target;
  }
  if (is_same_inode(there, source)) {
    if (!same_file(place, source, *link)) return Way::skip;
  }
  if (s_.options.overwrite == Overwrite::if_differs && is_the_copy(place, source, there)) {
    skip(place, source, Skipped::same);
    return Way::keep;
  }
  if (!may_replace(place, source, there)) return Way::skip;
  if (there.type == FileType::directory) {
    fail(place, source, Trouble::file_over_directory, Error{EISDIR, Op::create, {}, {}});
    return Way::skip;
  }
  if (s_.several && s_.was_created(there)) {
    fail(place, source, Trouble::just_created, Error{EEXIST, Op::create, {}, {}});
    return Way::skip;
  }
  if (s_.options.dry_run) return Way::replace;
  if (s_.options.backup != Backup::none) {
    return make_backup(place, *link) ? Way::create : Way::skip;
  }
  const bool other_names = s_.options.in_place && s_.options.keep_hard_links && there.links > 1;
  if (s_.options.remove_destination || other_names || (place.unseen && place.directory->resumed)) {
    if (Done ok = s_.system.names.unlink(place.out_dir, place.out_name); !ok) {
      fail(place, source, Trouble::cannot_remove, ok.error());
      return Way::skip;
    }
    if (s_.options.remove_destination) {
      s_.tell([&](TreeObserver& o) { o.removed(item(place, source)); });
    }
    return Way::create;
  }
  if (!data) return Way::replace;
  if (there.type == FileType::block_device && !s_.options.overwrite_devices) {
    fail(place, source, Trouble::is_device, Error{EPERM, Op::open, {}, {}});
    return Way::skip;
  }
  // Devices, pipes and terminals are written into: replacing one would take it away from everybody.
  const bool special = there.type != FileType::regular && there.type != FileType::link;
  return s_.options.in_place || (special && place.is_operand()) ? Way::in_place : Way::replace;
}

// Two names of one file. False: there is nothing to be done, which has been told.
bool TreeWorker::same_file(const Place& place, const FileStat& source, const FileStat& there) {
  if (s_.options.form == Form::hard_link && there.type != FileType::link) return false;
  const bool other_entry = place.from_path() != place.to_path();
  const bool kept_apart = s_.options.remove_destination || s_.options.backup != Backup::none;
  if (other_entry && kept_apart) return true;
  fail(place, source, Trouble::same_file, Error{EINVAL, Op::create, {}, {}});
  return false;
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

bool TreeWorker::make_backup(const Place& place, const FileStat& there) {
  const std::string name = backup_name(s_.system.names, place.out_dir, place.out_name,
                                       s_.options.backup, s_.options.backup_suffix);
  const Result<FileStat> source = s_.system.names.stat(place.in_dir, place.in_name, false);
  const Result<FileStat> old = s_.system.names.stat(place.out_dir, name, false);
  if (source && old && is_same_inode(*source, *old)) {
    fail(place, *source, Trouble::backup_would_destroy, Error{EINVAL, Op::rename, {}, {}});
    return false;
  }
  const Done ok = s_.system.names.rename(place.out_dir, place.out_name, name, Rename::replace);
  if (!ok) {
    fail(place, there, Trouble::cannot_backup, ok.error());
    return false;
  }
  s_.tell([&](TreeObserver& o) { o.backed_up(item(place, there), name); });
  return true;
}

}  // namespace libcopyfile
