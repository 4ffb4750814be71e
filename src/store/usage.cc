#include "store/usage.h"

#include <array>

#include "store/layout.h"

namespace libcopyfile::store {
namespace {

// Of a file that is open; what is not known counts as not shared.
uint64_t shared_bytes(Files& files, int fd, uint64_t size) {
  std::array<RawExtent, 64> store;
  uint64_t shared = 0;
  for (uint64_t at = 0; at < size;) {
    const Result<size_t> n = files.extents(fd, {at, size}, false, store);
    if (!n || *n == 0) break;
    for (const RawExtent& extent : std::span(store).first(*n)) {
      if (extent.shared) shared += extent.logical.length();
    }
    const RawExtent& last = store[*n - 1];
    if (last.last || last.logical.end <= at) break;
    at = last.logical.end;
  }
  return shared;
}

Result<uint64_t> entries_in(Names& names, int dir) {
  const Result<Fd> again = names.open(dir, ".", Open::directory);
  if (!again) return fail(again.error());
  const Result<std::vector<Entry>> entries = names.list(again->get());
  if (!entries) return fail(entries.error());
  return entries->size();
}

}  // namespace

Result<Usage> usage(Repository& repository, bool ask_shared) {
  const System& system = repository.environment().system;
  Usage usage;
  usage.shared_known = ask_shared;
  const auto count = [&](const Digest& digest) {
    const Result<FileStat> stat = system.names.stat(repository.blobs(), blob_path(digest), false);
    if (!stat || stat->type != FileType::regular) return true;
    ++usage.blobs;
    usage.bytes += stat->size;
    usage.stored += stat->blocks * 512;
    if (!ask_shared) return true;
    if (const Result<Fd> fd = repository.open_unchecked(digest)) {
      usage.shared += shared_bytes(system.files, fd->get(), stat->size);
    }
    return true;
  };
  if (Done ok = repository.for_each_blob(count); !ok) return fail(ok.error());
  const Result<Index*> index = repository.index();
  if (!index) return fail(index.error());
  const Done named = (*index)->for_each_name({}, [&](const NameRecord& name) {
    ++usage.names;
    usage.named_bytes += name.size;
    return true;
  });
  if (!named) return fail(named.error());
  if (const auto n = entries_in(system.names, repository.quarantine())) usage.quarantined = *n;
  if (const auto n = entries_in(system.names, repository.pending())) usage.pending = *n;
  const Result<FileStat> file = system.names.stat(repository.root(), kIndexName, false);
  if (file) usage.index_bytes = file->size;
  return usage;
}

}  // namespace libcopyfile::store
