#include "fixture.h"

#include <acl/libacl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sys/acl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <cstdio>
#include <cstring>

#include "testing/errno_names.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

constexpr unsigned kNobody = 65534;

Fd open_file(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  return fd;
}

}  // namespace

const std::string kNetRaw("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);

void set_xattr(const std::string& path, const std::string& name, const std::string& value) {
  if (lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) {
    throw ScratchError::of_errno("set " + name + " of " + path);
  }
}

void set_acl(const std::string& path, const std::string& text, bool of_directory) {
  const acl_t acl = acl_from_text(text.c_str());
  if (acl == nullptr) throw ScratchError("no access control list: " + text);
  const acl_type_t type = of_directory ? ACL_TYPE_DEFAULT : ACL_TYPE_ACCESS;
  const int rc = acl_set_file(path.c_str(), type, acl);
  acl_free(acl);
  if (rc != 0) throw ScratchError::of_errno("set the list of " + path);
}

void set_flags(const std::string& path, unsigned flags) {
  const Fd fd = open_file(path);
  if (ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) != 0) {
    throw ScratchError::of_errno("set flags of " + path);
  }
}

void set_project(const std::string& path, unsigned id, bool inherited) {
  const Fd fd = open_file(path);
  fsxattr x{};
  if (ioctl(fd.get(), FS_IOC_FSGETXATTR, &x) != 0) throw ScratchError::of_errno("ask " + path);
  x.fsx_projid = id;
  if (inherited) x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  if (ioctl(fd.get(), FS_IOC_FSSETXATTR, &x) != 0) {
    throw ScratchError::of_errno("set the project of " + path);
  }
}

std::optional<std::string> xattr_of(const std::string& path, const std::string& name) {
  std::string value(70'000, '\0');
  const ssize_t n = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
  if (n < 0) return std::nullopt;
  value.resize(static_cast<size_t>(n));
  return value;
}

std::string acl_of(const std::string& path) {
  if (!xattr_of(path, "system.posix_acl_access")) return "";
  const acl_t acl = acl_get_file(path.c_str(), ACL_TYPE_ACCESS);
  if (acl == nullptr) return "";
  char* words = acl_to_any_text(acl, nullptr, ',', TEXT_NUMERIC_IDS);
  const std::string text = words;
  acl_free(words);
  acl_free(acl);
  return text;
}

unsigned flags_of(const std::string& path) {
  const Fd fd = open_file(path);
  unsigned flags = 0;
  if (ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) {
    throw ScratchError::of_errno("get flags of " + path);
  }
  return flags;
}

unsigned project_of(const std::string& path) {
  const Fd fd = open_file(path);
  fsxattr x{};
  if (ioctl(fd.get(), FS_IOC_FSGETXATTR, &x) != 0) throw ScratchError::of_errno("ask " + path);
  return x.fsx_projid;
}

struct stat stat_of(const std::string& path) {
  struct stat now {};
  if (lstat(path.c_str(), &now) != 0) throw ScratchError::of_errno("stat " + path);
  return now;
}

std::string text_of(const std::vector<Loss>& losses) {
  std::string text;
  for (const Loss& loss : losses) {
    char class_text[24];
    std::snprintf(class_text, sizeof class_text, "(%llx) ",
                  static_cast<unsigned long long>(loss.metadata_class));
    text += (text.empty() ? "" : ", ") + loss.attribute + class_text + errno_name(loss.error);
  }
  return text;
}

std::string as_nobody(const std::function<std::string()>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw ScratchError::of_errno("make a pipe");
  const pid_t child = fork();
  if (child == 0) {
    std::string text = "could not become nobody";
    if (setgroups(0, nullptr) == 0 && setresgid(kNobody, kNobody, kNobody) == 0 &&
        setresuid(kNobody, kNobody, kNobody) == 0) {
      text = body();
    }
    const ssize_t n = write(ends[1], text.data(), text.size());
    _exit(n == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(ends[1]);
  const Fd out(ends[0]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(out.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    throw ScratchError("the child of nobody failed: " + text);
  }
  return text;
}

Workshop::Workshop(const std::string& where, Source which)
    : path(where), dir(open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  job.in_dir = job.out_dir = dir.get();
  job.in_path = "source";
  job.out_path = "copy";
  job.creation_mask = 022;
  if (which == Source::fresh) source();
}

void Workshop::source(unsigned mode) {
  unlink(file("source").c_str());
  write_text(file("source"), "what is in it", mode);
  if (chmod(file("source").c_str(), mode) != 0) throw ScratchError::of_errno("set a mode");
}

Done Workshop::copy() {
  report = {};
  system.recorder.clear();
  return copy_file(system.system(), catalogue, nullptr, job, report);
}

void Workshop::copy_all() {
  const Done ok = copy();
  ASSERT_TRUE(ok) << ok.error().message();
  EXPECT_EQ(text_of(report.losses), "");
  EXPECT_EQ(report.not_preserved, 0U);
  EXPECT_EQ(read_text(file("copy")), "what is in it");
}

std::string Workshop::changes() const {
  std::string log = system.recorder.only(
      {"create_unnamed", "create_exclusive", "clone", "copy_range", "write", "set_owner",
       "set_mode", "set_times", "set_xattr", "remove_xattr", "set_access_acl", "set_inode_flags",
       "set_project", "enable_verity", "set_creation_label", "sync", "link", "rename"});
  const std::string ok = " = ok";
  for (size_t at; (at = log.find(ok)) != std::string::npos;) log.erase(at, ok.size());
  return log;
}

}  // namespace libcopyfile::test
