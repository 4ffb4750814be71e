#include "store/index.h"

#include <algorithm>
#include <type_traits>

#include "store/database.h"
#include "store/name.h"
#include "sys/lock_file.h"

namespace libcopyfile::store {
namespace {

// "cpfs": file(1) and SQLite's tools show it.
constexpr const char* kTables = R"(
  PRAGMA page_size = 4096;
  PRAGMA application_id = 0x63706673;
  BEGIN IMMEDIATE;
  CREATE TABLE blobs (
    digest BLOB PRIMARY KEY, size INTEGER NOT NULL, added INTEGER NOT NULL, kept INTEGER NOT NULL,
    seal BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE names (
    name TEXT PRIMARY KEY, digest BLOB NOT NULL, mode INTEGER, modified INTEGER, modified_ns INTEGER,
    added INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX names_by_digest ON names (digest);
  PRAGMA user_version = 1;
  COMMIT;)";
constexpr int64_t kVersion = 1;

// A journal that is cut to nothing ends a transaction, and is synced so: unlinking it would need a sync of the directory. What
// the file says of functions and triggers is not followed: it may be anybody's.
constexpr const char* kSettings =
    "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384";

constexpr std::string_view kNameColumns =
    "SELECT n.name, n.digest, n.mode, n.modified, n.modified_ns, n.added, b.size "
    "FROM names n LEFT JOIN blobs b ON b.digest = n.digest ";
constexpr std::string_view kBlobColumns = "SELECT digest, size, added, kept, seal FROM blobs ";
constexpr size_t kPiece = 1000;

tl::unexpected<Error> damaged() { return fail(EBADMSG, Op::validate, std::string("the index")); }

Result<Digest> digest_in(const Statement& row, int column) {
  const std::span<const uint8_t> bytes = row.blob(column);
  if (bytes.size() != digest_size(Algorithm::sha256)) return damaged();
  Digest digest{Algorithm::sha256, {}};
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

Result<NameRecord> name_in(const Statement& row) {
  NameRecord record;
  record.name = row.text(0);
  const Result<Digest> digest = digest_in(row, 1);
  if (!digest || why_no_name(record.name)) return damaged();
  record.digest = *digest;
  if (!row.is_null(2)) record.mode = static_cast<uint32_t>(row.number(2)) & 0777;
  if (!row.is_null(3)) {
    const auto ns = static_cast<uint64_t>(row.number(4));
    if (ns >= 1000000000) return damaged();
    record.modified = Timestamp{row.number(3), static_cast<uint32_t>(ns)};
  }
  record.added = row.number(5);
  record.size = static_cast<uint64_t>(row.number(6));
  return record;
}

Result<BlobRecord> blob_in(const Statement& row) {
  const Result<Digest> digest = digest_in(row, 0);
  if (!digest || row.number(1) < 0) return damaged();
  const std::span<const uint8_t> seal = row.blob(4);
  return BlobRecord{*digest,
                    static_cast<uint64_t>(row.number(1)),
                    row.number(2),
                    row.number(3) != 0,
                    {seal.begin(), seal.end()}};
}

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

class Index::State {
 public:
  State(std::unique_ptr<Database> database, int writers)
      : database_(std::move(database)), writers_(writers) {}

  Database& database() { return *database_; }

  Done check_version() {
    Result<Statement> ask = database_->prepare("PRAGMA user_version");
    if (!ask) return fail(ask.error());
    const Result<bool> row = ask->step();
    if (!row) return fail(row.error());
    const int64_t version = *row ? ask->number(0) : 0;
    if (version > kVersion) return fail(EPROTONOSUPPORT, Op::open, std::string("the index"));
    if (version != kVersion) return damaged();
    return {};
  }

  // Writers come one after the other, in the order in which they asked; SQLite alone would have them try again and again.
  template <class F>
  std::invoke_result_t<F, Database&> write(F change) {
    if (writers_ < 0) return fail(EROFS, Op::write, std::string("the index"));
    const Result<HeldLock> lock = HeldLock::take(writers_, LockMode::exclusive);
    if (!lock) return fail(lock.error());
    Result<Transaction> transaction = Transaction::begin(*database_, true);
    if (!transaction) return fail(transaction.error());
    auto result = change(*database_);
    if (!result) return result;
    if (Done ok = transaction->commit(); !ok) return fail(ok.error());
    return result;
  }

  // The one row that `sql` gives for `bound`, as `read` takes it.
  template <class Bound, class Read>
  auto one(std::string_view sql, const Bound& bound, Read read)
      -> Result<std::optional<typename decltype(read(std::declval<Statement&>()))::value_type>> {
    Result<Statement> ask = database_->prepare(sql);
    if (!ask) return fail(ask.error());
    ask->bind(1, bound);
    const Result<bool> row = ask->step();
    if (!row) return fail(row.error());
    if (!*row) return std::nullopt;
    auto record = read(*ask);
    if (!record) return fail(record.error());
    return std::optional(*std::move(record));
  }

  template <class Read, class Record>
  Result<bool> rows(Statement& ask, Read read, std::vector<Record>& records) {
    for (;;) {
      const Result<bool> row = ask.step();
      if (!row) return fail(row.error());
      if (!*row) return true;
      auto record = read(ask);
      if (!record) return fail(record.error());
      records.push_back(*std::move(record));
    }
  }

  Result<uint64_t> count(std::string_view sql) {
    Result<Statement> ask = database_->prepare(sql);
    if (!ask) return fail(ask.error());
    const Result<bool> row = ask->step();
    if (!row) return fail(row.error());
    return static_cast<uint64_t>(ask->number(0));
  }

 private:
  std::unique_ptr<Database> database_;
  int writers_;
};

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Result<Index> Index::open(const std::string& path, int writers) {
  auto database = Database::open(path, writers >= 0 ? OpenDatabase::write : OpenDatabase::read);
  if (!database) return fail(database.error());
  if (Done ok = (*database)->run(kSettings); !ok) return fail(ok.error());
  auto state = std::make_unique<State>(std::move(*database), writers);
  if (Done ok = state->check_version(); !ok) return fail(ok.error());
  return Index(std::move(state));
}

Result<Index> Index::create(const std::string& path, int writers) {
  {
    const auto database = Database::open(path, OpenDatabase::write);
    if (!database) return fail(database.error());
    if (Done ok = (*database)->reserve_page_bytes(); !ok) return fail(ok.error());
    if (Done ok = (*database)->run(kSettings); !ok) return fail(ok.error());
    if (Done ok = (*database)->run(kTables); !ok) return fail(ok.error());
  }
  return open(path, writers);
}

Result<std::optional<NameRecord>> Index::find(const std::string& name) {
  return state_->one(std::string(kNameColumns) + "WHERE n.name = ?1", name, name_in);
}

Result<std::optional<BlobRecord>> Index::find(const Digest& digest) {
  return state_->one(std::string(kBlobColumns) + "WHERE digest = ?1", digest.value(), blob_in);
}

Result<std::vector<NameRecord>> Index::names_of(const Digest& digest) {
  Result<Statement> ask =
      state_->database().prepare(std::string(kNameColumns) + "WHERE n.digest = ?1 ORDER BY n.name");
  if (!ask) return fail(ask.error());
  ask->bind(1, digest.value());
  std::vector<NameRecord> records;
  if (const Result<bool> ok = state_->rows(*ask, name_in, records); !ok) return fail(ok.error());
  return records;
}

// In pieces: a statement that is under way keeps writers from committing.
Done Index::for_each_name(const std::string& prefix,
                          const std::function<bool(const NameRecord&)>& found) {
  std::string last = prefix;
  for (std::string_view after = ">=";; after = ">") {
    Result<Statement> ask =
        state_->database().prepare(std::string(kNameColumns) + "WHERE n.name " +
                                   std::string(after) + " ?1 ORDER BY n.name LIMIT ?2");
    if (!ask) return fail(ask.error());
    ask->bind(1, last).bind(2, static_cast<int64_t>(kPiece));
    std::vector<NameRecord> records;
    if (const Result<bool> ok = state_->rows(*ask, name_in, records); !ok) return fail(ok.error());
    for (const NameRecord& record : records) {
      if (!record.name.starts_with(prefix) || !found(record)) return {};
    }
    if (records.size() < kPiece) return {};
    last = std::move(records.back().name);
  }
}

Done Index::for_each_blob(const std::function<bool(const BlobRecord&)>& found) {
  Digest last;
  for (;;) {
    Result<Statement> ask = state_->database().prepare(
        std::string(kBlobColumns) + "WHERE digest > ?1 ORDER BY digest LIMIT ?2");
    if (!ask) return fail(ask.error());
    // Behind the empty one come all.
    static constexpr uint8_t kNone{};
    ask->bind(1, last.algorithm == Algorithm::none ? std::span(&kNone, 0) : last.value());
    ask->bind(2, static_cast<int64_t>(kPiece));
    std::vector<BlobRecord> records;
    if (const Result<bool> ok = state_->rows(*ask, blob_in, records); !ok) return fail(ok.error());
    for (const BlobRecord& record : records) {
      if (!found(record)) return {};
    }
    if (records.size() < kPiece) return {};
    last = records.back().digest;
  }
}

void Index::salvage_names(const std::function<void(const NameRecord&)>& found) {
  std::string last;
  const Done all = for_each_name({}, [&](const NameRecord& name) {
    found(name);
    last = name.name;
    return true;
  });
  if (all) return;
  // One by one: a piece that can't be read whole is not given.
  for (const bool upwards : {true, false}) {
    // Not of the other table, which may be damaged, too.
    Result<Statement> ask = state_->database().prepare(
        std::string("SELECT name, digest, mode, modified, modified_ns, added, 0 FROM names n ") +
        (upwards ? "WHERE n.name > ?1 ORDER BY n.name" : "WHERE n.name > ?1 ORDER BY n.name DESC"));
    if (!ask) return;
    ask->bind(1, last);
    for (Result<bool> row = ask->step(); row && *row; row = ask->step()) {
      if (const Result<NameRecord> name = name_in(*ask)) found(*name);
    }
  }
}

Result<uint64_t> Index::count_names() { return state_->count("SELECT count(*) FROM names"); }
Result<uint64_t> Index::count_blobs() { return state_->count("SELECT count(*) FROM blobs"); }

namespace {

Done add_blobs(Database& database, std::span<const BlobRecord> blobs) {
  Result<Statement> put = database.prepare(
      "INSERT INTO blobs VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (digest) DO UPDATE SET "
      "size = excluded.size, kept = max(kept, excluded.kept), seal = excluded.seal");
  if (!put) return fail(put.error());
  for (const BlobRecord& blob : blobs) {
    put->bind(1, blob.digest.value()).bind(2, static_cast<int64_t>(blob.size));
    put->bind(3, blob.added).bind(4, static_cast<int64_t>(blob.kept));
    // Not null, even where it is empty.
    static constexpr uint8_t kNone{};
    put->bind(5, blob.seal.empty() ? std::span(&kNone, 0) : bytes_of(blob.seal));
    if (Done ok = put->run(); !ok) return ok;
  }
  return {};
}

Result<std::vector<size_t>> add_names(Database& database, std::span<const NameRecord> names,
                                      bool replace) {
  std::string sql =
      "INSERT INTO names VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO UPDATE SET "
      "digest = excluded.digest, mode = excluded.mode, modified = excluded.modified, "
      "modified_ns = excluded.modified_ns, added = excluded.added";
  if (!replace) sql += " WHERE digest = excluded.digest";
  Result<Statement> put = database.prepare(sql);
  if (!put) return fail(put.error());
  std::vector<size_t> taken;
  for (size_t i = 0; i < names.size(); ++i) {
    const NameRecord& name = names[i];
    put->bind(1, name.name).bind(2, name.digest.value()).bind(6, name.added);
    for (const int column : {3, 4, 5}) put->bind_null(column);
    if (name.mode) put->bind(3, static_cast<int64_t>(*name.mode));
    if (name.modified) {
      put->bind(4, name.modified->seconds);
      put->bind(5, static_cast<int64_t>(name.modified->nanoseconds));
    }
    if (Done ok = put->run(); !ok) return fail(ok.error());
    if (database.changes() == 0) taken.push_back(i);
  }
  return taken;
}

}  // namespace

Result<std::vector<size_t>> Index::add(const Change& change) {
  return state_->write([&](Database& database) -> Result<std::vector<size_t>> {
    if (Done ok = add_blobs(database, change.blobs); !ok) return fail(ok.error());
    return add_names(database, change.names, change.replace);
  });
}

Done Index::remove_name(const std::string& name) {
  return state_->write([&](Database& database) -> Done {
    Result<Statement> remove = database.prepare("DELETE FROM names WHERE name = ?1");
    if (!remove) return fail(remove.error());
    if (Done ok = remove->bind(1, name).run(); !ok) return ok;
    if (database.changes() == 0) return fail(ENOENT, Op::unlink, name);
    return {};
  });
}

Done Index::set_kept(const Digest& digest, bool kept) {
  return state_->write([&](Database& database) -> Done {
    Result<Statement> set = database.prepare("UPDATE blobs SET kept = ?2 WHERE digest = ?1");
    if (!set) return fail(set.error());
    if (Done ok = set->bind(1, digest.value()).bind(2, int64_t{kept}).run(); !ok) return ok;
    if (database.changes() == 0) return fail(ENOENT, Op::unlink, digest.text());
    return {};
  });
}

Done Index::forget(std::span<const Digest> digests) {
  return state_->write([&](Database& database) -> Done {
    Result<Statement> remove = database.prepare("DELETE FROM blobs WHERE digest = ?1");
    if (!remove) return fail(remove.error());
    for (const Digest& digest : digests) {
      if (Done ok = remove->bind(1, digest.value()).run(); !ok) return ok;
    }
    return {};
  });
}

Result<std::vector<Digest>> Index::unused(std::span<const Digest> digests) {
  Result<Statement> ask = state_->database().prepare(
      "SELECT EXISTS (SELECT 1 FROM names WHERE digest = ?1) OR "
      "EXISTS (SELECT 1 FROM blobs WHERE digest = ?1 AND kept)");
  if (!ask) return fail(ask.error());
  std::vector<Digest> unused;
  for (const Digest& digest : digests) {
    ask->bind(1, digest.value());
    const Result<bool> row = ask->step();
    if (!row) return fail(row.error());
    if (*row && ask->number(0) == 0) unused.push_back(digest);
    ask->reset();
  }
  return unused;
}

Result<std::vector<uint64_t>> Index::check() {
  Database& database = state_->database();
  // Nobody commits while it lasts.
  Result<Transaction> transaction = Transaction::begin(database, false);
  if (!transaction) return fail(transaction.error());
  std::vector<uint64_t> wrong;
  (void)state_->count("SELECT count(*) FROM sqlite_schema");
  const Result<size_t> pages = database.read_pages([&](uint64_t page, bool good) {
    if (!good) wrong.push_back(page);
    return true;
  });
  if (!pages) return fail(pages.error());
  if (!wrong.empty()) return wrong;
  Result<Statement> ask = database.prepare("PRAGMA integrity_check(1)");
  if (!ask) return fail(ask.error());
  const Result<bool> row = ask->step();
  if (!row) return fail(row.error());
  if (!*row || ask->text(0) != "ok") return damaged();
  return wrong;
}

}  // namespace libcopyfile::store
