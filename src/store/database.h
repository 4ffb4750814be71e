// SQLite in the words of this program: statements that are made once and used often, errors as errnos.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/checked_vfs.h"

namespace libcopyfile::store {

class Database;

// A prepared statement. Its values are bound from 1 on, its columns count from 0, as in SQLite.
class Statement {
 public:
  Statement(Statement&& other) noexcept
      : database_(other.database_), handle_(std::exchange(other.handle_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Copied where SQLite keeps them no longer than the next reset().
  Statement& bind(int at, std::string_view text);
  Statement& bind(int at, std::span<const uint8_t> blob);
  Statement& bind(int at, int64_t number);
  Statement& bind_null(int at);

  // True: a row; false: there are no more, and the statement begins anew.
  Result<bool> step();
  // For one that gives no rows.
  Done run();
  void reset();

  std::span<const uint8_t> blob(int column) const;
  std::string text(int column) const;
  int64_t number(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(const Database& database, sqlite3_stmt* handle)
      : database_(&database), handle_(handle) {}
  const Database* database_;
  sqlite3_stmt* handle_;
};

enum class OpenDatabase : uint8_t { read, write };

// One thread at a time. Not to be moved while it has statements.
class Database {
 public:
  // The file must be there; it may be empty. ENOENT, EACCES...; EBADMSG: damaged.
  static Result<std::unique_ptr<Database>> open(const std::string& path, OpenDatabase how);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  Done run(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  int changes() const { return sqlite_.changes(handle_); }
  // How many bytes each page keeps for its checksum; before the first table is made.
  Done reserve_page_bytes();
  // Reads a page as it is on the medium, past the cache of pages. Within a transaction.
  Result<size_t> read_pages(const std::function<bool(uint64_t page, bool good)>& found);

  tl::unexpected<Error> failed() const;

 private:
  friend class Statement;
  Database(const Libsqlite& sqlite, sqlite3* handle) : sqlite_(sqlite), handle_(handle) {}
  Libsqlite sqlite_;
  sqlite3* handle_;
};

// Rolled back unless commit() was called.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database, bool write);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Done commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace libcopyfile::store
