#include "copyfile/tree_setup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

Overwrite overwrite(const CpOptions& cp) {
  if (cp.when_there == WhenThere::skip) return Overwrite::never;
  if (cp.when_there == WhenThere::fail) return Overwrite::refuse;
  if (cp.only_newer) return Overwrite::if_older;
  return cp.resume ? Overwrite::if_differs : Overwrite::always;
}

Form form(const CpOptions& cp) {
  if (cp.hard_links) return Form::hard_link;
  if (cp.symbolic_links) return Form::symbolic_link;
  return cp.attributes_only ? Form::attributes_only : Form::copy;
}

void set_metadata(const Options& o, uint32_t creation_mask, TreeOptions& t) {
  t.required = o.preserve.required;
  t.wanted = o.preserve.wanted;
  t.keep_hard_links = o.preserve.links;
  t.creation_mask = creation_mask;
  if (o.preserve.plain_mode) t.new_mode = 0666;
}

}  // namespace

TreeOptions tree_options(Context& context) {
  const Options& o = context.options;
  const CpOptions& cp = o.cp;
  TreeOptions t;
  t.recursive = o.recursive;
  // POSIX leaves it open; GNU cp follows nothing in a tree, and everything elsewhere.
  t.follow =
      cp.follow.value_or(o.recursive && !cp.hard_links ? FollowLinks::never : FollowLinks::always);
  t.one_file_system = cp.one_file_system;
  t.special_as_files = !o.recursive || cp.copy_contents;
  t.form = form(cp);
  set_metadata(o, context.creation_mask, t);
  t.data = o.data;
  t.allow_change = o.allow_changes;
  t.plain_small_files = !o.explain && !o.debug && !context.checks() && (!o.json || o.recursive);
  t.overwrite = overwrite(cp);
  t.ask = cp.when_there == WhenThere::ask;
  t.remove_destination = cp.remove_destination;
  t.overwrite_devices = o.overwrite_device;
  t.force = o.force;
  t.backup = cp.backup;
  t.backup_suffix = cp.suffix;
  t.keep_directory_links = cp.keep_directory_links;
  t.in_place = cp.in_place;
  t.durability = o.durability.value_or(Durability::ordered);
  t.sync = o.sync;
  t.resume = cp.resume;
  t.dry_run = o.dry_run;
  t.stop_on_error = cp.stop_on_error;
  t.jobs = cp.jobs;
  t.control = context.control();
  return t;
}

void limit_descriptors(size_t roots, TreeOptions& options) {
  constexpr uint64_t kOthers = 64;  // of copies that are under way
  if (!options.recursive) {
    // One for each file that waits for its name.
    constexpr size_t kMost = 4096;
    const uint64_t open = raise_open_files_limit(std::min(roots, kMost) + kOthers);
    options.files_in_batch = std::clamp<uint64_t>(open, kOthers + 1, kMost + kOthers) - kOthers;
    return;
  }
  constexpr unsigned kMostWorkers = 8;
  const uint64_t workers = options.jobs > 0 ? options.jobs : std::min(processors(), kMostWorkers);
  // Each batch waits for a flush of the medium: few large ones, together no more than those of one worker.
  constexpr uint64_t kInBatches = 4096;
  options.files_in_batch = std::max<uint64_t>(kInBatches / workers, 64);
  options.directory_descriptors += kInBatches;  // files that wait for their names count, too
  // The tree takes no more than half of what there is.
  const uint64_t wanted = 2 * (kOthers + options.directory_descriptors);
  const uint64_t open = raise_open_files_limit(wanted);
  if (open >= wanted) return;
  const uint64_t shared = open > 2 * kOthers ? open - kOthers : kOthers;
  options.directory_descriptors = shared / 4;
  options.files_in_batch = std::max<uint64_t>(shared / 4 / workers, 1);
}

bool set_up_context(Context& context) {
  CpOptions& cp = context.options.cp;
  Preserve& preserve = context.options.preserve;
  const bool has_selinux = ::access("/sys/fs/selinux/enforce", F_OK) == 0;
  if (cp.context && !has_selinux) {
    complain("warning: ignoring --context; it requires an SELinux-enabled kernel");
    cp.context.reset();
  }
  cp.default_context = cp.default_context && has_selinux;
  if (preserve.context_insisted) {
    if (cp.context || cp.default_context) {
      complain("cannot set target context and preserve it");
      return false;
    }
    if (is_cp() && !has_selinux) {
      complain("cannot preserve security context without an SELinux-enabled kernel");
      return false;
    }
  }
  if (!cp.context && !cp.default_context) return true;
  // Without a label to preserve or to set, the kernel gives new files what the policy says: -Z needs no more.
  preserve.required &= ~metadata::kLabel;
  preserve.wanted &= ~metadata::kLabel;
  if (!cp.context) return true;
  // Workers are started later, and inherit it.
  const Done set = context.attributes.set_creation_label(*cp.context);
  if (set) return true;
  complain(
      fmt::format("failed to set default file creation context to {}", app::quoted(*cp.context)),
      set.error().code);
  return false;
}

}  // namespace libcopyfile::app
