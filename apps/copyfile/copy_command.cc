// copyfile SOURCE... DEST
#include <fmt/format.h>

#include <optional>
#include <set>
#include <tuple>

#include "copyfile/checksums.h"
#include "copyfile/context.h"
#include "copyfile/copy_observer.h"
#include "copyfile/device_contents.h"
#include "copyfile/input_file.h"
#include "copyfile/interrupt.h"
#include "copyfile/messages.h"
#include "copyfile/operands.h"
#include "copyfile/parents.h"
#include "copyfile/paths.h"
#include "copyfile/quote.h"
#include "copyfile/read_filter.h"
#include "copyfile/tree_setup.h"
#include "copyfile/whole_copy.h"

namespace libcopyfile::app {
namespace {

class CopyCommand {
 public:
  explicit CopyCommand(Context& context) : c_(context) {}

  int run() {
    if (!c_.turn_offload_off()) return kFailed;
    int exit = kOk;
    std::optional<Operands> operands = read_operands(c_.options, c_.names, exit);
    if (!operands) return exit;
    if (operands->is_own_backup) c_.options.cp.backup = Backup::none;
    if (const int bad = read_checksums(operands->roots.size()); bad != kOk) return bad;
    if (!read_filter(c_.options.cp, filter_) || !set_up_context(c_)) return kFailed;
    std::optional<ParentDirectories> parents;
    if (c_.options.cp.parents) parents.emplace(c_, *operands->directory);
    bool all = choose_roots(*operands, parents ? &*parents : nullptr);
    all = copy_roots() && all;
    if (parents) all = parents->finish() && all;
    return all && close_standard_output() ? kOk : kFailed;
  }

 private:
  int read_checksums(size_t sources) {
    if (c_.options.check.expected && sources > 1) {
      return usage_error("--expect goes with one source; for several there is --checksums");
    }
    for (const std::string& path : c_.options.checksum_files) {
      const Parsed<InputFile> file =
          InputFile::read(path, kMaxChecksumsBytes, "a file of checksums");
      if (!file) {
        complain(file.error());
        return kFailed;
      }
      if (checksums_.add(file->text()) == 0) {
        complain(fmt::format("no line of {} is a checksum of SHA-256 or XXH128", file->name()));
        return kFailed;
      }
    }
    return kOk;
  }

  // Those that there is something to be done about; false if another can't be copied, which has been told.
  bool choose_roots(Operands& operands, ParentDirectories* parents) {
    bool all = true;
    const bool several = operands.roots.size() > 1;
    for (TreeRoot& root : operands.roots) {
      if (several && is_named_twice(root)) continue;
      if (is_refused_by_slash(root) || (parents != nullptr && !parents->make(root.from))) {
        all = false;
        continue;
      }
      if (c_.options.dry_run && parents != nullptr && is_missing(parent_of(root.to))) {
        announce(c_, {root.from, root.to});
        continue;
      }
      roots_.push_back(std::move(root));
    }
    return all;
  }

  bool is_missing(const std::string& path) {
    return !c_.names.stat(kCurrentDirectory, path, true).has_value();
  }

  // The same source again: cp warns, and takes it for done. With backups, it is copied once more.
  bool is_named_twice(const TreeRoot& root) {
    const bool follow = c_.options.cp.follow != FollowLinks::never;
    const Result<FileStat> source = c_.names.stat(kCurrentDirectory, root.from, follow);
    if (!source) return false;
    const bool is_directory = source->type == FileType::directory;
    if (is_directory ? !c_.options.recursive : c_.options.cp.backup != Backup::none) return false;
    const std::string key = is_directory ? root.to : last_component(root.from);
    if (named_.insert({key, source->device, source->inode}).second) return false;
    complain(fmt::format("warning: source {} {} specified more than once",
                         is_directory ? "directory" : "file", app::quoted(root.from)));
    return true;
  }

  // "new/" can only be a directory.
  bool is_refused_by_slash(const TreeRoot& root) {
    if (!root.to.ends_with('/')) return false;
    const Result<FileStat> source = c_.names.stat(kCurrentDirectory, root.from, true);
    if (!source || source->type == FileType::directory) return false;
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, root.to, true);
    if (there) return false;
    const int code = there.error().code;
    if (code == ENOENT) {
      tell_failed(c_, {root.from, root.to}, {creating(root.to), ENOTDIR});
    } else {
      tell_failed(c_, {root.from, root.to},
                  {fmt::format("cannot stat {}", app::quoted(root.to)), code});
    }
    return true;
  }

  bool copy_roots() {
    if (roots_.empty()) return true;
    TreeOptions options = tree_options(c_);
    if (c_.options.overwrite_device) {
      for (const TreeRoot& root : roots_) announce_overwriting(c_, root.to);
    }
    if (!filter_.empty()) options.filter = &filter_;
    limit_descriptors(roots_.size(), options);
    std::optional<TreeProgress> progress;
    if (c_.options.recursive) {
      // To programs it is told if they ask for it.
      const bool events = c_.options.json;
      progress.emplace(events ? c_.options.progress : c_.shown_progress(),
                       events ? ProgressForm::events : ProgressForm::line);
      show_progress(*progress, options);
    }
    CopyObserver observer(c_, checksums_);
    TreeReport report;
    const bool all =
        copy_trees(c_.system(), c_.catalogue, c_.learned, roots_, options, observer, report);
    if (progress) progress->stop();
    c_.tree_progress = nullptr;
    c_.progress.clear();
    if (report.dropped > 0) {
      complain(fmt::format("interrupted: {} more {} copied and had no name yet; {} not created",
                           report.dropped, report.dropped == 1 ? "file was" : "files were",
                           report.dropped == 1 ? "it is" : "they are"));
    }
    if (report.cancelled && c_.options.recursive) tell_interrupted();
    tell_summary(c_, report, roots_.size());
    return all && observer.all_complete();
  }

  void show_progress(TreeProgress& progress, TreeOptions& options) {
    options.counters = progress.counters();
    options.control.progress = [](const Progress&) { return !interrupted(); };
    c_.tree_progress = &progress;
    progress.start();
  }

  void tell_interrupted() {
    for (const TreeRoot& root : roots_) {
      const bool there = c_.names.stat(kCurrentDirectory, root.to, false).has_value();
      complain(fmt::format("interrupted: {} {}", app::quoted(root.to),
                           there ? "is not complete" : "was not created"));
    }
  }

  Context& c_;
  Checksums checksums_;
  Filter filter_;
  std::vector<TreeRoot> roots_;
  // Sources so far, with what tells them apart: names, device and inode.
  std::set<std::tuple<std::string, uint64_t, uint64_t>> named_;
};

}  // namespace

int copy_command(int argc, char** argv, uint32_t creation_mask) {
  ParsedOptions parsed = parse_options(Verb::copy, argc, argv);
  if (!parsed.options) return parsed.exit;
  catch_interrupts();
  Context context(std::move(*parsed.options), creation_mask);
  // To cp it is a name like any other.
  if (!is_cp() && names_a_unit(context)) return copy_unit(context);
  return CopyCommand(context).run();
}

}  // namespace libcopyfile::app
