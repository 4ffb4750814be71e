// Reads the keys of one TOML table, and keeps account of what was wrong with them and which of them nobody asked for.
#pragma once

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <set>
#include <string>
#include <vector>

#include "copyfile-target/config.h"

namespace libcopyfile::daemon {

inline unsigned line_of(const toml::node& node) { return node.source().begin.line; }

class TomlReader {
 public:
  // `what` is for messages: "[target]".
  TomlReader(const toml::table& table, std::string what, Problems& problems)
      : table_(table), what_(std::move(what)), problems_(problems) {}

  // The value, or what is set already where the key is not there or is wrong.
  void read(const char* key, std::string& into);
  void read(const char* key, bool& into);
  template <class T>
  void read(const char* key, T& into, int64_t least, int64_t most) {
    if (const auto number = integer(key, least, most)) into = static_cast<T>(*number);
  }
  std::vector<std::pair<std::string, unsigned>> strings(const char* key);  // with their lines
  // The node for what is more than a value; null where there is none.
  const toml::node* node(const char* key);

  unsigned line() const { return line_of(table_); }
  unsigned line(const char* key) const;
  void missing(const char* key) { problem(line(), what_ + ": '" + key + "' is missing"); }
  void problem(unsigned line, std::string text) { problems_.push_back({line, std::move(text)}); }
  // Keys that nobody has asked for are problems.
  void finish();

 private:
  std::optional<int64_t> integer(const char* key, int64_t least, int64_t most);
  void wrong(const toml::node& node, const char* key, const char* expected);

  const toml::table& table_;
  std::string what_;
  Problems& problems_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace libcopyfile::daemon
