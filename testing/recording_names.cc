#include <algorithm>

#include "testing/errno_names.h"
#include "testing/recording_files.h"

namespace libcopyfile::test {

template <class Value>
Result<Value> RecordingNames::note(std::string_view operation, const std::string& name,
                                   const std::string& details, Result<Value> result) {
  recorder_.add(operation, name, details, result ? "ok" : errno_name(result.error().code));
  return result;
}

std::string RecordingNames::shown(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const bool is_private =
      std::find(private_names_.begin(), private_names_.end(), name) != private_names_.end();
  return is_private ? "private" : name;
}

Result<Fd> RecordingNames::open(int dir, const std::string& name, Open how) {
  Result<Fd> fd = real_.open(dir, name, how);
  if (fd) recorder_.names().set(fd->get(), name);
  constexpr std::string_view kHow[] = {
      "read",      "read_no_follow",      "look",           "look_and_lock", "write", "read_write",
      "directory", "directory_no_follow", "directory_path", "look_path",     "path"};
  return note("open", name, std::string(kHow[static_cast<size_t>(how)]), std::move(fd));
}

Result<FileStat> RecordingNames::stat(int dir, const std::string& name, bool follow) {
  return note("stat_name", shown(name), follow ? "follow" : "", real_.stat(dir, name, follow));
}

Result<std::string> RecordingNames::read_link(int dir, const std::string& name) {
  return note("read_link", shown(name), "", real_.read_link(dir, name));
}

Result<Fd> RecordingNames::create_unnamed(int dir, uint32_t mode) {
  Result<Fd> fd = real_.create_unnamed(dir, mode);
  if (fd) recorder_.names().set(fd->get(), "private");
  return note("create_unnamed", "", "", std::move(fd));
}

Result<Fd> RecordingNames::create_exclusive(int dir, const std::string& name, uint32_t mode) {
  {
    const std::lock_guard lock(mutex_);
    private_names_.push_back(name);
  }
  Result<Fd> fd = real_.create_exclusive(dir, name, mode);
  if (fd) recorder_.names().set(fd->get(), "private");
  return note("create_exclusive", "", "", std::move(fd));
}

Done RecordingNames::link(int fd, int dir, const std::string& name) {
  return note("link", recorder_.names().get(fd), "to " + shown(name), real_.link(fd, dir, name));
}

Done RecordingNames::link_name(int dir, const std::string& from, int to_dir,
                               const std::string& to) {
  return note("link_name", shown(from), "to " + shown(to), real_.link_name(dir, from, to_dir, to));
}

Done RecordingNames::rename(int dir, const std::string& from, const std::string& to, Rename how) {
  constexpr std::string_view kHow[] = {"", " no_replace", " exchange"};
  const std::string details = "to " + shown(to) + std::string(kHow[static_cast<size_t>(how)]);
  return note("rename", shown(from), details, real_.rename(dir, from, to, how));
}

Done RecordingNames::unlink(int dir, const std::string& name) {
  return note("unlink", shown(name), "", real_.unlink(dir, name));
}

Result<std::vector<Entry>> RecordingNames::list(int dir) {
  return note("list", recorder_.names().get(dir), "", real_.list(dir));
}

Result<std::vector<Entry>> RecordingNames::list_more(int dir) {
  return note("list_more", recorder_.names().get(dir), "", real_.list_more(dir));
}

Done RecordingNames::make_directory(int dir, const std::string& name, uint32_t mode) {
  return note("make_directory", shown(name), "", real_.make_directory(dir, name, mode));
}

Done RecordingNames::remove_directory(int dir, const std::string& name) {
  return note("remove_directory", shown(name), "", real_.remove_directory(dir, name));
}

Done RecordingNames::make_link(int dir, const std::string& name, const std::string& target) {
  return note("make_link", shown(name), "to " + target, real_.make_link(dir, name, target));
}

Done RecordingNames::make_node(int dir, const std::string& name, uint32_t type, uint64_t device) {
  return note("make_node", shown(name), "", real_.make_node(dir, name, type, device));
}

}  // namespace libcopyfile::test
