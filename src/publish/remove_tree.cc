#include "publish/remove_tree.h"

#include <utility>
#include <vector>

namespace libcopyfile {
namespace {

class Removal {
 public:
  Removal(Files& files, Names& names, Attributes& attributes)
      : files_(files), names_(names), attributes_(attributes) {}

  Done run(int dir, const std::string& name, const FileStat* expected) {
    const Result<FileStat> top = names_.stat(dir, name, false);
    if (!top) return fail(top.error());
    if (expected == nullptr) expected = &*top;
    device_ = expected->device;
    if (Done ok = enter(dir, name, expected); !ok) return ok;
    while (!path_.empty()) {
      Result<std::string> below = empty_files();
      if (!below) return fail(below.error());
      if (below->empty()) {
        if (Done ok = leave(dir); !ok) return ok;
      } else if (Done ok = enter(fd_.get(), *below, nullptr); !ok) {
        return ok;
      }
    }
    return {};
  }

 private:
  struct Level {
    std::string name;
    uint64_t device = 0;
    uint64_t inode = 0;
  };

  Done enter(int parent, const std::string& name, const FileStat* expected) {
    Result<Fd> fd = names_.open(parent, name, Open::directory_no_follow);
    if (!fd && fd.error().code == EACCES) {
      // A copy of a directory that its owner may not read.
      const Result<Fd> look = names_.open(parent, name, Open::look_path);
      if (look) (void)attributes_.set_mode(look->get(), 0700);
      fd = names_.open(parent, name, Open::directory_no_follow);
    }
    if (!fd) return fail(fd.error());
    const Result<FileStat> stat = files_.stat(fd->get());
    if (!stat) return fail(stat.error());
    if (stat->device != device_) return fail(EXDEV, Op::unlink, name);
    if (expected != nullptr && stat->inode != expected->inode) {
      return fail(ESTALE, Op::unlink, name);
    }
    constexpr uint32_t kOwner = 0700;
    if ((stat->mode & kOwner) != kOwner) (void)attributes_.set_mode(fd->get(), kOwner);
    path_.push_back({name, stat->device, stat->inode});
    fd_ = std::move(*fd);
    return {};
  }

  // Removes what is no directory; the name of one that is, or nothing if there is none.
  Result<std::string> empty_files() {
    for (;;) {
      const Result<std::vector<Entry>> entries = names_.list_more(fd_.get());
      if (!entries) return fail(entries.error());
      if (entries->empty()) return std::string();
      for (const Entry& e : *entries) {
        if (e.type == FileType::directory) return e.name;
        const Done ok = names_.unlink(fd_.get(), e.name);
        if (ok || ok.error().code == ENOENT) continue;
        // Where the file system does not tell types.
        if (ok.error().code == EISDIR || ok.error().code == EPERM) {
          const Result<FileStat> there = names_.stat(fd_.get(), e.name, false);
          if (there && there->type == FileType::directory) return e.name;
        }
        return fail(ok.error());
      }
    }
  }

  // Up again, to where we came from, with a new look at what is there.
  Done leave(int top) {
    const Level left = std::move(path_.back());
    path_.pop_back();
    if (path_.empty()) return names_.remove_directory(top, left.name);
    Result<Fd> up = names_.open(fd_.get(), "..", Open::directory);
    if (!up) return fail(up.error());
    const Result<FileStat> stat = files_.stat(up->get());
    if (!stat) return fail(stat.error());
    const Level& expected = path_.back();
    if (stat->inode != expected.inode || stat->device != expected.device) {
      return fail(EAGAIN, Op::unlink, left.name);
    }
    fd_ = std::move(*up);
    return names_.remove_directory(fd_.get(), left.name);
  }

  Files& files_;
  Names& names_;
  Attributes& attributes_;
  uint64_t device_ = 0;
  std::vector<Level> path_;
  Fd fd_;  // of the last of them
};

}  // namespace

Done remove_tree(Files& files, Names& names, Attributes& attributes, int dir,
                 const std::string& name, const FileStat* expected) {
  return Removal(files, names, attributes).run(dir, name, expected);
}

}  // namespace libcopyfile
