#include "engine/plain_file.h"

#include "facts/fs_class.h"
#include "facts/read_facts.h"
#include "plan/cost.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

using namespace metadata;

constexpr uint32_t kSetId = 07000;
constexpr uint32_t kUnchangedId = 0xffffffff;
// STATX_ATTR_*: compressed, immutable, append, nodump, encrypted, verity, dax. Not that it is the root of a mount or that it
// was read atomically.
constexpr uint64_t kSpecialAttributes = 0x4 | 0x10 | 0x20 | 0x40 | 0x800 | 0x100000 | 0x200000;
constexpr uint32_t kCopiedFlags = kEarlyFlags | kMiddleFlags | kLateFlags;
// A hole in a file of one block saves nothing.
constexpr uint64_t kOneBlock = 4096;

uint64_t pack(const FileStat& stat) { return uint64_t{stat.owner} << 32 | stat.group; }

// Where owners, modes and times are what was set, and sizes are true.
bool keeps_what_it_is_given(const SideFacts& side) {
  const std::string_view name = fs_name(side.fs.magic);
  return name == "ext4" || name == "xfs" || name == "btrfs" || name == "tmpfs" || name == "f2fs";
}

SideFacts side_of(const System& system, int dir, const FileStat& stat, const SideFacts* like) {
  SideFacts side;
  if (like != nullptr && like->stat.device == stat.device) {
    side.fs = like->fs;
    side.fs_class = like->fs_class;
  } else if (const Result<FsInfo> fs = system.files.fs_info(dir)) {
    side.fs = *fs;
    side.fs_class = class_of(fs->magic);
  }
  side.kind = FileType::regular;
  side.ours = true;
  side.stat = stat;
  side.size_trusted = side.fs_class == FsClass::local;
  return side;
}

bool wants_plain_data(const DataOptions& data) {
  return data.sparse != Sparse::always && data.offload == Offload::automatic &&
         data.cache != CachePolicy::bypass && !data.bytes_seen;
}

bool wants_plain_job(const FileJob& job) {
  return wants_plain_data(job.data) && job.check.algorithm() == Algorithm::none && !job.keep_plans;
}

class PlainCopy {
 public:
  PlainCopy(const System& system, const PlainJob& job, FileReport& report)
      : system_(system), job_(job), common_(job.common), report_(report) {}

  std::optional<ReadyFile> run() {
    if (!is_plain()) return {};
    const bool clone = should_clone();
    if (!clone && common_.data.sharing == Sharing::always && job_.source.size > 0) return {};
    if (!clone && !read()) return {};
    if (!has_nothing_else()) return {};
    std::optional<PendingFile> pending = create();
    if (!pending) return {};
    if (!(clone ? share(*pending) : write(*pending))) return {};
    if (!give_rights(*pending) || !give_times(*pending)) return {};
    report_.size = job_.source.size;
    report_.data.copied = report_.size;
    const MechanismId by = clone ? MechanismId::reflink : MechanismId::buffered;
    report_.data.bytes_by[index_of(by)] = report_.size;
    for (const Loss& loss : report_.losses) report_.not_preserved |= loss.metadata_class;
    return ReadyFile{Fd(), *std::move(pending), {}};
  }

 private:
  bool gives(uint64_t c) const { return ((common_.wanted | common_.required) & c) != 0; }

  bool is_plain() const {
    const FileStat& s = job_.source;
    if (!job_.pair.plain || s.type != FileType::regular || s.size >= job_.buffer.size()) {
      return false;
    }
    if (s.size > kOneBlock && s.blocks * 512 < s.size) return false;
    return (s.attributes & kSpecialAttributes) == 0;
  }

  bool should_clone() const {
    if (!job_.pair.may_clone.load(std::memory_order_relaxed) ||
        common_.data.sharing == Sharing::never || job_.source.size == 0) {
      return false;
    }
    if (common_.data.sharing == Sharing::always) return true;
    const Facts& f = job_.pair.facts;
    return job_.source.size >=
               (f.cheap_clones ? cost::kSmallestCheapClone : cost::kSmallestCloneIntoNew) ||
           is_cold();
  }

  // A clone needs nothing of what would have to come from the medium first.
  bool is_cold() const {
    const Result<uint64_t> cached = system_.files.resident(job_.in, {0, job_.source.size});
    return cached && *cached == 0;
  }

  // One byte more than there should be, so that one call shows the end, too.
  bool read() {
    const size_t size = job_.source.size;
    const Result<size_t> n = retry_interrupted(
        [&] { return system_.files.read(job_.in, job_.buffer.first(size + 1), 0, Cache::keep); });
    return n && *n == size && is_as_it_was();
  }

  bool is_as_it_was() {
    const Result<FileStat> now = system_.files.stat(job_.in);
    const FileStat& before = job_.source;
    return common_.allow_change ||
           (now && now->size == before.size && now->modified == before.modified &&
            now->changed == before.changed);
  }

  // Not even what is to be read only to be left out is looked for one by one.
  bool has_nothing_else() {
    // Whoever gives the bits of a group must know whether they are a mask.
    const Result<std::vector<std::string>> names = system_.attributes.list_xattrs(job_.in);
    if (names ? !names->empty() : !is_not_supported(names.error().code)) return false;
    if (gives(kInodeFlags)) {
      const Result<uint32_t> flags = system_.attributes.inode_flags(job_.in);
      if (flags ? (*flags & kCopiedFlags) != 0 : !is_not_supported(flags.error().code))
        return false;
    }
    if (!gives(kProject) || !job_.pair.has_projects) return true;
    const Result<Project> project = system_.attributes.project(job_.in);
    return project && project->id == 0;
  }

  uint32_t permissions() const {
    if (gives(kMode)) return job_.source.mode;
    return common_.new_mode.value_or(job_.source.mode & 0777) & ~common_.creation_mask;
  }

  // With the final rights at once where the final owner is the one that it comes out with.
  std::optional<PendingFile> create() {
    const uint32_t final_mode = permissions();
    const bool ours = job_.pair.created_owner.load(std::memory_order_relaxed) == wanted_owner();
    const bool open_to_us = (final_mode & 0600) == 0600 && (final_mode & kSetId) == 0;
    const bool at_once = common_.unseen && ours && open_to_us &&
                         (final_mode & common_.creation_mask) == 0 &&
                         job_.pair.exact_mode.load(std::memory_order_relaxed);
    mode_ = at_once ? final_mode : 0600;
    Result<PendingFile> made =
        common_.unseen ? PendingFile::create_unseen(system_.files, system_.names, job_.out_parent,
                                                    job_.name, mode_)
                       : PendingFile::create(system_.files, system_.names, job_.out_parent,
                                             job_.name, common_.replace);
    if (!made) return {};
    if (!knows_created(*made)) return {};
    return *std::move(made);
  }

  bool knows_created(const PendingFile& pending) {
    created_ = job_.pair.created_owner.load(std::memory_order_relaxed);
    if (created_ != DirectoryPair::kUnknown) return true;
    const Result<FileStat> stat = system_.files.stat(pending.fd());
    if (!stat) return false;
    created_ = pack(*stat);
    job_.pair.exact_mode.store(stat->mode == mode_, std::memory_order_relaxed);
    job_.pair.created_owner.store(created_, std::memory_order_relaxed);
    return true;
  }

  uint64_t wanted_owner() const {
    return gives(kOwner) ? pack(job_.source)
                         : job_.pair.created_owner.load(std::memory_order_relaxed);
  }

  bool share(const PendingFile& pending) {
    if (const Done ok = system_.files.clone(job_.in, pending.fd()); !ok) {
      if (is_not_supported(ok.error().code)) learn_no_clones(ok.error().code);
      return false;
    }
    const Result<FileStat> now = system_.files.stat(pending.fd());
    return now &&
           now->size ==
               job_.source.size;  // a snapshot: of what was there, or of what is not this size
  }

  // Once for all files between these mounts, as the engine does.
  void learn_no_clones(int code) {
    job_.pair.may_clone.store(false, std::memory_order_relaxed);
    if (job_.learned == nullptr) return;
    job_.learned->learn(job_.pair.facts, MechanismId::reflink,
                        {Can::no, "the file system cannot share extents", code});
  }

  bool write(const PendingFile& pending) {
    if (job_.source.size == 0) return true;
    size_t written = 0;
    const std::span<const std::byte> data = job_.buffer.first(job_.source.size);
    return write_all(system_.files, pending.fd(), data, 0, &written).has_value();
  }

  bool give_rights(const PendingFile& pending) {
    uint32_t mode = permissions();
    const uint64_t wanted = gives(kOwner) ? pack(job_.source) : created_;
    if (wanted != created_) {
      const Done ok =
          system_.attributes.set_owner(pending.fd(), job_.source.owner, job_.source.group);
      if (!ok && !lose_owner(pending, ok.error(), mode)) return false;
    }
    if (mode == mode_) return true;
    return system_.attributes.set_mode(pending.fd(), mode).has_value();
  }

  // Users may not give files away; the group is theirs to choose among their own.
  bool lose_owner(const PendingFile& pending, const Error& why, uint32_t mode) {
    if (why.code != EPERM || (mode & kSetId) != 0) return false;
    // What must be given and can't be is a failure, which the engine tells.
    if ((common_.required & kOwner) != 0) return false;
    const auto created_group = static_cast<uint32_t>(created_);
    if (job_.source.owner != created_ >> 32) report_.losses.push_back({kOwner, "owner", why.code});
    if (job_.source.group == created_group) return true;
    const bool same_again = job_.source.owner == created_ >> 32;
    const Done group =
        same_again ? Done(fail(why))
                   : system_.attributes.set_owner(pending.fd(), kUnchangedId, job_.source.group);
    if (!group) report_.losses.push_back({kOwner, "group", group.error().code});
    return true;
  }

  bool give_times(const PendingFile& pending) {
    if (!gives(kTimes)) return true;
    const FileStat& s = job_.source;
    return system_.attributes.set_times(pending.fd(), s.accessed, s.modified).has_value();
  }

  const System& system_;
  const PlainJob& job_;
  const FileJob& common_;
  FileReport& report_;
  uint32_t mode_ = 0600;  // that it was made with
  uint64_t created_ = DirectoryPair::kUnknown;
};

}  // namespace

void describe_pair(const System& system, const Catalogue& catalogue, const Learned* learned,
                   const FileJob& job, const DirectoryPair* like, int in, const FileStat& in_stat,
                   int out, const FileStat& out_stat, DirectoryPair& pair) {
  const SideFacts* const like_in = like != nullptr ? &like->facts.in : nullptr;
  const SideFacts* const like_out = like != nullptr ? &like->facts.out : nullptr;
  // The machine is the same for all of them.
  pair.facts =
      join_sides(side_of(system, in, in_stat, like_in), side_of(system, out, out_stat, like_out),
                 true, like != nullptr ? Detail::brief : Detail::full);
  if (like != nullptr) {
    pair.facts.kernel = like->facts.kernel;
    pair.facts.memory = like->facts.memory;
  }
  if (learned != nullptr) learned->recall(pair.facts);
  pair.may_clone = pair.facts.same_file_system &&
                   catalogue.verdicts(pair.facts)[index_of(MechanismId::reflink)].can != Can::no;
  pair.plain = wants_plain_job(job) && keeps_what_it_is_given(pair.facts.in) &&
               keeps_what_it_is_given(pair.facts.out);
  if (!pair.plain) return;
  // What files inherit there the engine weighs against what they should have.
  const Result<std::optional<Acl>> acl = system.attributes.default_acl(out);
  if (acl ? acl->has_value() : !is_not_supported(acl.error().code)) pair.plain = false;
  const uint64_t gives = job.wanted | job.required;
  if ((gives & kInodeFlags) != 0) {
    const Result<uint32_t> flags = system.attributes.inode_flags(out);
    if (flags ? (*flags & kCopiedFlags) != 0 : !is_not_supported(flags.error().code)) {
      pair.plain = false;
    }
  }
  if ((gives & kProject) != 0) {
    const Result<Project> project = system.attributes.project(out);
    pair.has_projects = project.has_value();
    if (project && project->inherited) pair.plain = false;
  }
}

std::optional<ReadyFile> prepare_plain(const System& system, const PlainJob& job,
                                       FileReport& report) {
  std::optional<ReadyFile> ready = PlainCopy(system, job, report).run();
  if (!ready) report = {};
  return ready;
}

}  // namespace libcopyfile
