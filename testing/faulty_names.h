// Names with faults, as faulty_files.h. Descriptors that it opens get the name of their file in the script's FdNames;
// a private file, whose real name is random or none, is called "private".
#pragma once

#include "sys/names.h"
#include "testing/script.h"

namespace libcopyfile::test {

class FaultyNames final : public Names {
 public:
  FaultyNames(Names& real, Script& script) : real_(real), script_(script) {}

  Result<Fd> open(int dir, const std::string& name, Open how) override;
  Result<FileStat> stat(int dir, const std::string& name, bool follow) override;
  Result<std::string> read_link(int dir, const std::string& name) override;
  Result<Fd> create_unnamed(int dir, uint32_t mode) override;
  Result<Fd> create_exclusive(int dir, const std::string& name, uint32_t mode) override;
  Done link(int fd, int dir, const std::string& name) override;
  Done link_name(int dir, const std::string& from, int to_dir, const std::string& to) override;
  Done rename(int dir, const std::string& from, const std::string& to, Rename how) override;
  Done unlink(int dir, const std::string& name) override;
  Done make_directory(int dir, const std::string& name, uint32_t mode) override;
  Done remove_directory(int dir, const std::string& name) override;
  Done make_link(int dir, const std::string& name, const std::string& target) override;
  Done make_node(int dir, const std::string& name, uint32_t type, uint64_t device) override;
  Result<std::vector<Entry>> list(int dir) override;
  Result<std::vector<Entry>> list_more(int dir) override;

 private:
  template <class Call>
  auto pass(std::string_view operation, Op op, const std::string& name, Call call)
      -> decltype(call());
  Result<Fd> named(Result<Fd> fd, const std::string& name);

  Names& real_;
  Script& script_;
};

}  // namespace libcopyfile::test
