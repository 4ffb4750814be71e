// Opening images, and the files that are made beside them.
#include "target/image_file.h"

#include <utility>

#include "facts/fs_class.h"
#include "facts/read_facts.h"
#include "publish/pending_file.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/transfer.h"

namespace libcopyfile::target {
namespace {

// The kernel's own parts, kept as long as an image lives.
struct KernelSystem {
  KernelFiles files;
  KernelNames names;
  ImageSystem images{files, names};
};

struct SplitPath {
  std::string directory, name;
};

SplitPath split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// Looked at before it is opened, because opening a pipe or a device does something; and opened by what was looked at, so that
// nobody can put another file in its place.
Result<Fd> open_regular(ImageSystem& system, const std::string& path, bool read_only) {
  const Result<Fd> look = system.names.open(kCurrentDirectory, path, Open::path);
  if (!look) return fail(look.error());
  const Result<FileStat> stat = system.files.stat(look->get());
  if (!stat) return fail(stat.error().code, Op::stat, path);
  if (stat->type != FileType::regular || stat->size == 0) return fail(EINVAL, Op::open, path);
  Result<Fd> file = system.files.reopen(look->get(), read_only ? Reopen::read : Reopen::read_write);
  if (!file) return fail(file.error().code, Op::open, path);
  const Done locked =
      system.files.lock(file->get(), read_only ? LockMode::shared : LockMode::exclusive);
  if (locked) return file;
  return fail(locked.error().code == EWOULDBLOCK ? EBUSY : locked.error().code, Op::open, path);
}

// The directory in which the file lies, whatever links led to it. None where that can't be told, or where another file system
// begins between the two (a file can be a mount point).
std::shared_ptr<const Fd> directory_of(ImageSystem& system, int file, uint64_t device) {
  const std::string self = "/proc/self/fd/" + std::to_string(file);
  const Result<std::string> path = system.names.read_link(kCurrentDirectory, self);
  if (!path) return nullptr;
  Result<Fd> directory =
      system.names.open(kCurrentDirectory, split(*path).directory, Open::directory);
  if (!directory) return nullptr;
  const Result<FileStat> stat = system.files.stat(directory->get());
  if (!stat || stat->device != device) return nullptr;
  return std::make_shared<const Fd>(std::move(*directory));
}

// What works is told by trying it on a block in a file without a name.
void probe(ImageSystem& system, int directory, ImageInfo& info) {
  const Result<Fd> one = system.names.create_unnamed(directory, 0600);
  const Result<Fd> other = system.names.create_unnamed(directory, 0600);
  if (!one || !other) return;
  const uint64_t block = info.granularity;
  const std::vector<std::byte> data(block, std::byte{1});
  size_t written = 0;
  if (!write_all(system.files, one->get(), data, 0, &written)) return;
  const CopyRange whole{0, 0, block};
  info.can_share = retry_interrupted([&] {
                     return system.files.clone_range(one->get(), other->get(), whole);
                   }).has_value();
  info.can_punch = retry_interrupted([&] {
                     return system.files.allocate(one->get(), Allocate::punch, {0, block});
                   }).has_value();
}

Result<ImageInfo> read_info(ImageSystem& system, int file, bool read_only) {
  const Result<SideFacts> side = read_side(system.files, file, true);
  if (!side) return fail(side.error());
  const Facts facts = join_sides(*side, *side, false);
  ImageInfo info;
  info.size = side->size;
  info.granularity = static_cast<uint32_t>(facts.clone_alignment);
  info.read_only = read_only;
  // Subvolumes of one Btrfs have devices of their own and can share nevertheless: what they have in common is the mount.
  info.file_system =
      facts.cheap_clones && side->stat.mount != 0 ? side->stat.mount : side->stat.device;
  return info;
}

}  // namespace

ImageFile::ImageFile(std::shared_ptr<ImageSystem> system, Parts parts)
    : system_(std::move(system)),
      parts_(std::move(parts)),
      infos_{parts_.info},
      now_(&infos_.front()) {}

Result<std::shared_ptr<Image>> open_image(const std::string& path, const ImageOptions& options) {
  const auto kernel = std::make_shared<KernelSystem>();
  return open_image(std::shared_ptr<ImageSystem>(kernel, &kernel->images), path, options);
}

Result<std::shared_ptr<Image>> open_image(std::shared_ptr<ImageSystem> system,
                                          const std::string& path, const ImageOptions& options) {
  ImageFile::Parts parts;
  parts.path = path;
  parts.write_through = !options.write_cache;
  Result<Fd> file = open_regular(*system, path, options.read_only);
  if (!file) return fail(file.error());
  parts.file = std::move(*file);
  const Result<FileStat> stat = system->files.stat(parts.file.get());
  if (!stat) return fail(stat.error().code, Op::stat, path);
  Result<ImageInfo> info = read_info(*system, parts.file.get(), options.read_only);
  if (!info) return fail(info.error().code, info.error().op, path);
  parts.info = *info;
  if (!options.read_only) {
    // A write-back error is told once to each open file: here nobody but flush() can take it away.
    Result<Fd> stable = system->files.reopen(parts.file.get(), Reopen::read_write);
    if (!stable) return fail(stable.error().code, Op::open, path);
    parts.stable = std::move(*stable);
  }
  parts.directory = directory_of(*system, parts.file.get(), stat->device);
  if (parts.directory != nullptr) probe(*system, parts.directory->get(), parts.info);
  return std::make_shared<ImageFile>(std::move(system), std::move(parts));
}

Result<bool> ImageFile::refresh() {
  const std::lock_guard lock(info_mutex_);
  const Result<FileStat> stat = files().stat(parts_.file.get());
  if (!stat) return fail(stat.error().code, Op::stat, parts_.path);
  ImageInfo info = this->info();
  if (stat->size < info.size) return fail(EINVAL, Op::truncate, parts_.path);
  if (stat->size == info.size) return false;
  info.size = stat->size;
  now_.store(&infos_.emplace_back(info), std::memory_order_release);
  return true;
}

Result<std::shared_ptr<Image>> ImageFile::scratch(uint64_t size) {
  if (parts_.directory == nullptr) return fail(EOPNOTSUPP, Op::create, parts_.path);
  Result<Fd> file = system_->names.create_unnamed(parts_.directory->get(), 0600);
  if (!file) return fail(file.error().code, Op::create, parts_.path);
  const Done sized = retry_interrupted([&] { return files().truncate(file->get(), size); });
  if (!sized) return fail(sized.error().code, Op::truncate, parts_.path);
  Parts parts;
  parts.path = "scratch beside " + parts_.path;
  parts.file = std::move(*file);
  parts.directory = parts_.directory;
  parts.info = info();
  parts.info.size = size;
  parts.info.read_only = false;
  return std::make_shared<ImageFile>(system_, std::move(parts));
}

Done ImageFile::snapshot(const std::string& path) {
  const SplitPath where = split(path);
  if (where.name.empty()) return fail(EINVAL, Op::create, path);
  if (Done ok = flush(); !ok) return ok;
  const Result<Fd> directory =
      system_->names.open(kCurrentDirectory, where.directory, Open::directory);
  if (!directory) return fail(directory.error());
  Result<PendingFile> pending =
      PendingFile::create(files(), system_->names, directory->get(), where.name, Replace::never);
  if (!pending) return fail(pending.error());
  const Done cloned =
      retry_interrupted([&] { return files().clone(parts_.file.get(), pending->fd()); });
  if (!cloned) return fail(cloned.error().code, Op::clone, path);
  const Result<Published> published = std::move(*pending).commit(Durability::durable);
  if (!published) return fail(published.error());
  if (published->late) return fail(*published->late);
  return {};
}

}  // namespace libcopyfile::target
