#include "copyfile/operands.h"

#include <fmt/format.h>

#include "copyfile/messages.h"
#include "copyfile/paths.h"
#include "copyfile/quote.h"
#include "tree/backup_name.h"

namespace libcopyfile::app {
namespace {

class Reader {
 public:
  Reader(const Options& options, Names& names) : o_(options), names_(names) {}

  // An exit status.
  int read(Operands& operands) {
    std::vector<std::string> sources = o_.operands;
    if (const int bad = find_target(sources); bad != kOk) return bad;
    operands.directory = directory_;
    if (!directory_) {
      if (o_.cp.parents) {
        return usage_error("with --parents, the destination must be a directory");
      }
      const std::string to = destination_of(sources[0]);
      operands.is_own_backup = to != target_;
      operands.roots.push_back({sources[0], to});
      return kOk;
    }
    for (std::string& source : sources) {
      if (o_.cp.strip_trailing_slashes) source = without_trailing_slashes(source);
      const std::string name =
          o_.cp.parents ? without_trailing_slashes(source) : name_in_directory(source);
      operands.roots.push_back({source, joined(*directory_, name)});
    }
    return kOk;
  }

 private:
  // Takes the destination off `sources`.
  int find_target(std::vector<std::string>& sources) {
    const bool has_directory = o_.target_directory.has_value();
    if (sources.empty()) return usage_error("missing file operand");
    if (sources.size() == 1 && !has_directory) {
      return usage_error(
          fmt::format("missing destination file operand after {}", app::quoted(sources[0])));
    }
    if (o_.no_target_directory) {
      if (has_directory) return both_ways();
      if (sources.size() > 2) {
        return usage_error(fmt::format("extra operand {}", app::quoted(sources[2])));
      }
    }
    if (has_directory) {
      directory_ = *o_.target_directory;
      return expect_directory("target directory");
    }
    target_ = sources.back();
    sources.pop_back();
    if (o_.no_target_directory) return kOk;
    if (sources.size() > 1) {
      directory_ = target_;
      return expect_directory("target");
    }
    const Result<FileStat> there = names_.stat(kCurrentDirectory, target_, true);
    if (there && there->type == FileType::directory) directory_ = target_;
    return kOk;
  }

  // cp does not take it for wrong usage, as both may come from different hands (an alias, a script).
  static int both_ways() {
    constexpr const char* kText =
        "cannot combine --target-directory (-t) and --no-target-directory (-T)";
    if (!is_cp()) return usage_error(kText);
    complain(kText);
    return kFailed;
  }

  int expect_directory(std::string_view what) {
    const Result<FileStat> there = names_.stat(kCurrentDirectory, *directory_, true);
    if (there && there->type == FileType::directory) return kOk;
    const int code = there ? ENOTDIR : there.error().code;
    complain(fmt::format("{} {}", what, app::quoted(*directory_)), code);
    return kFailed;
  }

  // 'cp --force --backup foo foo' makes a copy of foo under the backup's name.
  std::string destination_of(const std::string& source) const {
    if (!o_.force || o_.cp.backup == Backup::none || source != target_) return target_;
    const Result<FileStat> there = names_.stat(kCurrentDirectory, source, true);
    if (!there || there->type != FileType::regular) return target_;
    return backup_name(names_, kCurrentDirectory, target_, o_.cp.backup, o_.cp.suffix);
  }

  const Options& o_;
  Names& names_;
  std::string target_;
  std::optional<std::string> directory_;
};

}  // namespace

std::optional<Operands> read_operands(const Options& options, Names& names, int& exit) {
  Operands operands;
  exit = Reader(options, names).read(operands);
  if (exit != kOk) return {};
  return operands;
}

}  // namespace libcopyfile::app
