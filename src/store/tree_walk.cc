#include "store/tree_walk.h"

#include <algorithm>

namespace libcopyfile::store {
namespace {

std::string join(const std::string& above, const std::string& name) {
  return above.empty() ? name : above + "/" + name;
}

}  // namespace

Done TreeWalk::begin() {
  Result<Fd> top = system_.names.open(source_.dir, ".", Open::directory_no_follow);
  if (!top) return fail(top.error());
  return enter(*std::move(top), {}, source_.prefix);
}

std::optional<AddSource> TreeWalk::next() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.entries.empty()) {
      levels_.pop_back();
      continue;
    }
    const Entry entry = std::move(level.entries.back());
    level.entries.pop_back();
    if (std::optional<AddSource> found = look_at(level, entry)) return found;
  }
  return {};
}

Done TreeWalk::enter(Fd fd, std::string path, std::string name) {
  Result<std::vector<Entry>> entries = system_.names.list(fd.get());
  if (!entries) return fail(entries.error());
  // Taken from the back, so that they come in order.
  std::sort(entries->begin(), entries->end(),
            [](const Entry& a, const Entry& b) { return a.name > b.name; });
  levels_.push_back({std::make_shared<const Fd>(std::move(fd)), std::move(path), std::move(name),
                     *std::move(entries)});
  return {};
}

void TreeWalk::pass_over(const std::string& path, int code) const {
  if (source_.passed_over) source_.passed_over(path, code);
}

std::optional<AddSource> TreeWalk::look_at(const Level& level, const Entry& entry) {
  const std::string path = join(level.path, entry.name);
  const std::string name = join(level.name, entry.name);
  const int dir = level.fd->get();
  FileType type = entry.type;
  if (type == FileType::other) {
    const Result<FileStat> stat = system_.names.stat(dir, entry.name, false);
    if (!stat) {
      pass_over(path, stat.error().code);
      return {};
    }
    type = stat->type;
  }
  if (type == FileType::directory) {
    go_into(dir, entry.name, path, name);
    return {};
  }
  if (type != FileType::regular) {
    pass_over(path, type == FileType::link ? ELOOP : EINVAL);
    return {};
  }
  AddSource found;
  found.dir = dir;
  found.path = entry.name;
  found.keeps = level.fd;
  found.follow = false;
  found.name = name;
  found.shown = join(source_.path, path);
  return found;
}

void TreeWalk::go_into(int dir, const std::string& entry, const std::string& path,
                       const std::string& name) {
  // Deeper than a name can be, nothing can be added.
  if (name.size() > kMostNameBytes) return pass_over(path, ENAMETOOLONG);
  Result<Fd> fd = system_.names.open(dir, entry, Open::directory_no_follow);
  const Done ok = fd ? enter(*std::move(fd), path, name) : Done(fail(fd.error()));
  if (!ok) pass_over(path, ok.error().code);
}

}  // namespace libcopyfile::store
