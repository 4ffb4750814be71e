#include "copyfile/tree_messages.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "copyfile/paths.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

// Those that need no errno: the reason is the message.
std::string refusal(const Options& o, const TreeItem& item, Trouble trouble) {
  const std::string from = app::quoted(item.from);
  const std::string to = app::quoted(item.to);
  switch (trouble) {
    case Trouble::omitting_directory:
      return fmt::format("-r not specified; omitting directory {}", from);
    case Trouble::same_file: return fmt::format("{} and {} are the same file", from, to);
    case Trouble::into_itself:
      return fmt::format("cannot copy a directory, {}, into itself, {}", from, to);
    case Trouble::directory_over_file:
      return fmt::format("cannot overwrite non-directory {} with directory {}", to, from);
    case Trouble::file_over_directory:
      return fmt::format("cannot overwrite directory {} with non-directory", to);
    case Trouble::just_created:
      return fmt::format("will not overwrite just-created {} with {}", to, from);
    case Trouble::just_created_link:
      return fmt::format("will not copy {} through just-created symlink {}", from, to);
    case Trouble::twice:
      return fmt::format("warning: source {} {} specified more than once",
                         item.type == FileType::directory ? "directory" : "file", from);
    case Trouble::cycle:
      if (o.cp.follow == FollowLinks::always) {
        return fmt::format("cannot copy cyclic symbolic link {}", from);
      }
      return fmt::format("not copying directory {}: it is in itself", from);
    case Trouble::exists: return fmt::format("not replacing {}", to);
    case Trouble::backup_would_destroy:
      return fmt::format("backing up {} might destroy source;  {} not copied", to, from);
    case Trouble::dangling_link: return fmt::format("not writing through dangling symlink {}", to);
    case Trouble::relative_link:
      return fmt::format("{}: can make relative symbolic links only in current directory",
                         quoted_if_needed(item.to));
    case Trouble::is_device:
      return fmt::format("{} is a block device: with --overwrite-device all that it holds is lost",
                         to);
    case Trouble::escapes:
      return fmt::format("not copying {}: a part of its path was exchanged meanwhile", from);
    default: return {};
  }
}

std::string directory_text(const std::string& to, Op op) {
  switch (op) {
    case Op::set_owner: return fmt::format("failed to preserve ownership for {}", to);
    case Op::set_mode: return fmt::format("preserving permissions for {}", to);
    case Op::set_times: return fmt::format("preserving times for {}", to);
    case Op::set_attribute: return fmt::format("setting attributes for {}", to);
    case Op::sync: return fmt::format("error syncing {}", to);
    default: return fmt::format("cannot create directory {}", to);
  }
}

// With the errno behind them.
std::string inability(const Options& o, const TreeItem& item, const TreeFailure& failure) {
  const std::string from = app::quoted(item.from);
  const std::string to = app::quoted(item.to);
  switch (failure.trouble) {
    case Trouble::cannot_open: return fmt::format("cannot open {} for reading", from);
    case Trouble::cannot_stat: return fmt::format("cannot stat {}", from);
    case Trouble::cannot_stat_destination: return fmt::format("cannot stat {}", to);
    case Trouble::cannot_open_directory:
    case Trouble::cannot_read_directory: return fmt::format("cannot access {}", from);
    case Trouble::cannot_read_link: return fmt::format("cannot read symbolic link {}", from);
    case Trouble::cannot_backup: return fmt::format("cannot backup {}", to);
    case Trouble::cannot_create_directory: return fmt::format("cannot create directory {}", to);
    case Trouble::cannot_create_link:
      if (o.cp.symbolic_links) return fmt::format("cannot create symbolic link {} to {}", to, from);
      return fmt::format("cannot create symbolic link {}", to);
    case Trouble::cannot_create_hard_link:
      return fmt::format("cannot create hard link {} to {}", to,
                         failure.other.empty() ? from : app::quoted(failure.other));
    case Trouble::cannot_create_special:
      return fmt::format("cannot create {} {}",
                         S_ISFIFO(item.source.format) ? "fifo" : "special file", to);
    case Trouble::cannot_remove: return fmt::format("cannot remove {}", to);
    case Trouble::not_durable: return not_durable(item.to);
    case Trouble::no_parent:
      if (failure.error.code != ENOENT) return fmt::format("cannot stat {}", to);
      break;
    default: break;
  }
  switch (item.type) {
    case FileType::directory: return directory_text(to, failure.error.op);
    case FileType::link: return fmt::format("cannot create symbolic link {}", to);
    default: return creating(item.to);
  }
}

// What the engine has to say, and what may as well be an interrupt.
bool is_of_engine(Trouble trouble) {
  return trouble == Trouble::none || trouble == Trouble::cannot_replace ||
         (trouble == Trouble::cannot_open && interrupted());
}

}  // namespace

Message tree_failure(Context& context, const TreeItem& item, const TreeFailure& failure) {
  if (is_of_engine(failure.trouble) && item.type != FileType::directory) {
    FileJob job;
    if (failure.job != nullptr) job = *failure.job;
    job.in_path = item.from;
    job.out_path = item.to;
    const FileReport nothing;
    return file_failure(context, job, failure.error,
                        failure.report != nullptr ? *failure.report : nothing);
  }
  const std::string refused = refusal(context.options, item, failure.trouble);
  if (!refused.empty()) return {refused};
  return {inability(context.options, item, failure), failure.error.code};
}

bool fails_after_it_is_named(const Options& options, const TreeItem& item,
                             const TreeFailure& failure) {
  if (item.type == FileType::directory) return false;
  switch (failure.trouble) {
    case Trouble::no_parent: return failure.error.code == ENOENT;
    // After it could not be opened.
    case Trouble::cannot_remove: return options.force && !options.cp.remove_destination;
    case Trouble::none:
    case Trouble::cannot_open:
    case Trouble::dangling_link:
    case Trouble::relative_link:
    case Trouble::cannot_read_link:
    case Trouble::cannot_create_link:
    case Trouble::cannot_create_hard_link:
    case Trouble::cannot_create_special:
    case Trouble::cannot_replace: return true;
    default: return false;
  }
}

}  // namespace libcopyfile::app
