#include "copyfile/parents.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "copyfile/events.h"
#include "copyfile/messages.h"
#include "copyfile/paths.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

constexpr uint32_t kOwnersRights = 0700;

// What a directory is made with: no more than it has in the end, and nothing that its final owner might not give.
uint32_t first_mode(const Options& o, uint32_t source) {
  const uint64_t asked = o.preserve.required | o.preserve.wanted;
  if (o.preserve.plain_mode) return 0777;
  if ((asked & metadata::kOwner) != 0) return source & ~uint32_t{077};
  if ((asked & metadata::kMode) != 0) return source & ~uint32_t{022};
  return source;
}

}  // namespace

bool ParentDirectories::failed(const Parent& parent, const std::string& text, int code) {
  tell_failed(c_, {parent.from, parent.to}, {text, code});
  return false;
}

bool ParentDirectories::make(const std::string& source) {
  const std::string whole = without_trailing_slashes(source);
  const size_t last = whole.rfind('/');
  if (last == std::string::npos || last == 0) return true;
  Parent all;
  all.from = whole.substr(0, last);
  all.to = joined(directory_, all.from);
  const Result<FileStat> there = c_.names.stat(kCurrentDirectory, all.to, true);
  if (there && there->type == FileType::directory) return true;
  Result<Fd> target = c_.names.open(kCurrentDirectory, directory_, Open::directory_path);
  if (!target) {
    return failed(all, fmt::format("target directory {}", app::quoted(directory_)),
                  target.error().code);
  }
  Fd dir = std::move(*target);
  for (size_t begin = 0; begin < last;) {
    const size_t end = std::min(whole.find('/', begin), last);
    if (end > begin) {
      Parent parent;
      parent.from = whole.substr(0, end);
      parent.to = joined(directory_, parent.from);
      dir = enter(dir.get(), whole.substr(begin, end - begin), std::move(parent));
      // A dry run has nothing to go into; what is below is missing, too.
      if (!dir.valid()) return c_.options.dry_run;
    }
    begin = end + 1;
  }
  return true;
}

Fd ParentDirectories::enter(int dir, const std::string& name, Parent parent) {
  const Options& o = c_.options;
  const Result<FileStat> there = c_.names.stat(dir, name, true);
  if (there && there->type != FileType::directory) {
    failed(parent, fmt::format("{} exists but is not a directory", app::quoted(parent.to)));
    return {};
  }
  const bool is_new = !there;
  const bool gives = ((o.preserve.required | o.preserve.wanted) &
                      (metadata::kMode | metadata::kOwner | metadata::kTimes)) != 0;
  if (is_new || gives) {
    const Result<FileStat> source = c_.names.stat(kCurrentDirectory, parent.from, true);
    if (!source || source->type != FileType::directory) {
      failed(parent, fmt::format("failed to get attributes of {}", app::quoted(parent.from)),
             source ? ENOTDIR : source.error().code);
      return {};
    }
    parent.source = *source;
  }
  if (is_new && !create(dir, name, parent)) return {};
  // What was made now must not have become somebody's link meanwhile.
  Result<Fd> in =
      c_.names.open(dir, name, is_new ? Open::directory_no_follow : Open::directory_path);
  Result<FileStat> is = in ? c_.files.stat(in->get()) : fail(in.error());
  if (!is) {
    failed(parent, fmt::format("failed to get attributes of {}", app::quoted(parent.to)),
           is.error().code);
    return {};
  }
  parent.device = is->device;
  parent.inode = is->inode;
  if (is_new && (is->mode & kOwnersRights) != kOwnersRights) {
    parent.mode = is->mode;
    const Done opened = c_.attributes.set_mode(in->get(), is->mode | kOwnersRights);
    if (!opened) {
      failed(parent, fmt::format("setting permissions for {}", app::quoted(parent.to)),
             opened.error().code);
      return {};
    }
  }
  if (gives || parent.mode) parents_.push_back(std::move(parent));
  return std::move(*in);
}

bool ParentDirectories::create(int dir, const std::string& name, const Parent& parent) {
  const Options& o = c_.options;
  if (!o.dry_run) {
    const Done made = c_.names.make_directory(dir, name, first_mode(o, parent.source.mode));
    if (!made && made.error().code != EEXIST) {
      return failed(parent, fmt::format("cannot make directory {}", app::quoted(parent.to)),
                    made.error().code);
    }
  }
  if (o.json) {
    tell_made(c_, {parent.from, parent.to}, Made::directory, {});
  } else if (is_cp() && o.verbose) {
    print(fmt::format("{} -> {}\n", parent.from, parent.to));  // without quotes, as cp
  } else if (o.verbose || o.dry_run) {
    announce(c_, {parent.from, parent.to});
  }
  return !o.dry_run;
}

bool ParentDirectories::finish() {
  bool all = true;
  // The inner ones first: giving a mode may take the right to search away.
  for (size_t i = parents_.size(); i-- > 0;) all = give(parents_[i]) && all;
  return all;
}

bool ParentDirectories::give(const Parent& parent) {
  const Options& o = c_.options;
  const uint64_t asked = o.preserve.required | o.preserve.wanted;
  const Result<Fd> fd = c_.names.open(kCurrentDirectory, parent.to, Open::directory);
  const Result<FileStat> now = fd ? c_.files.stat(fd->get()) : fail(fd.error());
  // Somebody else's by now.
  if (!now || now->device != parent.device || now->inode != parent.inode) return true;
  bool all = true;
  uint32_t mode = parent.source.mode;
  if ((asked & metadata::kOwner) != 0) all = give_owner(fd->get(), parent, mode);
  if ((asked & metadata::kMode) != 0) {
    all = give_mode(fd->get(), parent, mode) && all;
  } else if (parent.mode) {
    const Done done = c_.attributes.set_mode(fd->get(), *parent.mode);
    if (!done) {
      all = failed(parent,
                   fmt::format("failed to preserve permissions for {}", app::quoted(parent.to)),
                   done.error().code);
    }
  }
  if ((asked & metadata::kTimes) != 0) {
    const Done done =
        c_.attributes.set_times(fd->get(), parent.source.accessed, parent.source.modified);
    if (!done) {
      all = failed(parent, fmt::format("failed to preserve times for {}", app::quoted(parent.to)),
                   done.error().code);
    }
  }
  return all;
}

bool ParentDirectories::give_owner(int fd, const Parent& parent, uint32_t& mode) {
  constexpr uint32_t kSetIds = 06000;
  const FileStat& source = parent.source;
  const Done done = c_.attributes.set_owner(fd, source.owner, source.group);
  if (done) return true;
  mode &= ~kSetIds;
  const bool may_fail =
      ::geteuid() != 0 && (done.error().code == EPERM || done.error().code == EINVAL);
  if (!may_fail) {
    return failed(parent,
                  fmt::format("failed to preserve ownership for {}", app::quoted(parent.to)),
                  done.error().code);
  }
  (void)c_.attributes.set_owner(fd, UINT32_MAX, source.group);
  return true;
}

bool ParentDirectories::give_mode(int fd, const Parent& parent, uint32_t mode) {
  const Result<Fd> source = c_.names.open(kCurrentDirectory, parent.from, Open::directory_path);
  const Result<std::optional<Acl>> acl =
      source ? c_.attributes.access_acl(source->get()) : fail(source.error());
  Done done = c_.attributes.set_mode(fd, mode);
  // The list behind the mode: its mask is the group's bits.
  if (done && acl && *acl) done = c_.attributes.set_access_acl(fd, **acl);
  if (done) return true;
  return failed(parent, fmt::format("preserving permissions for {}", app::quoted(parent.to)),
                done.error().code);
}

}  // namespace libcopyfile::app
