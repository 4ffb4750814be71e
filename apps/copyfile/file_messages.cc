#include "copyfile/file_messages.h"

#include <fmt/format.h>

#include "copyfile/check_report.h"
#include "copyfile/messages.h"
#include "copyfile/paths.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"

namespace libcopyfile::app {
namespace {

bool is_making_the_name(Op op) { return op == Op::create || op == Op::link || op == Op::rename; }

class Failure {
 public:
  Failure(Context& context, const FileJob& job, const Error& e, const FileReport& report)
      : c_(context),
        from_(job.in_path),
        to_(job.out_path),
        job_(job),
        e_(e),
        report_(report),
        in_place_(context.options.cp.in_place) {}

  Message message() const {
    if (e_.op == Op::verify && e_.code == EOPNOTSUPP) return {unchecked()};
    const std::string checked = check_failure(job_, e_, report_);
    if (!checked.empty() && !interrupted()) return {checked};
    if (report_.published && !in_place_) {
      return {not_durable(to_), e_.code};
    }
    if (interrupted()) return {interrupted_text()};
    if (e_.code == EBUSY && e_.op == Op::create) {
      return {
          fmt::format("{} is a file that is open, and replacing its name would not reach it: "
                      "name the file itself",
                      app::quoted(to_))};
    }
    if (e_.code == ENOENT && is_making_the_name(e_.op) && is_dangling()) {
      return {fmt::format("not writing through dangling symlink {}", app::quoted(to_))};
    }
    if (is_making_the_name(e_.op) && !in_place_ && (e_.code == EACCES || e_.code == EPERM)) {
      if (const std::string why = why_not_replaced(); !why.empty()) {
        return {fmt::format("cannot replace {} ({})", app::quoted(to_), why), e_.code};
      }
    }
    return {text(), e_.code};
  }

 private:
  // What cannot be thrown away again is not checked.
  std::string unchecked() const {
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, to_, true);
    const bool regular = there && there->type == FileType::regular;
    return fmt::format("{} is {}: --digest, --expect, --checksums and --verify are not for it",
                       app::quoted(to_), regular ? "written in place" : "no regular file");
  }

  std::string interrupted_text() const {
    const std::string name = app::quoted(to_);
    const Result<FileStat> target = c_.names.stat(kCurrentDirectory, to_, true);
    if (target && target->type != FileType::regular && target->type != FileType::directory) {
      const uint64_t copied = report_.data.copied;
      return fmt::format("interrupted: {} is written to {}",
                         copied == 0 ? "nothing" : size_with_bytes(copied), name);
    }
    const bool there = c_.names.stat(kCurrentDirectory, to_, false).has_value();
    if (in_place_) return fmt::format("interrupted: {} is not complete", name);
    return fmt::format("interrupted: {} {}", name, there ? "is as it was" : "was not created");
  }

  bool is_dangling() const {
    const Result<FileStat> link = c_.names.stat(kCurrentDirectory, to_, false);
    return link && link->type == FileType::link;
  }

  // What users of cp don't expect: the right to write to a file is not enough to put another in its place.
  std::string why_not_replaced() const {
    constexpr uint32_t kSticky = 01000;
    if (!c_.names.stat(kCurrentDirectory, to_, false)) return {};
    const Result<FileStat> directory = c_.names.stat(kCurrentDirectory, parent_of(to_), true);
    if (!directory) return {};
    if (e_.code == EPERM) {
      const bool sticky = (directory->mode & kSticky) != 0;
      return sticky ? "its directory is sticky, and neither belongs to you" : "";
    }
    return "its directory must be writable: the copy is made beside it";
  }

  std::string reason() const {
    return is_cp() ? "" : reason_of_refusal(report_.facts, report_.data);
  }

  std::string text_of_data() const {
    const std::string from = app::quoted(from_);
    const std::string to = app::quoted(to_);
    if (e_.op == Op::clone) return fmt::format("failed to clone {} from {}{}", to, from, reason());
    if (c_.options.data.offload == Offload::always && e_.code == EOPNOTSUPP) {
      return fmt::format("cannot copy {} to {} without its bytes passing through memory{}", from,
                         to, reason());
    }
    return fmt::format("error copying {} to {}", from, to);
  }

  std::string text_of_metadata() const {
    // Only the owner may do either, and cp tries the times first.
    const bool times_too = e_.op == Op::set_mode && (job_.required & metadata::kTimes) != 0;
    if (is_cp() && times_too) return fmt::format("preserving times for {}", app::quoted(to_));
    if (!report_.losses.empty()) return text_of_loss(report_.losses.back(), to_);
    return fmt::format("error writing {}", app::quoted(to_));
  }

  std::string text() const {
    const std::string from = app::quoted(from_);
    const std::string to = app::quoted(to_);
    switch (e_.op) {
      case Op::read:
      case Op::seek:
      case Op::map_extents: return fmt::format("error reading {}", from);
      case Op::clone:
      case Op::copy_range: return text_of_data();
      case Op::validate: return fmt::format("cannot copy {} to {} as asked", from, to);
      case Op::open:
      case Op::stat:
        if (e_.where == from_) return fmt::format("cannot open {} for reading", from);
        return creating(to_);
      case Op::create:
      case Op::link:
      case Op::rename: return creating(to_);
      case Op::unlink: return fmt::format("cannot remove {}", to);
      case Op::sync: return fmt::format("error syncing {}", to);
      case Op::get_attribute:
        if (report_.losses.empty()) return fmt::format("error reading {}", from);
        return fmt::format("getting attribute {} of {}",
                           app::quoted(report_.losses.back().attribute), from);
      case Op::set_owner:
      case Op::set_mode:
      case Op::set_times:
      case Op::set_attribute: return text_of_metadata();
      default: return fmt::format("error writing {}", to);
    }
  }

  Context& c_;
  const std::string& from_;
  const std::string& to_;
  const FileJob& job_;
  const Error& e_;
  const FileReport& report_;
  bool in_place_;
};

}  // namespace

Message file_failure(Context& context, const FileJob& job, const Error& e,
                     const FileReport& report) {
  return Failure(context, job, e, report).message();
}

std::string creating(const std::string& to) {
  return fmt::format("cannot create regular file {}", app::quoted(to));
}

std::string not_durable(const std::string& to) {
  return fmt::format(
      "{} is there and complete, but its name may not survive a crash: cannot sync its directory",
      app::quoted(to));
}

}  // namespace libcopyfile::app
