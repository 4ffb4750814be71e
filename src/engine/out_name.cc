#include "engine/out_name.h"

#include "facts/fs_class.h"

namespace libcopyfile {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's own limit

struct Split {
  std::string directory;
  std::string name;
};

Split split_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Result<Fd> open_directory(Names& names, int dir, const std::string& path) {
  Result<Fd> fd = names.open(dir, path, Open::directory);
  // Searchable and writable is enough to publish in; only syncing the directory needs more.
  if (!fd && fd.error().code == EACCES) return names.open(dir, path, Open::directory_path);
  return fd;
}

bool is_made_up(Files& files, int dir) {
  const Result<FsInfo> fs = files.fs_info(dir);
  return fs && class_of(fs->magic) == FsClass::made_up;
}

}  // namespace

Result<OutName> resolve_out(Files& files, Names& names, int dir, const std::string& path,
                            bool follow, int parent) {
  if (path.empty()) return fail(ENOENT, Op::create, path);
  Fd previous;
  std::string rest = path;
  for (int links = 0; links <= kMaxLinks; ++links) {
    const Split split = split_path(rest);
    if (split.name.empty() || split.name == "." || split.name == "..") {
      return fail(EISDIR, Op::create, path);
    }
    OutName out;
    out.name = split.name;
    if (links == 0 && parent >= 0) {
      out.dir = parent;
    } else {
      const int base = previous.valid() ? previous.get() : links > 0 ? parent : dir;
      Result<Fd> opened = open_directory(names, base, split.directory);
      if (!opened) {
        opened.error().where = path;
        return fail(opened.error());
      }
      out.opened = std::move(*opened);
      out.dir = out.opened.get();
    }
    const Result<FileStat> stat = names.stat(out.dir, out.name, false);
    if (stat) {
      out.existing = *stat;
    } else if (stat.error().code != ENOENT) {
      return fail(stat.error().code, Op::stat, path);
    } else if (links > 0) {
      return fail(ENOENT, Op::create, path);  // a dangling link
    }
    if (!stat || !follow || stat->type != FileType::link) return out;
    if (is_made_up(files, out.dir)) return fail(EBUSY, Op::create, path);
    Result<std::string> target = names.read_link(out.dir, out.name);
    if (!target) return fail(target.error());
    rest = std::move(*target);
    if (out.opened.valid()) previous = std::move(out.opened);
  }
  return fail(ELOOP, Op::create, path);
}

}  // namespace libcopyfile
