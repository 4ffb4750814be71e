// Attributes that are recorded, as recording_files.h.
//
//   set_owner private 0:0 = ok              set_xattr private user.a 3 bytes = ENOSPC
//   set_access_acl private u::rw-,u:1:r--,g::---,m::r--,o::--- = ok
#pragma once

#include "sys/attributes.h"
#include "testing/recording_files.h"

namespace libcopyfile::test {

class RecordingAttributes final : public Attributes {
 public:
  // Both must outlive this.
  RecordingAttributes(Attributes& real, Recorder& recorder) : real_(real), recorder_(recorder) {}

  Done set_owner(int fd, uint32_t owner, uint32_t group) override;
  Done set_mode(int fd, uint32_t mode) override;
  Done set_times(int fd, Timestamp accessed, Timestamp modified) override;
  Result<std::vector<std::string>> list_xattrs(int fd) override;
  Result<std::string> get_xattr(int fd, const std::string& name) override;
  Done set_xattr(int fd, const std::string& name, const std::string& value) override;
  Done remove_xattr(int fd, const std::string& name) override;
  XattrRule rule_of(const std::string& name) override;
  Result<std::optional<Acl>> access_acl(int fd) override;
  Done set_access_acl(int fd, const Acl& acl) override;
  Result<std::optional<Acl>> default_acl(int dir) override;
  Result<uint32_t> inode_flags(int fd) override;
  Done set_inode_flags(int fd, uint32_t flags, uint32_t mask) override;
  Result<Project> project(int fd) override;
  Done set_project(int fd, uint32_t id) override;
  Result<Verity> verity(int fd) override;
  Done enable_verity(int fd, const Verity& verity) override;
  Result<std::string> measure_verity(int fd) override;
  Done set_creation_label(const std::string& label) override;

 private:
  template <class Value>
  Result<Value> note(std::string_view operation, int fd, const std::string& details,
                     Result<Value> result);

  Attributes& real_;
  Recorder& recorder_;
};

}  // namespace libcopyfile::test
