#include "testing/recording_attributes.h"

#include <cstdio>

#include "testing/errno_names.h"

namespace libcopyfile::test {
namespace {

std::string octal(uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", mode & 07777);
  return text;
}

std::string hexadecimal(uint32_t flags) {
  char text[16];
  std::snprintf(text, sizeof text, "%x", flags);
  return text;
}

}  // namespace

template <class Value>
Result<Value> RecordingAttributes::note(std::string_view operation, int fd,
                                        const std::string& details, Result<Value> result) {
  recorder_.add(operation, recorder_.names().get(fd), details,
                result ? "ok" : errno_name(result.error().code));
  return result;
}

Done RecordingAttributes::set_owner(int fd, uint32_t owner, uint32_t group) {
  return note("set_owner", fd, std::to_string(owner) + ":" + std::to_string(group),
              real_.set_owner(fd, owner, group));
}

Done RecordingAttributes::set_mode(int fd, uint32_t mode) {
  return note("set_mode", fd, octal(mode), real_.set_mode(fd, mode));
}

Done RecordingAttributes::set_times(int fd, Timestamp accessed, Timestamp modified) {
  return note("set_times", fd, "", real_.set_times(fd, accessed, modified));
}

Result<std::vector<std::string>> RecordingAttributes::list_xattrs(int fd) {
  return note("list_xattrs", fd, "", real_.list_xattrs(fd));
}

Result<std::string> RecordingAttributes::get_xattr(int fd, const std::string& name) {
  return note("get_xattr", fd, name, real_.get_xattr(fd, name));
}

Done RecordingAttributes::set_xattr(int fd, const std::string& name, const std::string& value) {
  return note("set_xattr", fd, name + " " + std::to_string(value.size()) + " bytes",
              real_.set_xattr(fd, name, value));
}

Done RecordingAttributes::remove_xattr(int fd, const std::string& name) {
  return note("remove_xattr", fd, name, real_.remove_xattr(fd, name));
}

XattrRule RecordingAttributes::rule_of(const std::string& name) { return real_.rule_of(name); }

Result<std::optional<Acl>> RecordingAttributes::access_acl(int fd) {
  return note("access_acl", fd, "", real_.access_acl(fd));
}

Done RecordingAttributes::set_access_acl(int fd, const Acl& acl) {
  return note("set_access_acl", fd, acl.text(), real_.set_access_acl(fd, acl));
}

Result<std::optional<Acl>> RecordingAttributes::default_acl(int dir) {
  return note("default_acl", dir, "", real_.default_acl(dir));
}

Result<uint32_t> RecordingAttributes::inode_flags(int fd) {
  return note("inode_flags", fd, "", real_.inode_flags(fd));
}

Done RecordingAttributes::set_inode_flags(int fd, uint32_t flags, uint32_t mask) {
  return note("set_inode_flags", fd, hexadecimal(flags) + " of " + hexadecimal(mask),
              real_.set_inode_flags(fd, flags, mask));
}

Result<Project> RecordingAttributes::project(int fd) {
  return note("project", fd, "", real_.project(fd));
}

Done RecordingAttributes::set_project(int fd, uint32_t id) {
  return note("set_project", fd, std::to_string(id), real_.set_project(fd, id));
}

Result<Verity> RecordingAttributes::verity(int fd) {
  return note("verity", fd, "", real_.verity(fd));
}

Done RecordingAttributes::enable_verity(int fd, const Verity& verity) {
  return note("enable_verity", fd, "", real_.enable_verity(fd, verity));
}

Result<std::string> RecordingAttributes::measure_verity(int fd) {
  return note("measure_verity", fd, "", real_.measure_verity(fd));
}

Done RecordingAttributes::set_creation_label(const std::string& label) {
  Done done = real_.set_creation_label(label);
  recorder_.add("set_creation_label", "", label, done ? "ok" : errno_name(done.error().code));
  return done;
}

}  // namespace libcopyfile::test
