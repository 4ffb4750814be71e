#include "tree/tree_directory.h"

#include <utility>
#include <vector>

namespace libcopyfile {

TreeDirectory::~TreeDirectory() {
  if (in_.valid()) budget_.closed();
  if (out_.valid()) budget_.closed();
  // One by one: the destructors of a deep tree, each in the other, would overflow the stack.
  DirectoryPtr above = std::move(parent_);
  while (above != nullptr && above.use_count() == 1) {
    DirectoryPtr next = std::move(above->parent_);
    above = std::move(next);
  }
}

TreeDirectory::Use& TreeDirectory::Use::operator=(Use&& other) noexcept {
  release();
  of_ = std::exchange(other.of_, nullptr);
  return *this;
}

void TreeDirectory::Use::release() {
  if (of_ == nullptr) return;
  TreeDirectory& d = *std::exchange(of_, nullptr);
  {
    const std::lock_guard lock(d.mutex_);
    --d.users_;
  }
  if (d.budget_.exceeded()) d.make_room();
}

// Not the nearest ones above, which are needed next, when this one is complete: to be opened again each would need all that are
// above it, and a walk of a deep tree would take as long as its depth squared.
void TreeDirectory::make_room() {
  const size_t kept = budget_.most() / 4;
  TreeDirectory* above = parent_.get();
  for (size_t i = 0; i < 2 * kept && above != nullptr; ++i, above = above->parent_.get()) {
    if (i >= kept && above->close_if_idle()) return;
  }
  close_if_idle();
}

bool TreeDirectory::close_if_idle() {
  const std::lock_guard lock(mutex_);
  // The top ones have nothing to be opened again from.
  if (users_ > 0 || !may_close_ || parent_ == nullptr || !in_.valid()) return false;
  in_ = Fd();
  budget_.closed();
  if (std::exchange(out_, Fd()).valid()) budget_.closed();
  return true;
}

void TreeDirectory::adopt(Fd in, const FileStat& in_stat, Fd out, const FileStat& out_stat) {
  in_ = std::move(in);
  out_ = std::move(out);
  if (in_.valid()) budget_.opened();
  if (out_.valid()) budget_.opened();
  in_stat_ = in_stat;
  out_stat_ = out_stat;
}

bool TreeDirectory::claim(const FileStat& there) {
  const std::lock_guard lock(mutex_);
  return claimed_.insert(there.inode).second;
}

bool TreeDirectory::is_claimed(const FileStat& there) {
  const std::lock_guard lock(mutex_);
  return claimed_.contains(there.inode);
}

void TreeDirectory::let_go() {
  const std::lock_guard lock(mutex_);
  may_close_ = true;
}

Result<bool> TreeDirectory::try_use() {
  const std::lock_guard lock(mutex_);
  if (!in_.valid()) return false;
  ++users_;
  return true;
}

Result<TreeDirectory::Use> TreeDirectory::use(Names& names, Files& files) {
  std::vector<TreeDirectory*> closed;
  TreeDirectory* d = this;
  while (!*d->try_use()) {
    closed.push_back(d);
    d = d->parent_.get();
    if (d == nullptr) return fail(EBADF, Op::open, closed.back()->name_);
  }
  Use use(d);
  for (; !closed.empty(); closed.pop_back()) {
    if (Done ok = closed.back()->reopen(*d, names, files); !ok) return fail(ok.error());
    d = closed.back();
    use = Use(d);
  }
  return use;
}

Done TreeDirectory::reopen(const TreeDirectory& parent, Names& names, Files& files) {
  const std::lock_guard lock(mutex_);
  if (!in_.valid()) {
    const auto again = [&](int dir, const std::string& name, const FileStat& was) -> Result<Fd> {
      Result<Fd> fd = names.open(dir, name, Open::directory_no_follow);
      if (!fd) return fd;
      const Result<FileStat> now = files.stat(fd->get());
      if (!now) return fail(now.error());
      if (now->inode != was.inode || now->device != was.device) {
        return fail(ESTALE, Op::open, name);
      }
      return fd;
    };
    Result<Fd> in = again(parent.in_.get(), name_, in_stat_);
    if (!in) return fail(in.error());
    Result<Fd> out = again(parent.out_.get(), out_name.empty() ? name_ : out_name, out_stat_);
    if (!out) return fail(out.error());
    in_ = std::move(*in);
    out_ = std::move(*out);
    budget_.opened();
    budget_.opened();
  }
  ++users_;
  return {};
}

// Where that does not work, it is opened from above when it is used.
void TreeDirectory::open_parent_again(Names& names, Files& files) const {
  if (parent_ == nullptr || parent_->parent_ == nullptr) return;
  TreeDirectory& above = *parent_;
  const std::lock_guard lock(above.mutex_);
  if (above.in_.valid()) return;
  const auto up = [&](const Fd& from, const FileStat& was) {
    Result<Fd> fd = names.open(from.get(), "..", Open::directory);
    if (!fd) return Fd();
    const Result<FileStat> now = files.stat(fd->get());
    const bool same = now && now->inode == was.inode && now->device == was.device;
    return same ? std::move(*fd) : Fd();
  };
  Fd in = up(in_, above.in_stat_);
  Fd out = up(out_, above.out_stat_);
  if (!in.valid() || !out.valid()) return;
  above.in_ = std::move(in);
  above.out_ = std::move(out);
  budget_.opened();
  budget_.opened();
}

std::string TreeDirectory::path_from(const std::string& top, const std::string& entry,
                                     bool of_source) const {
  std::vector<const std::string*> parts;
  if (!entry.empty()) parts.push_back(&entry);
  for (const TreeDirectory* d = this; d->parent_ != nullptr; d = d->parent_.get()) {
    parts.push_back(of_source || d->out_name.empty() ? &d->name_ : &d->out_name);
  }
  std::string path = top;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (!path.empty() && path.back() != '/') path += '/';
    path += **part;
  }
  return path;
}

std::string TreeDirectory::from_path(const std::string& entry) const {
  return path_from(base_->from, entry, true);
}

std::string TreeDirectory::to_path(const std::string& entry) const {
  return path_from(base_->to, entry, false);
}

std::string TreeDirectory::inside(const std::string& entry) const {
  return path_from({}, entry, true);
}

bool TreeDirectory::is_below(uint64_t device, uint64_t inode) const {
  for (const TreeDirectory* d = this; d != nullptr; d = d->parent_.get()) {
    if (d->in_stat_.inode == inode && d->in_stat_.device == device) return true;
  }
  return false;
}

}  // namespace libcopyfile
