// The C functions as tests want them: an errno is a value.
#pragma once

#include <copyfile/copyfile.h>
#include <fcntl.h>

#include <cerrno>
#include <string>

namespace libcopyfile::test {

// copyfileat() of two paths: 0 or an errno.
inline int copy_at(const std::string& from, const std::string& to, const copyfile_how& how = {},
                   copyfile_report* report = nullptr) {
  const int rc = copyfileat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), &how, sizeof how, report,
                            sizeof *report);
  return rc == 0 ? 0 : errno;
}

}  // namespace libcopyfile::test
