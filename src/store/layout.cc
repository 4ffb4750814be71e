#include "store/layout.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "publish/name_durability.h"
#include "store/index.h"
#include "sys/lock_file.h"
#include "sys/transfer.h"

namespace libcopyfile::store {
namespace {

constexpr const char* kBlobs = "blobs";
constexpr const char* kSha256 = "sha256";
constexpr const char* kPending = "pending";
constexpr const char* kQuarantine = "quarantine";
constexpr const char* kContentLock = "lock";
constexpr const char* kIndexLock = "index.lock";
// Those that a creation that did not end may have left, and what mkfs makes.
constexpr std::array<std::string_view, 9> kOwn{kBlobs,
                                               kPending,
                                               kQuarantine,
                                               kContentLock,
                                               kIndexLock,
                                               kIndexName,
                                               "index.sqlite-journal",
                                               "verify",
                                               "lost+found"};

// Permissions that the umask has no say in.
Result<Fd> make_directory(const System& system, int dir, const std::string& name, uint32_t mode) {
  const Done made = system.names.make_directory(dir, name, mode);
  if (!made && made.error().code != EEXIST) return fail(made.error());
  Result<Fd> fd = system.names.open(dir, name, Open::directory_no_follow);
  if (!fd || !made) return fd;
  if (Done ok = system.attributes.set_mode(fd->get(), mode); !ok) return fail(ok.error());
  return fd;
}

Result<Fd> make_file(const System& system, int dir, const std::string& name, uint32_t mode) {
  Result<Fd> fd = system.names.create_exclusive(dir, name, mode);
  if (!fd) {
    if (fd.error().code != EEXIST) return fd;
    return system.names.open(dir, name, Open::look_and_lock);
  }
  if (Done ok = system.attributes.set_mode(fd->get(), mode); !ok) return fail(ok.error());
  return fd;
}

// Who may only read could keep writers waiting for as long as it likes with a lock of its own.
uint32_t lock_mode(const Format& format) { return (format.index_mode() & 0020) != 0 ? 0660 : 0600; }

Done write_format(const System& system, int root, const Format& format, Replace replace) {
  Result<PendingFile> pending =
      PendingFile::create(system.files, system.names, root, kFormatName, replace);
  if (!pending) return fail(pending.error());
  const std::string text = format_text(format);
  size_t written = 0;
  if (Done ok = write_all(system.files, pending->fd(), std::as_bytes(std::span(text)), 0, &written);
      !ok) {
    return ok;
  }
  const uint32_t mode = format.index_mode() & 0444;
  if (Done ok = system.attributes.set_mode(pending->fd(), mode); !ok) return ok;
  const Result<Published> published = std::move(*pending).commit(Durability::durable);
  if (!published) return fail(published.error());
  if (published->late) return fail(*published->late);
  return {};
}

Done has_nothing_else(const System& system, int root) {
  const Result<std::vector<Entry>> entries = system.names.list(root);
  if (!entries) return fail(entries.error());
  for (const Entry& entry : *entries) {
    if (entry.name == kFormatName) return fail(EEXIST, Op::create);
    if (std::find(kOwn.begin(), kOwn.end(), entry.name) == kOwn.end()) {
      return fail(ENOTEMPTY, Op::create);
    }
  }
  return {};
}

Result<Fd> open_part(const System& system, int dir, const char* name) {
  return system.names.open(dir, name, Open::directory_no_follow);
}

// Everything but the index and the file `format`.
Result<Layout> make_parts(const System& system, Fd root, const Format& format) {
  const uint32_t mode = format.directory_mode();
  Result<Fd> blobs = make_directory(system, root.get(), kBlobs, mode);
  if (!blobs) return fail(blobs.error());
  Result<Fd> sha256 = make_directory(system, blobs->get(), kSha256, mode);
  Result<Fd> pending = make_directory(system, root.get(), kPending, mode);
  Result<Fd> quarantine = make_directory(system, root.get(), kQuarantine, mode);
  Result<Fd> content_lock = make_file(system, root.get(), kContentLock, lock_mode(format));
  Result<Fd> index_lock = make_file(system, root.get(), kIndexLock, lock_mode(format));
  for (Result<Fd>* const fd : {&sha256, &pending, &quarantine, &content_lock, &index_lock}) {
    if (!*fd) return fail(fd->error());
  }
  if (Done ok = sync_names(system.files, system.names, blobs->get(), kSha256); !ok) {
    return fail(ok.error());
  }
  return Layout{std::move(root),        *std::move(sha256),       *std::move(pending),
                *std::move(quarantine), *std::move(content_lock), *std::move(index_lock)};
}

// What a directory's permissions say of who may use it.
Members members_by(uint32_t mode) {
  for (const Members members :
       {Members::group_readers, Members::group, Members::readers, Members::owner}) {
    const uint32_t wanted = Format{kFormatVersion, members}.directory_mode() & 0777;
    if ((mode & 0777 & wanted) == wanted) return members;
  }
  return Members::owner;
}

}  // namespace

Done make_layout(const System& system, int dir, const std::string& path, const Format& format) {
  Result<Fd> root = Fd();
  {
    const Done made = system.names.make_directory(dir, path, format.directory_mode());
    if (!made && made.error().code != EEXIST) return fail(made.error());
    root = system.names.open(dir, path, Open::directory);
    if (!root) return fail(root.error());
    if (Done ok = has_nothing_else(system, root->get()); !ok) return ok;
    if (Done ok = system.attributes.set_mode(root->get(), format.directory_mode()); !ok) return ok;
  }
  Result<Layout> layout = make_parts(system, *std::move(root), format);
  if (!layout) return fail(layout.error());
  // Two that create the same one: the second finds the file.
  const Result<HeldLock> lock = HeldLock::take(layout->content_lock.get(), LockMode::exclusive);
  if (!lock) return fail(lock.error());
  const int at = layout->root.get();
  if (Done ok = has_nothing_else(system, at); !ok) return ok;
  if (Done ok = make_index_file(system, at, format); !ok) return ok;
  const Result<std::string> where = index_path(system, at);
  if (!where) return fail(where.error());
  const Result<Index> index = Index::create(*where, layout->index_lock.get());
  if (!index) return fail(index.error());
  if (Done ok = write_format(system, at, format, Replace::never); !ok) return ok;
  // The name of the directory itself.
  const Result<Fd> parent = system.names.open(at, "..", Open::directory);
  if (!parent) return {};
  const Done synced = sync_names(system.files, system.names, parent->get(), path);
  return !synced && synced.error().code == EACCES ? Done() : synced;
}

Result<Layout> open_layout(const System& system, int dir, const std::string& path, bool write) {
  Result<Fd> root = system.names.open(dir, path, Open::directory);
  if (!root) return fail(root.error());
  Layout layout;
  const Result<Fd> blobs = open_part(system, root->get(), kBlobs);
  if (!blobs) return fail(blobs.error().code, Op::open, path + " is no repository");
  Result<Fd> sha256 = open_part(system, blobs->get(), kSha256);
  if (!sha256) return fail(sha256.error());
  layout.blobs = *std::move(sha256);
  layout.root = *std::move(root);
  if (!write) {
    // Not everybody who may read may look in there.
    if (Result<Fd> fd = open_part(system, layout.root.get(), kPending))
      layout.pending = *std::move(fd);
    if (Result<Fd> fd = open_part(system, layout.root.get(), kQuarantine)) {
      layout.quarantine = *std::move(fd);
    }
    return layout;
  }
  Result<Fd> pending = open_part(system, layout.root.get(), kPending);
  Result<Fd> quarantine = open_part(system, layout.root.get(), kQuarantine);
  Result<Fd> content = system.names.open(layout.root.get(), kContentLock, Open::look_and_lock);
  Result<Fd> index = system.names.open(layout.root.get(), kIndexLock, Open::look_and_lock);
  for (const Result<Fd>* const fd : {&pending, &quarantine, &content, &index}) {
    if (!*fd) return fail(fd->error());
  }
  layout.pending = *std::move(pending);
  layout.quarantine = *std::move(quarantine);
  layout.content_lock = *std::move(content);
  layout.index_lock = *std::move(index);
  return layout;
}

Result<Format> read_format(const System& system, int root) {
  const Result<Fd> fd = system.names.open(root, kFormatName, Open::look);
  if (!fd) return fail(fd.error());
  std::array<std::byte, kMostFormatBytes + 1> buffer;
  const Result<size_t> n = read_full(system.files, fd->get(), buffer, 0);
  if (!n) return fail(n.error());
  return parse_format({reinterpret_cast<const char*>(buffer.data()), *n});
}

Done restore_layout(const System& system, int dir, const std::string& path) {
  Result<Fd> root = system.names.open(dir, path, Open::directory);
  if (!root) return fail(root.error());
  const Result<Fd> blobs = open_part(system, root->get(), kBlobs);
  if (!blobs) return fail(blobs.error().code, Op::open, path + " is no repository");
  Result<Format> format = read_format(system, root->get());
  const bool whole = format.has_value();
  if (!whole) {
    if (format.error().code == EPROTONOSUPPORT) return fail(format.error());
    const Result<FileStat> stat = system.files.stat(root->get());
    if (!stat) return fail(stat.error());
    format = Format{kFormatVersion, members_by(stat->mode)};
  }
  const Result<Layout> layout = make_parts(system, *std::move(root), *format);
  if (!layout) return fail(layout.error());
  if (whole) return {};
  return write_format(system, layout->root.get(), *format, Replace::file);
}

Result<std::string> index_path(const System& system, int root, const std::string& name) {
  const std::string directory = "/proc/self/fd/" + std::to_string(root);
  if (!system.names.open(AT_FDCWD, directory, Open::directory_path))
    return fail(EOPNOTSUPP, Op::open, "/proc/self/fd");
  return directory + "/" + name;
}

Done make_index_file(const System& system, int root, const Format& format,
                     const std::string& name) {
  for (const std::string& old : {name, name + "-journal"}) {
    const Done gone = system.names.unlink(root, old);
    if (!gone && gone.error().code != ENOENT) return gone;
  }
  const Result<Fd> fd = make_file(system, root, name, format.index_mode());
  if (!fd) return fail(fd.error());
  return {};
}

}  // namespace libcopyfile::store
