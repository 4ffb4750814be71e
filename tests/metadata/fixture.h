// One copy within a directory, and what its metadata is before and after, asked of the kernel and not of our own code.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>

#include "engine/copy_job.h"
#include "testing/faulty_system.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {

// A capability: net_raw, permitted and effective, as setcap(8) writes it.
extern const std::string kNetRaw;

// Each throws ScratchError where it can't.
void set_xattr(const std::string& path, const std::string& name, const std::string& value);
void set_acl(const std::string& path, const std::string& text, bool of_directory = false);
void set_flags(const std::string& path, unsigned flags);
void set_project(const std::string& path, unsigned id, bool inherited);

// Nothing where there is none.
std::optional<std::string> xattr_of(const std::string& path, const std::string& name);
std::string acl_of(const std::string& path);  // as text, "" where there is no list
unsigned flags_of(const std::string& path);
unsigned project_of(const std::string& path);
struct stat stat_of(const std::string& path);

// "user.a(10) ENOSPC, owner(2) EPERM": of each loss the attribute, the class in hexadecimal and why.
std::string text_of(const std::vector<Loss>& losses);

// Runs `body` in a child as the user and group `nobody`, and returns what it returned.
std::string as_nobody(const std::function<std::string()>& body);

// A directory with "source" in it and a job that makes "copy".
class Workshop {
 public:
  // With a new source, or, in a child that may not make one, with the one that is there.
  enum class Source : uint8_t { fresh, as_it_is };
  explicit Workshop(const std::string& path, Source which = Source::fresh);
  explicit Workshop(FsKind kind) : Workshop(test_directory(kind)) {}

  std::string file(const std::string& name) const { return path + "/" + name; }
  Done copy();
  // The copy must succeed, and nothing may be lost.
  void copy_all();
  // Makes "source" anew.
  void source(unsigned mode = 0644);
  // The calls that change metadata or names, one a line, without " = ok".
  std::string changes() const;

  std::string path;
  Fd dir;
  FileJob job;
  FileReport report;
  FaultySystem system;
  Catalogue catalogue;
};

}  // namespace libcopyfile::test
