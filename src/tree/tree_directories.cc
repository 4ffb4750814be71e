// Directories at the destination: made, merged into, and completed.
#include <set>
#include <utility>

#include "facts/fs_class.h"
#include "metadata/transfer.h"
#include "publish/remove_tree.h"
#include "tree/tree_worker.h"

namespace libcopyfile {
namespace {

// Files in a directory need the right to write to it, which it may not have in the end.
constexpr uint32_t kWhileFilled = 0700;

// Of directories these are not given: they say what becomes of files that are made in them.
constexpr uint64_t kFilesOnly =
    metadata::kInodeFlags | metadata::kProject | metadata::kVerity | metadata::kCapabilities;

}  // namespace

bool TreeWorker::start_directory(const Place& place, Fd in, const FileStat& stat,
                                 TreeDirectory& directory) {
  directory.unseen = place.unseen;
  const bool known_to_be_new = s_.options.dry_run && place.out_dir < 0;
  Done made_it;
  if (known_to_be_new) {
    made_it = {};
  } else if (s_.options.dry_run) {
    if (s_.system.names.stat(place.out_dir, place.out_name, false)) {
      made_it = libcopyfile::fail(EEXIST, Op::create);
    }
  } else {
    made_it = s_.system.names.make_directory(place.out_dir, place.out_name, first_mode(stat));
  }
  if (!made_it && made_it.error().code != EEXIST) {
    fail(place, stat, Trouble::cannot_create_directory, made_it.error());
    return false;
  }
  // Two names that are one there (case-insensitive file systems), or somebody else at work.
  const bool ours_alone =
      !place.is_operand() && place.unseen && !s_.several && !place.directory_is_resumed();
  if (!made_it && ours_alone) {
    fail(place, stat, Trouble::just_created, made_it.error());
    return false;
  }
  directory.made = made_it.has_value();
  const bool known = may_be_one(place);
  // Btrfs lists what was there when a directory was opened. The destination may be in it now, and must be met, to be refused.
  if (place.is_operand() && !s_.options.dry_run) {
    Result<Fd> again = s_.system.names.open(in.get(), ".", Open::directory);
    if (again) in = std::move(*again);
  }
  Fd out;
  FileStat out_stat;
  if (!(s_.options.dry_run && directory.made)) {
    Result<Fd> opened = open_destination(place, stat, directory.made);
    if (!opened) return false;
    const Result<FileStat> now = s_.system.files.stat(opened->get());
    if (!now) {
      fail(place, stat, Trouble::cannot_create_directory, now.error());
      return false;
    }
    out = std::move(*opened);
    out_stat = *now;
  }
  if (known && !place.directory->claim(out_stat)) {
    fail(place, stat, Trouble::just_created, Error{EEXIST, Op::create, place.out_name, {}});
    return false;
  }
  if (!directory.made && place.directory_is_resumed()) directory.resumed = true;
  if (directory.resumed) {
    // What was complete then may be read-only.
    if ((out_stat.mode & kWhileFilled) != kWhileFilled) {
      (void)s_.system.attributes.set_mode(out.get(), kWhileFilled);
    }
    directory.made = true;
  }
  describe_pair(s_.system, s_.catalogue, &s_.learned, seen_,
                place.directory != nullptr ? &place.directory->pair : nullptr, in.get(), stat,
                out.get(), out_stat, directory.pair);
  directory.folds_case = (known && directory.made) || folds_case(directory, out.get());
  directory.adopt(std::move(in), stat, std::move(out), out_stat);
  return true;
}

// Case-insensitive, as a rule or, where directories have a flag for it, by that. What is made in such a directory has it, too.
bool TreeWorker::folds_case(const TreeDirectory& directory, int out) const {
  const bool cannot_collide = directory.unseen && !s_.several && !directory.resumed;
  // Where nothing was, a name that is taken tells.
  if (cannot_collide || s_.options.dry_run) return false;
  const std::string_view fs = fs_name(directory.pair.facts.out.fs.magic);
  for (const char* name : {"vfat", "exfat", "ntfs3", "cifs", "smb3"}) {
    if (fs == name) return true;
  }
  if (fs != "ext4" && fs != "f2fs" && fs != "tmpfs") return false;
  const Result<uint32_t> flags = s_.system.attributes.inode_flags(out);
  return flags && (*flags & inode_flag::kCaseFold) != 0;
}

// As it will be, with the rights that filling it needs; nothing for others until it has its owner.
uint32_t TreeWorker::first_mode(const FileStat& source) const {
  if (s_.gives(metadata::kMode | metadata::kOwner | metadata::kAcl)) return kWhileFilled;
  constexpr uint32_t kSticky = 01000;
  const uint32_t mode = (s_.options.new_mode ? 0777 : source.mode & 0777) | (source.mode & kSticky);
  return (mode & ~s_.options.creation_mask) | kWhileFilled;
}

// What we have made ourselves, or a directory that was there.
Result<Fd> TreeWorker::open_destination(const Place& place, const FileStat& stat, bool is_ours) {
  Names& names = s_.system.names;
  Result<Fd> fd = names.open(place.out_dir, place.out_name, Open::directory_no_follow);
  if (fd) return fd;
  const bool is_link = fd.error().code == ELOOP || fd.error().code == ENOTDIR;
  if (is_ours || !is_link) {
    fail(place, stat, is_link ? Trouble::escapes : Trouble::cannot_create_directory, fd.error());
    return fd;
  }
  // "DEST/" is the directory that the link leads to.
  const bool named_as_directory = place.is_operand() && place.to.ends_with('/');
  if (s_.options.keep_directory_links || named_as_directory) {
    Result<Fd> followed = names.open(place.out_dir, place.out_name, Open::directory);
    if (followed) return followed;
  }
  fail(place, stat, Trouble::directory_over_file, Error{ENOTDIR, Op::create, place.out_name, {}});
  return fd;
}

void TreeWorker::finish_directory(TreeDirectory& directory) {
  const Place place = place_of(directory);
  if (s_.options.dry_run) {
    if (directory.made) made(place, directory.source(), Made::directory, {});
    return;
  }
  const Result<TreeDirectory::Use> use = directory.use(s_.system.names, s_.system.files);
  if (!use) return fail(place, directory.source(), Trouble::cannot_create_directory, use.error());
  directory.open_parent_again(s_.system.names, s_.system.files);
  std::vector<Loss> losses;
  Done ok = give_metadata(use->in(), directory.source(), use->out(), directory.made, losses);
  if (!ok) return fail(place, directory.source(), Trouble::none, ok.error());
  if (directory.unseen && needs_own_sync(directory.pair)) {
    ok = s_.system.files.sync(use->out(), Sync::all);
    if (!ok) return fail(place, directory.source(), Trouble::none, ok.error());
  }
  if (directory.made || !losses.empty()) {
    made(place, directory.source(), Made::directory, losses);
  }
}

// As mkdir(2) with the mode of the source: sticky as that, and for the group that its own directory is for.
Done TreeWorker::keep_special_bits(const FileStat& source, int out, uint32_t made_with) {
  constexpr uint32_t kSticky = 01000;
  constexpr uint32_t kSetGroup = 02000;
  const uint32_t bits = (source.mode & kSticky) | (made_with & kSetGroup);
  if (bits == 0) return {};
  const Result<FileStat> now = s_.system.files.stat(out);
  if (!now) return libcopyfile::fail(now.error());
  if ((now->mode & (kSticky | kSetGroup)) == bits) return {};
  return s_.system.attributes.set_mode(out, (now->mode & 0777) | bits);
}

Done TreeWorker::give_metadata(int in, const FileStat& stat, int out, bool is_new,
                               std::vector<Loss>& losses) {
  const uint64_t left_out = stat.type == FileType::directory ? kFilesOnly : 0;
  const uint64_t links = stat.type == FileType::link ? metadata::kMode | metadata::kAcl : 0;
  const uint64_t not_for_it = left_out | links | (stat.type == FileType::regular ? 0 : kFilesOnly);
  MetadataRequest request{s_.common.required & ~not_for_it, s_.common.wanted & ~not_for_it,
                          s_.options.creation_mask, s_.options.new_mode};
  const bool new_directory =
      is_new && stat.type == FileType::directory && !s_.gives(metadata::kMode);
  if (new_directory && request.new_mode) request.new_mode = 0777;
  if (!is_new && (request.required | request.wanted) == 0) return {};
  const Result<FileStat> now = s_.system.files.stat(out);
  if (!now) return libcopyfile::fail(now.error());
  MetadataTransfer transfer(s_.system.attributes, request);
  // A link has no rights of its own, and what was there keeps those that are not asked for.
  if (!is_new || stat.type == FileType::link) transfer.read_replaced(out, *now);
  Done ok = transfer.read_source(in, stat);
  if (ok) ok = transfer.before_data(out, *now);
  if (ok) ok = transfer.after_data(out);
  if (ok && new_directory) ok = keep_special_bits(stat, out, now->mode);
  losses = transfer.losses();
  std::erase_if(losses, [&](const Loss& loss) { return (loss.metadata_class & links) != 0; });
  return ok;
}

// What an interrupted copy has made of names that are not in the source any more.
void TreeWorker::remove_strangers(const TreeDirectory::Use& use) {
  const Result<std::vector<Entry>> entries = s_.system.names.list(use.out());
  if (!entries) return;
  for (const Entry& e : *entries) {
    const Result<FileStat> source = s_.system.names.stat(use.in(), e.name, false);
    if (source || source.error().code != ENOENT) continue;
    if (e.type == FileType::directory) {
      (void)remove_tree(s_.system.files, s_.system.names, s_.system.attributes, use.out(), e.name);
    } else {
      (void)s_.system.names.unlink(use.out(), e.name);
    }
  }
}

}  // namespace libcopyfile
