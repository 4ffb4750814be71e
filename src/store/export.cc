#include "store/export.h"

#include <algorithm>

#include "base/buffer.h"
#include "publish/pending_directory.h"
#include "store/tar_format.h"
#include "sys/transfer.h"
#include "verify/hasher.h"

namespace libcopyfile::store {
namespace {

bool is_below(const std::string& name, const std::string& prefix) {
  if (prefix.empty() || name == prefix) return true;
  return name.starts_with(prefix) && name[prefix.size()] == '/';
}

Done for_each_below(Repository& repository, const std::string& prefix,
                    const std::function<bool(const NameRecord&)>& found) {
  const Result<Index*> index = repository.index();
  if (!index) return fail(index.error());
  return (*index)->for_each_name(
      prefix, [&](const NameRecord& name) { return !is_below(name.name, prefix) || found(name); });
}

class TreeExport {
 public:
  TreeExport(Repository& repository, const ExportOptions& options, int top)
      : repository_(repository),
        system_(repository.environment().system),
        options_(options),
        top_(top) {}

  Result<ExportReport> run() {
    const Done read = for_each_below(repository_, options_.prefix, [&](const NameRecord& name) {
      const Done ok = put(name);
      if (!ok && (ok.error().code == ECANCELED || is_no_space(ok.error().code))) {
        fatal_ = ok.error();
        return false;
      }
      ++(ok ? report_.files : report_.failed);
      if (ok) report_.bytes += name.size;
      if (options_.ended) options_.ended(name.name, ok);
      return true;
    });
    if (!read) return fail(read.error());
    if (fatal_) return fail(*fatal_);
    return report_;
  }

 private:
  Done put(const NameRecord& name) {
    Result<Fd> at = Fd();
    int dir = top_;
    size_t begin = 0;
    for (size_t end = name.name.find('/'); end != std::string::npos;
         end = name.name.find('/', begin)) {
      at = enter(dir, name.name.substr(begin, end - begin));
      if (!at) return fail(at.error());
      here_ = *std::move(at);
      dir = here_.get();
      begin = end + 1;
    }
    GetOptions options;
    // All of the tree is synced and named at once.
    options.durability = Durability::none;
    options.recorded_metadata = options_.recorded_metadata;
    options.creation_mask = options_.creation_mask;
    options.control = options_.control;
    const Result<Got> got =
        get(repository_, Reference(name.name), dir, name.name.substr(begin), options);
    if (!got) return fail(got.error());
    return {};
  }

  Result<Fd> enter(int dir, const std::string& name) {
    const Done made = system_.names.make_directory(dir, name, 0777 & ~options_.creation_mask);
    if (!made && made.error().code != EEXIST) return fail(made.error());
    return system_.names.open(dir, name, Open::directory_no_follow);
  }

  Repository& repository_;
  const System& system_;
  const ExportOptions& options_;
  int top_;
  Fd here_;
  ExportReport report_;
  std::optional<Error> fatal_;
};

class TarExport {
 public:
  TarExport(Repository& repository, int fd, const ExportOptions& options)
      : repository_(repository),
        files_(repository.environment().system.files),
        fd_(fd),
        options_(options) {}

  Result<ExportReport> run() {
    std::optional<Error> failed;
    const Done read = for_each_below(repository_, options_.prefix, [&](const NameRecord& name) {
      const Done ok = put(name);
      if (options_.ended) options_.ended(name.name, ok);
      if (!ok) failed = ok.error();
      return ok.has_value();
    });
    if (!read) return fail(read.error());
    if (failed) return fail(*failed);
    if (Done ok = write(tar_end()); !ok) return fail(ok.error());
    return report_;
  }

 private:
  Done put(const NameRecord& name) {
    const Result<Fd> blob = repository_.open_unchecked(name.digest);
    if (!blob) return fail(blob.error());
    const Result<FileStat> stat = files_.stat(blob->get());
    if (!stat) return fail(stat.error());
    TarFile file{name.name, stat->size, 0666 & ~options_.creation_mask, {name.added, 0}};
    if (options_.recorded_metadata && name.mode) file.mode = *name.mode;
    if (options_.recorded_metadata && name.modified) file.modified = *name.modified;
    if (Done ok = write(tar_header(file)); !ok) return ok;
    if (Done ok = put_bytes(blob->get(), stat->size, name); !ok) return ok;
    ++report_.files;
    report_.bytes += stat->size;
    return write(std::string(static_cast<size_t>(tar_padding(stat->size)), '\0'));
  }

  Done put_bytes(int blob, uint64_t size, const NameRecord& name) {
    Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
    if (!hasher) return fail(hasher.error());
    AlignedBuffer buffer(size_t{1} << 20);
    if (!buffer.valid()) return fail(ENOMEM, Op::read);
    for (uint64_t at = 0; at < size;) {
      const size_t room = static_cast<size_t>(std::min<uint64_t>(size - at, buffer.size()));
      const Result<size_t> n = read_full(files_, blob, buffer.span().first(room), at);
      if (!n) return fail(n.error());
      if (*n == 0) break;
      hasher->add(buffer.span().first(*n));
      if (Done ok = write_bytes(buffer.span().first(*n)); !ok) return ok;
      at += *n;
      progress_.copied += *n;
      if (options_.control.progress && !options_.control.progress(progress_)) {
        return fail(ECANCELED, Op::progress);
      }
    }
    const Result<Digest> digest = hasher->finish();
    if (!digest) return fail(digest.error());
    if (*digest != name.digest) return fail(EBADMSG, Op::verify, name.name);
    return {};
  }

  Done write(const std::string& text) { return write_bytes(std::as_bytes(std::span(text))); }

  Done write_bytes(std::span<const std::byte> data) {
    while (!data.empty()) {
      const Result<size_t> n =
          retry_interrupted([&] { return files_.write(fd_, data, kStream, Cache::keep); });
      if (!n) return fail(n.error());
      if (*n == 0) return fail(EIO, Op::write);
      data = data.subspan(*n);
    }
    return {};
  }

  Repository& repository_;
  Files& files_;
  int fd_;
  const ExportOptions& options_;
  ExportReport report_;
  Progress progress_;
};

}  // namespace

// Aside, and named when it is complete.
Result<ExportReport> export_tree(Repository& repository, int out_dir, const std::string& out_path,
                                 const ExportOptions& options) {
  const System& system = repository.environment().system;
  std::string path = out_path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return fail(EEXIST, Op::create, out_path);
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Result<Fd> parent = system.names.open(out_dir, above, Open::directory);
  if (!parent) return fail(parent.error());
  if (system.names.stat(parent->get(), name, false)) return fail(EEXIST, Op::create, out_path);
  Result<PendingDirectory> pending =
      PendingDirectory::create(system.files, system.names, system.attributes, parent->get(), name);
  if (!pending) return fail(pending.error());
  Result<ExportReport> report = TreeExport(repository, options, pending->fd()).run();
  if (!report) return report;
  const Done mode = system.attributes.set_mode(pending->fd(), 0777 & ~options.creation_mask);
  if (!mode) return fail(mode.error());
  const Result<Published> published = std::move(*pending).commit(options.durability, false);
  if (!published) return fail(published.error());
  if (published->late) return fail(*published->late);
  return report;
}

Result<ExportReport> export_tar(Repository& repository, int fd, const ExportOptions& options) {
  return TarExport(repository, fd, options).run();
}

Done export_sums(Repository& repository, const std::string& prefix,
                 const std::function<bool(std::string_view line)>& line) {
  // No name needs sha256sum's escapes: line feeds are none, and a backslash is written twice.
  return for_each_below(repository, prefix, [&](const NameRecord& name) {
    const bool escaped = name.name.find('\\') != std::string::npos;
    std::string text = (escaped ? "\\" : "") + name.digest.hex() + "  ";
    for (const char c : name.name) text += c == '\\' ? std::string("\\\\") : std::string(1, c);
    return line(text + "\n");
  });
}

}  // namespace libcopyfile::store
