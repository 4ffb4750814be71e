// copyfile SOURCE DEST, where one of the two is a logical unit: a URL, or a SCSI generic node.
#include <fmt/format.h>

#include <algorithm>

#include "copyfile/events.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/whole_copy.h"
#include "sys/iscsi_url.h"

namespace libcopyfile::app {
namespace {

// What was said that only names of files have: they are kept, changed, given and looked for by rules that a unit has no part in.
const char* option_for_files(const Options& o) {
  const CpOptions& cp = o.cp;
  if (o.recursive) return "--recursive";
  if (o.target_directory) return "--target-directory";
  if (cp.hard_links) return "--link";
  if (cp.symbolic_links) return "--symbolic-link";
  if (cp.attributes_only) return "--attributes-only";
  if (cp.parents) return "--parents";
  if (cp.backup != Backup::none) return "--backup";
  if (cp.in_place) return "--in-place";
  if (cp.resume) return "--resume";
  if (cp.only_newer) return "--update";
  if (cp.when_there == WhenThere::ask) return "--interactive";
  if (o.preserve.required != 0) return "--preserve";
  if (o.dry_run) return "--dry-run";
  if (!o.checksum_files.empty()) return "--checksums";
  return nullptr;
}

bool names_a_url(const Options& o) {
  return std::any_of(o.operands.begin(), o.operands.end(), is_iscsi_url);
}

// A unit as the contents of a file, which appears when it is complete.
class UnitToFile {
 public:
  UnitToFile(Context& context, const std::string& operand, const std::string& to)
      : c_(context), operand_(operand), from_(without_secrets(operand)), to_(to) {}

  int run() {
    Result<Fd> in = c_.open_unit(operand_, false);
    if (!in) {
      const Error& e = in.error();
      const std::string text = fmt::format("cannot open {} for reading", app::quoted(from_));
      return failed(e.where.empty() ? Message{text, e.code} : Message{text + ": " + e.where, 0});
    }
    const FileJob job = job_for(*in);
    if (c_.options.verbose || c_.options.explain) {
      if (!c_.options.json) announce(c_, {from_, to_});
    }
    c_.progress.start(from_);
    FileReport report;
    const Done ok = copy_file(c_.system(), c_.catalogue, &c_.learned, job, report);
    c_.progress.clear();
    if (!ok) return failed(file_failure(c_, job, ok.error(), report));
    tell_copied(c_, {from_, to_}, report.facts, report.data, report.size, &report);
    return close_standard_output() ? kOk : kFailed;
  }

 private:
  FileJob job_for(const Fd& in) {
    const Options& o = c_.options;
    FileJob job;
    job.in_path = from_;
    job.in_file = in.get();
    job.out_dir = kCurrentDirectory;
    job.out_path = to_;
    job.follow_out = true;
    job.data = o.data;
    job.check = o.check;
    job.allow_change = true;  // nobody could tell
    job.replace = o.cp.when_there == WhenThere::overwrite ? Replace::file : Replace::never;
    job.durability = o.durability.value_or(Durability::ordered);
    job.creation_mask = c_.creation_mask;
    job.new_mode = 0666;
    job.control = c_.control();
    job.keep_plans = c_.keep_plans();
    return job;
  }

  int failed(const Message& message) {
    tell_failed(c_, {from_, to_}, message);
    (void)close_standard_output();
    return kFailed;
  }

  Context& c_;
  const std::string& operand_;
  const std::string from_;
  const std::string& to_;
};

}  // namespace

bool names_a_unit(Context& context) {
  const Options& o = context.options;
  if (names_a_url(o)) return true;
  // A node is a name, too, of which there can be links and copies; what it leads to is wanted where contents are copied.
  const bool names = o.cp.hard_links || o.cp.symbolic_links || o.cp.attributes_only;
  if (names || o.operands.size() < 2) return false;
  const auto is_unit = [&](const std::string& operand) { return context.names_unit(operand); };
  const auto last = o.operands.end() - (o.target_directory ? 0 : 1);
  if (!o.recursive && std::any_of(o.operands.begin(), last, is_unit)) return true;
  return !o.target_directory && is_unit(o.operands.back());
}

int copy_unit(Context& context) {
  const Options& o = context.options;
  const char* const what = names_a_url(o) ? "an iscsi:// URL" : "a SCSI generic node";
  if (const char* option = option_for_files(o)) {
    return usage_error(fmt::format("option '{}' does not go with {}", option, what));
  }
  if (o.operands.size() != 2) {
    return usage_error(fmt::format("{} is copied by itself: SOURCE DEST", what));
  }
  const std::string& from = o.operands[0];
  const std::string& to = o.operands[1];
  const Result<FileStat> there = context.names.stat(kCurrentDirectory, to, true);
  const FileType kind = there ? there->type : FileType::regular;
  if (context.names_unit(to) || kind == FileType::block_device) {
    if (o.check.algorithm() != Algorithm::none) {
      return usage_error(
          "--digest, --expect and --verify are for copies that can still be thrown away");
    }
    return copy_whole(context, from, to);
  }
  if (kind != FileType::regular) {
    complain(fmt::format("{} is neither a regular file nor a block device", app::quoted(to)));
    return kFailed;
  }
  return UnitToFile(context, from, to).run();
}

}  // namespace libcopyfile::app
