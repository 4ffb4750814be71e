#include "store/database.h"

#include <array>

namespace libcopyfile::store {
namespace {

// Another process may be in the middle of a transaction; writers wait for each other elsewhere (index.cc).
constexpr int kBusyMilliseconds = 60000;

int errno_of(const Libsqlite& sqlite, sqlite3* handle, int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return EBADMSG;
    case SQLITE_NOMEM: return ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return EBUSY;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH: return EACCES;
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_TOOBIG: return E2BIG;
    case SQLITE_CONSTRAINT: return EEXIST;
    default: break;
  }
  if (code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_SHORT_READ) return EBADMSG;
  const int system = sqlite.system_errno(handle);
  return system != 0 ? system : EIO;
}

}  // namespace

Statement::~Statement() {
  if (handle_ != nullptr) (void)database_->sqlite_.finalize(handle_);
}

// A value that can't be bound (out of memory) stays null, which no column takes: the statement fails then.
Statement& Statement::bind(int at, std::string_view text) {
  (void)database_->sqlite_.bind_text(handle_, at, text.data(), static_cast<int>(text.size()),
                                     SQLITE_TRANSIENT);
  return *this;
}
Statement& Statement::bind(int at, std::span<const uint8_t> blob) {
  (void)database_->sqlite_.bind_blob(handle_, at, blob.data(), static_cast<int>(blob.size()),
                                     SQLITE_TRANSIENT);
  return *this;
}
Statement& Statement::bind(int at, int64_t number) {
  (void)database_->sqlite_.bind_int64(handle_, at, number);
  return *this;
}
Statement& Statement::bind_null(int at) {
  (void)database_->sqlite_.bind_null(handle_, at);
  return *this;
}

Result<bool> Statement::step() {
  const int rc = database_->sqlite_.step(handle_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) {
    reset();
    return false;
  }
  auto error = database_->failed();
  reset();
  return error;
}

Done Statement::run() {
  const Result<bool> row = step();
  if (!row) return fail(row.error());
  reset();
  return {};
}

void Statement::reset() { (void)database_->sqlite_.reset(handle_); }

std::span<const uint8_t> Statement::blob(int column) const {
  const auto* const data =
      static_cast<const uint8_t*>(database_->sqlite_.column_blob(handle_, column));
  const int size = database_->sqlite_.column_bytes(handle_, column);
  return data == nullptr || size <= 0 ? std::span<const uint8_t>()
                                      : std::span(data, static_cast<size_t>(size));
}
std::string Statement::text(int column) const {
  const std::span<const uint8_t> bytes = blob(column);
  return {bytes.begin(), bytes.end()};
}
int64_t Statement::number(int column) const {
  return database_->sqlite_.column_int64(handle_, column);
}
bool Statement::is_null(int column) const {
  return database_->sqlite_.column_type(handle_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, OpenDatabase how) {
  const Result<Libsqlite> sqlite = Libsqlite::load();
  if (!sqlite) return fail(sqlite.error());
  const Result<const char*> vfs = checked_vfs(*sqlite);
  if (!vfs) return fail(vfs.error());
  sqlite3* handle = nullptr;
  const int flags = how == OpenDatabase::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int rc = sqlite->open(path.c_str(), &handle, flags, *vfs);
  if (handle == nullptr) return fail(ENOMEM, Op::open);
  std::unique_ptr<Database> database(new Database(*sqlite, handle));
  if (rc != SQLITE_OK) {
    const int system = sqlite->system_errno(handle);
    return fail(system != 0 ? system : EIO, Op::open);
  }
  (void)sqlite->busy_timeout(handle, kBusyMilliseconds);
  return database;
}

Database::~Database() { (void)sqlite_.close(handle_); }

Done Database::run(const char* sql) {
  if (sqlite_.exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int rc =
      sqlite_.prepare(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (rc != SQLITE_OK) return failed();
  return Statement(*this, statement);
}

Done Database::reserve_page_bytes() {
  int bytes = static_cast<int>(kPageReserved);
  if (sqlite_.file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes) != SQLITE_OK) {
    return fail(EOPNOTSUPP, Op::create, std::string("libsqlite3 is older than 3.37"));
  }
  return {};
}

Result<size_t> Database::read_pages(const std::function<bool(uint64_t page, bool good)>& found) {
  sqlite3_file* file = nullptr;
  if (sqlite_.file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr) {
    return failed();
  }
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return failed();
  std::array<std::byte, kPageSize> data;
  const auto pages = (static_cast<uint64_t>(size) + kPageSize - 1) / kPageSize;
  for (uint64_t page = 0; page < pages; ++page) {
    const auto offset = static_cast<sqlite3_int64>(page) * sqlite3_int64{kPageSize};
    const int rc = file->pMethods->xRead(file, data.data(), static_cast<int>(kPageSize), offset);
    if (!found(page, rc == SQLITE_OK)) break;
  }
  return static_cast<size_t>(pages);
}

tl::unexpected<Error> Database::failed() const {
  const int code = sqlite_.extended_errcode(handle_);
  return fail(errno_of(sqlite_, handle_, code), Op::read, std::string("the index"));
}

Result<Transaction> Transaction::begin(Database& database, bool write) {
  if (Done ok = database.run(write ? "BEGIN IMMEDIATE" : "BEGIN"); !ok) return fail(ok.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->run("ROLLBACK");
}

Done Transaction::commit() {
  if (Done ok = database_->run("COMMIT"); !ok) return ok;
  database_ = nullptr;
  return {};
}

}  // namespace libcopyfile::store
