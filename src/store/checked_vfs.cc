#include "store/checked_vfs.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <new>

#include "verify/hasher.h"

namespace libcopyfile::store {
namespace {

constexpr const char* kName = "copyfile-checked";
constexpr size_t kCovered = kPageSize - kPageReserved;

using Sum = std::array<std::byte, kPageReserved>;

Sum sum_of(uint64_t page, std::span<const std::byte> data) {
  Sum sum{};
  Result<Hasher> hasher = Hasher::make(Algorithm::xxh3_128);
  if (!hasher) return sum;
  std::array<std::byte, sizeof page> number{};
  for (size_t i = 0; i < number.size(); ++i) number[i] = static_cast<std::byte>(page >> (8 * i));
  hasher->add(number);
  hasher->add(data.first(kCovered));
  if (const Result<Digest> digest = hasher->finish()) {
    std::memcpy(sum.data(), digest->bytes.data(), sum.size());
  }
  return sum;
}

bool is_zero(std::span<const std::byte> data) {
  return std::all_of(data.begin(), data.end(), [](std::byte b) { return b == std::byte{0}; });
}

// What SQLite sees as its file; behind it in memory follows the file of the VFS below.
struct CheckedFile {
  sqlite3_file base;
  bool is_database;
};

// Room for the file below begins where any type may stand.
constexpr size_t kBelowAt = (sizeof(CheckedFile) + alignof(std::max_align_t) - 1) /
                            alignof(std::max_align_t) * alignof(std::max_align_t);

bool is_database(sqlite3_file* file) { return reinterpret_cast<CheckedFile*>(file)->is_database; }
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kBelowAt);
}

bool is_page(sqlite3_file* file, int amount, sqlite3_int64 offset) {
  return is_database(file) && amount == static_cast<int>(kPageSize) && offset >= 0 &&
         offset % static_cast<sqlite3_int64>(kPageSize) == 0;
}

int do_close(sqlite3_file* file) { return below(file)->pMethods->xClose(below(file)); }

int do_read(sqlite3_file* file, void* data, int amount, sqlite3_int64 offset) {
  const int rc = below(file)->pMethods->xRead(below(file), data, amount, offset);
  if (rc != SQLITE_OK || !is_page(file, amount, offset)) return rc;
  const uint64_t page = static_cast<uint64_t>(offset) / kPageSize;
  return is_good_page(page, {static_cast<std::byte*>(data), kPageSize}) ? SQLITE_OK
                                                                        : SQLITE_IOERR_DATA;
}

int do_write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  if (!is_page(file, amount, offset)) {
    return below(file)->pMethods->xWrite(below(file), data, amount, offset);
  }
  std::array<std::byte, kPageSize> page;
  std::memcpy(page.data(), data, page.size());
  seal_page(static_cast<uint64_t>(offset) / kPageSize, page);
  return below(file)->pMethods->xWrite(below(file), page.data(), amount, offset);
}

int do_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return below(file)->pMethods->xTruncate(below(file), size);
}
int do_sync(sqlite3_file* file, int flags) {
  return below(file)->pMethods->xSync(below(file), flags);
}
int do_file_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int do_lock(sqlite3_file* file, int lock) {
  return below(file)->pMethods->xLock(below(file), lock);
}
int do_unlock(sqlite3_file* file, int lock) {
  return below(file)->pMethods->xUnlock(below(file), lock);
}
int do_check_lock(sqlite3_file* file, int* held) {
  return below(file)->pMethods->xCheckReservedLock(below(file), held);
}
int do_control(sqlite3_file* file, int op, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), op, argument);
}
int do_sector_size(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
// Not that the medium writes whole pages at once, nor anything else that would let SQLite do without its journal.
int do_characteristics(sqlite3_file*) { return 0; }

// Version 1: without shared memory, so that no database is in WAL mode, and without mapped pages, which nobody would check.
constexpr sqlite3_io_methods kMethods{1,
                                      do_close,
                                      do_read,
                                      do_write,
                                      do_truncate,
                                      do_sync,
                                      do_file_size,
                                      do_lock,
                                      do_unlock,
                                      do_check_lock,
                                      do_control,
                                      do_sector_size,
                                      do_characteristics,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr};

sqlite3_vfs* vfs_below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int do_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* const checked = new (file) CheckedFile{};
  checked->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  const int rc = vfs_below(vfs)->xOpen(vfs_below(vfs), name, below(file), flags, out_flags);
  if (below(file)->pMethods != nullptr) file->pMethods = &kMethods;
  return rc;
}
int do_delete(sqlite3_vfs* vfs, const char* name, int sync) {
  return vfs_below(vfs)->xDelete(vfs_below(vfs), name, sync);
}
int do_access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  return vfs_below(vfs)->xAccess(vfs_below(vfs), name, flags, result);
}
int do_full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return vfs_below(vfs)->xFullPathname(vfs_below(vfs), name, size, out);
}
int do_randomness(sqlite3_vfs* vfs, int size, char* out) {
  return vfs_below(vfs)->xRandomness(vfs_below(vfs), size, out);
}
int do_sleep(sqlite3_vfs* vfs, int microseconds) {
  return vfs_below(vfs)->xSleep(vfs_below(vfs), microseconds);
}
int do_time(sqlite3_vfs* vfs, double* now) {
  return vfs_below(vfs)->xCurrentTime(vfs_below(vfs), now);
}
int do_last_error(sqlite3_vfs* vfs, int size, char* text) {
  return vfs_below(vfs)->xGetLastError(vfs_below(vfs), size, text);
}

// SQLite keeps a list of them for the process, so it is made once for the process.
struct Registered {
  std::mutex mutex;
  sqlite3_vfs vfs{};
};
Registered& registered() {
  static Registered instance;
  return instance;
}

}  // namespace

Result<const char*> checked_vfs(const Libsqlite& sqlite) {
  Registered& r = registered();
  const std::lock_guard lock(r.mutex);
  if (sqlite.vfs_find(kName) != nullptr) return kName;
  sqlite3_vfs* const real = sqlite.vfs_find("unix");
  if (real == nullptr) return fail(EOPNOTSUPP, Op::load, std::string("libsqlite3 has no files"));
  r.vfs.iVersion = 1;
  r.vfs.szOsFile = static_cast<int>(kBelowAt) + real->szOsFile;
  r.vfs.mxPathname = real->mxPathname;
  r.vfs.zName = kName;
  r.vfs.pAppData = real;
  r.vfs.xOpen = do_open;
  r.vfs.xDelete = do_delete;
  r.vfs.xAccess = do_access;
  r.vfs.xFullPathname = do_full_path;
  r.vfs.xRandomness = do_randomness;
  r.vfs.xSleep = do_sleep;
  r.vfs.xCurrentTime = do_time;
  r.vfs.xGetLastError = do_last_error;
  if (sqlite.vfs_register(&r.vfs, 0) != SQLITE_OK) return fail(ENOMEM, Op::load);
  return kName;
}

void seal_page(uint64_t page, std::span<std::byte> data) {
  const Sum sum = sum_of(page, data);
  std::memcpy(data.data() + kCovered, sum.data(), sum.size());
}

bool is_good_page(uint64_t page, std::span<const std::byte> data) {
  const Sum sum = sum_of(page, data);
  return std::memcmp(data.data() + kCovered, sum.data(), sum.size()) == 0 || is_zero(data);
}

bool correct_page(uint64_t page, std::span<std::byte> data) {
  for (std::byte& byte : data.first(kPageSize)) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte ^= std::byte{1} << bit;
      if (is_good_page(page, data)) return true;
      byte ^= std::byte{1} << bit;
    }
  }
  return false;
}

}  // namespace libcopyfile::store
