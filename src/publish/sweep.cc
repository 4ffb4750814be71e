#include "publish/sweep.h"

#include <vector>

#include "publish/private_name.h"
#include "publish/remove_tree.h"
#include "sys/system_info.h"

namespace libcopyfile {
namespace {

class Sweep {
 public:
  Sweep(Files& files, Names& names, Attributes& attributes, const SweepOptions& options)
      : files_(files), names_(names), attributes_(attributes), options_(options) {}

  Result<SweepReport> run(int dir, const std::string& path) {
    const Result<FileStat> top = files_.stat(dir);
    if (!top) return fail(top.error());
    device_ = top->device;
    if (Done ok = directory(dir, path); !ok) return fail(ok.error());
    return report_;
  }

 private:
  // Directories are open one inside the other while they are gone through: as many as the tree is deep. Below kDeepest
  // nothing is looked at, and that is said.
  static constexpr int kDeepest = 512;

  Done directory(int dir, const std::string& path) {
    Result<std::vector<Entry>> entries = names_.list(dir);
    if (!entries) return fail(entries.error());
    for (const Entry& e : *entries) {
      if (stopped_) return {};
      const bool may_be_directory = e.type == FileType::directory || e.type == FileType::other;
      const std::string below = path + (path.ends_with('/') ? "" : "/") + e.name;
      if (is_private_name(e.name)) {
        private_name(dir, e.name, below);
      } else if (may_be_directory && options_.recursive) {
        subdirectory(dir, e, below);
      }
    }
    return {};
  }

  void subdirectory(int dir, const Entry& e, const std::string& path) {
    const Result<FileStat> there = names_.stat(dir, e.name, false);
    if (!there || there->type != FileType::directory || there->device != device_) return;
    if (depth_ == kDeepest) return tell(path, Swept::failed, 0, ENAMETOOLONG);
    // A symbolic link that has come in its place meanwhile is refused, and what has been moved here is told by its inode.
    const Result<Fd> fd = names_.open(dir, e.name, Open::look);
    if (!fd) return tell(path, Swept::failed, 0, fd.error().code);
    const Result<FileStat> opened = files_.stat(fd->get());
    if (!opened || opened->inode != there->inode || opened->device != there->device) return;
    ++depth_;
    const Done ok = directory(fd->get(), path);
    --depth_;
    if (!ok) tell(path, Swept::failed, 0, ok.error().code);
  }

  void private_name(int dir, const std::string& name, const std::string& path) {
    const Result<FileStat> there = names_.stat(dir, name, false);
    if (!there || there->device != device_) return;
    switch (there->type) {
      case FileType::regular: return file(dir, name, path);
      case FileType::directory: return tree(dir, name, path, *there);
      default: return other(dir, name, path, *there);
    }
  }

  void other(int dir, const std::string& name, const std::string& path, const FileStat& there) {
    constexpr double kOld = 60;
    const double age = current_time() - static_cast<double>(there.changed.seconds);
    if (age < kOld && !options_.not_sure_too) return tell(path, Swept::in_use, 0, 0);
    remove(dir, name, path, there);
  }

  void tree(int dir, const std::string& name, const std::string& path, const FileStat& there) {
    const Result<Fd> fd = names_.open(dir, name, Open::directory_no_follow);
    if (!fd) {
      if (fd.error().code != ENOENT) tell(path, Swept::failed, 0, fd.error().code);
      return;
    }
    if (const Done locked = files_.lock(fd->get(), LockMode::exclusive); !locked) {
      if (locked.error().code == EWOULDBLOCK) return tell(path, Swept::in_use, 0, 0);
      if (!options_.not_sure_too) return tell(path, Swept::not_sure, 0, 0);
    }
    // It may have got its name, between the two looks; with the lock, nobody gives it one any more.
    const Result<FileStat> opened = files_.stat(fd->get());
    const Result<FileStat> now = names_.stat(dir, name, false);
    if (!opened || !now || now->inode != opened->inode || now->device != opened->device) return;
    if (!options_.dry_run) {
      const Done ok = remove_tree(files_, names_, attributes_, dir, name, &*opened);
      if (!ok) return tell(path, Swept::failed, 0, ok.error().code);
    }
    tell(path, Swept::removed, there.size, 0);
  }

  void file(int dir, const std::string& name, const std::string& path) {
    const Result<FileStat> there = names_.stat(dir, name, false);
    if (!there || there->type != FileType::regular) return;
    const Result<Fd> fd = open_to_lock(dir, name);
    if (!fd) {
      if (fd.error().code != ENOENT) tell(path, Swept::failed, 0, fd.error().code);
      return;
    }
    bool sure = true;
    if (const Done locked = files_.lock(fd->get(), LockMode::exclusive); !locked) {
      if (locked.error().code == EWOULDBLOCK) return tell(path, Swept::in_use, there->size, 0);
      sure = false;
    }
    if (!sure && !options_.not_sure_too) return tell(path, Swept::not_sure, there->size, 0);
    // Its copy may have ended between the two looks: then the name is gone, or stands for another file.
    const Result<FileStat> opened = files_.stat(fd->get());
    const Result<FileStat> now = names_.stat(dir, name, false);
    if (!opened || !now || now->inode != opened->inode || now->device != opened->device) return;
    remove(dir, name, path, *now);
  }

  // An NFS client turns flock(2) into a lock of bytes, for which the file must be open for writing.
  Result<Fd> open_to_lock(int dir, const std::string& name) {
    Result<Fd> fd = names_.open(dir, name, Open::look_and_lock);
    if (fd || fd.error().code == ENOENT || fd.error().code == ELOOP) return fd;
    return names_.open(dir, name, Open::look);
  }

  void remove(int dir, const std::string& name, const std::string& path, const FileStat& now) {
    if (!options_.dry_run) {
      if (const Done ok = names_.unlink(dir, name); !ok) {
        if (ok.error().code != ENOENT) tell(path, Swept::failed, 0, ok.error().code);
        return;
      }
    }
    report_.bytes += now.links > 1 ? 0 : now.blocks * 512;
    tell(path, Swept::removed, now.size, 0);
  }

  void tell(const std::string& path, Swept what, uint64_t size, int code) {
    switch (what) {
      case Swept::removed: ++report_.removed; break;
      case Swept::in_use: ++report_.in_use; break;
      case Swept::not_sure: ++report_.not_sure; break;
      case Swept::failed: ++report_.failed; break;
    }
    if (options_.found && !options_.found(path, what, size, code)) stopped_ = true;
  }

  Files& files_;
  Names& names_;
  Attributes& attributes_;
  const SweepOptions& options_;
  SweepReport report_;
  uint64_t device_ = 0;
  int depth_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<SweepReport> sweep(Files& files, Names& names, Attributes& attributes, int dir,
                          const std::string& path, const SweepOptions& options) {
  return Sweep(files, names, attributes, options).run(dir, path);
}

}  // namespace libcopyfile
