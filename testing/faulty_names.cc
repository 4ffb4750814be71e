#include "testing/faulty_names.h"

namespace libcopyfile::test {

// A dropped operation is one that says it was done: only those without a result can be.
template <class Call>
auto FaultyNames::pass(std::string_view operation, Op op, const std::string& name, Call call)
    -> decltype(call()) {
  const Verdict verdict = script_.begin(operation, name);
  if (verdict.error != 0) return fail(verdict.error, op, name);
  if constexpr (std::is_same_v<decltype(call()), Done>) {
    if (verdict.drop) return {};
  }
  return call();
}

Result<Fd> FaultyNames::named(Result<Fd> fd, const std::string& name) {
  if (fd) script_.names().set(fd->get(), name);
  return fd;
}

Result<Fd> FaultyNames::open(int dir, const std::string& name, Open how) {
  return named(pass("open", Op::open, name, [&] { return real_.open(dir, name, how); }), name);
}

Result<FileStat> FaultyNames::stat(int dir, const std::string& name, bool follow) {
  return pass("stat_name", Op::stat, name, [&] { return real_.stat(dir, name, follow); });
}

Result<std::string> FaultyNames::read_link(int dir, const std::string& name) {
  return pass("read_link", Op::stat, name, [&] { return real_.read_link(dir, name); });
}

Result<Fd> FaultyNames::create_unnamed(int dir, uint32_t mode) {
  return named(pass("create_unnamed", Op::create, "private",
                    [&] { return real_.create_unnamed(dir, mode); }),
               "private");
}

Result<Fd> FaultyNames::create_exclusive(int dir, const std::string& name, uint32_t mode) {
  return named(pass("create_exclusive", Op::create, "private",
                    [&] { return real_.create_exclusive(dir, name, mode); }),
               "private");
}

Done FaultyNames::link(int fd, int dir, const std::string& name) {
  return pass("link", Op::link, name, [&] { return real_.link(fd, dir, name); });
}

Done FaultyNames::link_name(int dir, const std::string& from, int to_dir, const std::string& to) {
  return pass("link_name", Op::link, to, [&] { return real_.link_name(dir, from, to_dir, to); });
}

Done FaultyNames::rename(int dir, const std::string& from, const std::string& to, Rename how) {
  return pass("rename", Op::rename, to, [&] { return real_.rename(dir, from, to, how); });
}

Done FaultyNames::unlink(int dir, const std::string& name) {
  return pass("unlink", Op::unlink, name, [&] { return real_.unlink(dir, name); });
}

Result<std::vector<Entry>> FaultyNames::list(int dir) {
  return pass("list", Op::read, script_.names().get(dir), [&] { return real_.list(dir); });
}

Result<std::vector<Entry>> FaultyNames::list_more(int dir) {
  return pass("list_more", Op::read, script_.names().get(dir),
              [&] { return real_.list_more(dir); });
}

Done FaultyNames::make_directory(int dir, const std::string& name, uint32_t mode) {
  return pass("make_directory", Op::create, name,
              [&] { return real_.make_directory(dir, name, mode); });
}

Done FaultyNames::remove_directory(int dir, const std::string& name) {
  return pass("remove_directory", Op::unlink, name,
              [&] { return real_.remove_directory(dir, name); });
}

Done FaultyNames::make_link(int dir, const std::string& name, const std::string& target) {
  return pass("make_link", Op::create, name, [&] { return real_.make_link(dir, name, target); });
}

Done FaultyNames::make_node(int dir, const std::string& name, uint32_t type, uint64_t device) {
  return pass("make_node", Op::create, name,
              [&] { return real_.make_node(dir, name, type, device); });
}

}  // namespace libcopyfile::test
