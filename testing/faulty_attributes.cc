#include "testing/faulty_attributes.h"

namespace libcopyfile::test {

// A dropped operation is one that says it was done: only those without a result can be.
template <class Call>
auto FaultyAttributes::pass(std::string_view operation, Op op, const std::string& file, Call call)
    -> decltype(call()) {
  const Verdict verdict = script_.begin(operation, file);
  if (verdict.error != 0) return fail(verdict.error, op);
  if constexpr (std::is_same_v<decltype(call()), Done>) {
    if (verdict.drop) return {};
  }
  return call();
}

Done FaultyAttributes::set_owner(int fd, uint32_t owner, uint32_t group) {
  return pass("set_owner", Op::set_owner, script_.names().get(fd),
              [&] { return real_.set_owner(fd, owner, group); });
}

Done FaultyAttributes::set_mode(int fd, uint32_t mode) {
  return pass("set_mode", Op::set_mode, script_.names().get(fd),
              [&] { return real_.set_mode(fd, mode); });
}

Done FaultyAttributes::set_times(int fd, Timestamp accessed, Timestamp modified) {
  return pass("set_times", Op::set_times, script_.names().get(fd),
              [&] { return real_.set_times(fd, accessed, modified); });
}

Result<std::vector<std::string>> FaultyAttributes::list_xattrs(int fd) {
  return pass("list_xattrs", Op::get_attribute, script_.names().get(fd),
              [&] { return real_.list_xattrs(fd); });
}

Result<std::string> FaultyAttributes::get_xattr(int fd, const std::string& name) {
  return pass("get_xattr", Op::get_attribute, named(fd, name),
              [&] { return real_.get_xattr(fd, name); });
}

Done FaultyAttributes::set_xattr(int fd, const std::string& name, const std::string& value) {
  return pass("set_xattr", Op::set_attribute, named(fd, name),
              [&] { return real_.set_xattr(fd, name, value); });
}

Done FaultyAttributes::remove_xattr(int fd, const std::string& name) {
  return pass("remove_xattr", Op::set_attribute, named(fd, name),
              [&] { return real_.remove_xattr(fd, name); });
}

XattrRule FaultyAttributes::rule_of(const std::string& name) { return real_.rule_of(name); }

Result<std::optional<Acl>> FaultyAttributes::access_acl(int fd) {
  return pass("access_acl", Op::get_attribute, script_.names().get(fd),
              [&] { return real_.access_acl(fd); });
}

Done FaultyAttributes::set_access_acl(int fd, const Acl& acl) {
  return pass("set_access_acl", Op::set_attribute, script_.names().get(fd),
              [&] { return real_.set_access_acl(fd, acl); });
}

Result<std::optional<Acl>> FaultyAttributes::default_acl(int dir) {
  return pass("default_acl", Op::get_attribute, script_.names().get(dir),
              [&] { return real_.default_acl(dir); });
}

Result<uint32_t> FaultyAttributes::inode_flags(int fd) {
  return pass("inode_flags", Op::get_attribute, script_.names().get(fd),
              [&] { return real_.inode_flags(fd); });
}

Done FaultyAttributes::set_inode_flags(int fd, uint32_t flags, uint32_t mask) {
  return pass("set_inode_flags", Op::set_attribute, script_.names().get(fd),
              [&] { return real_.set_inode_flags(fd, flags, mask); });
}

Result<Project> FaultyAttributes::project(int fd) {
  return pass("project", Op::get_attribute, script_.names().get(fd),
              [&] { return real_.project(fd); });
}

Done FaultyAttributes::set_project(int fd, uint32_t id) {
  return pass("set_project", Op::set_attribute, script_.names().get(fd),
              [&] { return real_.set_project(fd, id); });
}

Result<Verity> FaultyAttributes::verity(int fd) {
  return pass("verity", Op::get_attribute, script_.names().get(fd),
              [&] { return real_.verity(fd); });
}

Done FaultyAttributes::enable_verity(int fd, const Verity& verity) {
  return pass("enable_verity", Op::set_attribute, script_.names().get(fd),
              [&] { return real_.enable_verity(fd, verity); });
}

Result<std::string> FaultyAttributes::measure_verity(int fd) {
  return pass("measure_verity", Op::get_attribute, script_.names().get(fd),
              [&] { return real_.measure_verity(fd); });
}

Done FaultyAttributes::set_creation_label(const std::string& label) {
  return pass("set_creation_label", Op::set_attribute, "",
              [&] { return real_.set_creation_label(label); });
}

}  // namespace libcopyfile::test
