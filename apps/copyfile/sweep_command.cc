// copyfile sweep DIRECTORY...
#include "publish/sweep.h"

#include <fmt/format.h>

#include "copyfile/context.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"

namespace libcopyfile::app {
namespace {

class SweepCommand {
 public:
  explicit SweepCommand(Context& context) : c_(context) {}

  int run() {
    const std::vector<std::string>& directories = c_.options.operands;
    if (directories.empty()) return usage_error("missing directory operand");
    for (const std::string& directory : directories) sweep_one(directory);
    if (c_.options.verbose && !c_.options.json) {
      print(fmt::format("{} {} {}, {} in use\n", c_.options.dry_run ? "would remove" : "removed",
                        total_.removed, total_.removed == 1 ? "file" : "files", total_.in_use));
    }
    return good_ && close_standard_output() ? kOk : kFailed;
  }

 private:
  void sweep_one(const std::string& directory) {
    SweepOptions options;
    options.recursive = c_.options.recursive;
    options.dry_run = c_.options.dry_run;
    options.not_sure_too = c_.options.force;
    options.found = [this](const std::string& path, Swept what, uint64_t size, int code) {
      tell(path, what, size, code);
      return !interrupted();
    };
    const Result<Fd> dir = c_.names.open(kCurrentDirectory, directory, Open::directory);
    if (!dir)
      return failed(fmt::format("cannot open {}", app::quoted(directory)), dir.error().code);
    const Result<SweepReport> report =
        sweep(c_.files, c_.names, c_.attributes, dir->get(), directory, options);
    if (!report) {
      return failed(fmt::format("cannot read {}", app::quoted(directory)), report.error().code);
    }
    total_.removed += report->removed;
    total_.in_use += report->in_use;
  }

  void failed(const std::string& text, int code) {
    good_ = false;
    complain(text, code);
  }

  void tell(const std::string& path, Swept what, uint64_t size, int code) {
    if (c_.options.json) {
      nlohmann::ordered_json object{{"event", word(what)}, {"path", path}, {"size", size}};
      if (code != 0) object["error"] = strerrorname_np(code);
      print_json_line(object);
    }
    const bool lines = !c_.options.json;
    switch (what) {
      case Swept::removed:
        if (lines && (c_.options.verbose || c_.options.dry_run)) {
          print(fmt::format("{} {}\n", c_.options.dry_run ? "would remove" : "removed",
                            app::quoted(path)));
        }
        break;
      case Swept::in_use:
        if (lines && c_.options.verbose) print(fmt::format("in use: {}\n", app::quoted(path)));
        break;
      case Swept::not_sure:
        good_ = false;
        complain(
            fmt::format("{} can't be locked, so whether a copy uses it is not known: with "
                        "--force it is removed",
                        app::quoted(path)));
        break;
      case Swept::failed: failed(fmt::format("cannot sweep {}", app::quoted(path)), code); break;
    }
  }

  std::string word(Swept what) const {
    switch (what) {
      case Swept::removed: return c_.options.dry_run ? "found" : "removed";
      case Swept::in_use: return "in use";
      case Swept::not_sure: return "not sure";
      case Swept::failed: return "failed";
    }
    return "";
  }

  Context& c_;
  SweepReport total_;
  bool good_ = true;
};

}  // namespace

int sweep_command(int argc, char** argv) {
  ParsedOptions parsed = parse_options(Verb::sweep, argc, argv);
  if (!parsed.options) return parsed.exit;
  catch_interrupts();
  Context context(std::move(*parsed.options), 022);
  return SweepCommand(context).run();
}

}  // namespace libcopyfile::app
