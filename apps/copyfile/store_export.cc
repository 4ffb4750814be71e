// copyfile store export
#include "store/export.h"

#include <fmt/format.h>

#include "copyfile/document.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/store_context.h"
#include "engine/out_name.h"
#include "publish/pending_file.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

constexpr int kStandardOutput = 1;

class ExportCommand {
 public:
  ExportCommand(StoreContext& context, store::Repository& repository)
      : c_(context), o_(context.options), repository_(repository) {
    options_.prefix = o_.prefix;
    options_.durability = o_.durability.value_or(Durability::ordered);
    options_.creation_mask = creation_mask();
    options_.control = c_.control();
    options_.ended = [this](const std::string& name, const Done& done) { ended(name, done); };
  }

  int run() {
    c_.start_progress(o_.repository);
    Done done;
    switch (o_.export_as) {
      case ExportAs::tree: done = as_tree(); break;
      case ExportAs::tar: done = to_standard_output() ? tar_to(kStandardOutput) : tar(); break;
      case ExportAs::sums: done = as_sums(); break;
      case ExportAs::none: return kUsage;
    }
    c_.clear_progress();
    if (!done) {
      c_.failed(fmt::format("cannot export {}{}{}", c_.repository_name(),
                            to_standard_output() ? "" : " to ",
                            to_standard_output() ? "" : app::quoted(o_.operands[0])),
                done.error());
    }
    return c_.end(done.has_value() && good_);
  }

 private:
  bool to_standard_output() const { return o_.operands.empty() || o_.operands[0] == "-"; }

  void ended(const std::string& name, const Done& done) {
    if (done) {
      if (o_.verbose && !to_standard_output()) print(quoted_if_needed(name) + '\n');
      return;
    }
    good_ = false;
    if (done.error().code == EBADMSG) {
      c_.clear_progress();
      complain(fmt::format("{} is damaged in {}", app::quoted(name), c_.repository_name()));
    } else {
      c_.failed(fmt::format("cannot export {}", app::quoted(name)), done.error());
    }
  }

  Done as_tree() {
    const Result<store::ExportReport> report =
        store::export_tree(repository_, kCurrentDirectory, o_.operands[0], options_);
    if (!report) return fail(report.error());
    good_ = good_ && report->failed == 0;
    return {};
  }

  Done tar_to(int fd) {
    const Result<store::ExportReport> report = store::export_tar(repository_, fd, options_);
    if (!report) return fail(report.error());
    return {};
  }

  // An archive has its name when it is complete.
  Done tar() {
    const Result<OutName> out =
        resolve_out(c_.files, c_.names, kCurrentDirectory, o_.operands[0], true);
    if (!out) return fail(out.error());
    Result<PendingFile> file =
        PendingFile::create(c_.files, c_.names, out->dir, out->name, Replace::file);
    if (!file) return fail(file.error());
    if (Done ok = tar_to(file->fd()); !ok) return ok;
    constexpr uint32_t kMode = 0666;
    if (Done ok = c_.attributes.set_mode(file->fd(), kMode & ~options_.creation_mask); !ok) {
      return ok;
    }
    const Result<Published> published = std::move(*file).commit(options_.durability);
    if (!published) return fail(published.error());
    return {};
  }

  Done as_sums() {
    if (to_standard_output()) {
      return store::export_sums(repository_, o_.prefix, [](std::string_view line) {
        print(line);
        return !interrupted();
      });
    }
    std::string text;
    Done done = store::export_sums(repository_, o_.prefix, [&](std::string_view line) {
      text += line;
      return !interrupted();
    });
    return done ? write_document(o_.operands[0], text) : done;
  }

  StoreContext& c_;
  const StoreOptions& o_;
  store::Repository& repository_;
  store::ExportOptions options_;
  bool good_ = true;
};

}  // namespace

int store_export(StoreContext& context) {
  std::optional<store::Repository> repository = context.open(store::Use::read);
  return repository ? ExportCommand(context, *repository).run() : kFailed;
}

}  // namespace libcopyfile::app
