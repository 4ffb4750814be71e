#include "copyfile/copy_observer.h"

#include <fmt/format.h>

#include "copyfile/check_report.h"
#include "copyfile/messages.h"
#include "copyfile/prompt.h"
#include "copyfile/quote.h"
#include "copyfile/tree_messages.h"

namespace libcopyfile::app {
namespace {

Pair pair_of(const TreeItem& item) { return {item.from, item.to}; }

const char* reason_of(Skipped why) {
  switch (why) {
    case Skipped::exists: return "exists";
    case Skipped::not_older: return "not older";
    case Skipped::same: return "same";
    case Skipped::declined: return "declined";
    case Skipped::excluded: return "excluded";
    case Skipped::other_file_system: return "other file system";
  }
  return "";
}

}  // namespace

bool CopyObserver::names_items() const {
  const Options& o = c_.options;
  return !o.json && (o.verbose || o.explain || o.dry_run);
}

bool CopyObserver::wants_every_item() const {
  const Options& o = c_.options;
  return names_items() || o.json || o.debug || o.check.digest != Algorithm::none;
}

std::string CopyObserver::take(std::map<std::string, std::string>& notes, const std::string& to) {
  if (notes.empty()) return {};
  auto note = notes.extract(to);
  return note.empty() ? std::string() : std::move(note.mapped());
}

void CopyObserver::name_it(const TreeItem& item) {
  const std::string backup = take(backups_, item.to);
  if (!names_items()) return;
  if (named_.erase(item.to) == 0) announce(c_, pair_of(item), backup);
}

// What the copy must be.
bool CopyObserver::find_expected(const TreeItem& item, CheckOptions& check) {
  if (c_.options.checksum_files.empty()) return true;
  const Parsed<Digest> expected = checksums_.find(item.from);
  if (!expected) {
    refusals_[item.to] = fmt::format("{} is not made: {}", app::quoted(item.to), expected.error());
    return false;
  }
  if (check.digest != Algorithm::none && check.digest != expected->algorithm) {
    refusals_[item.to] =
        fmt::format("{} is not made: the checksums have no {} of {}", app::quoted(item.to),
                    name_of(check.digest), app::quoted(item.from));
    return false;
  }
  check.expected = *expected;
  return true;
}

Done CopyObserver::before_file(const TreeItem& item, FileJob& job) {
  job.check = c_.options.check;
  if (!find_expected(item, job.check)) return fail(EBADMSG, Op::validate);
  job.keep_plans = c_.keep_plans();
  c_.progress.start(item.from);
  return {};
}

void CopyObserver::copied(const TreeItem& item, const FileJob& job, const FileReport& report) {
  const Options& o = c_.options;
  const std::string warning = check_warning(job, report);
  // A line that goes away for each file is never seen.
  std::optional<Quiet> quiet;
  if (wants_every_item() || o.debug || !report.losses.empty() || !warning.empty() ||
      item.is_operand) {
    quiet.emplace(c_);
  }
  warn_of_losses(report.losses, o.preserve, item.to);
  name_it(item);
  if (o.dry_run && !o.json) return;
  tell_copied(c_, pair_of(item), report.facts, report.data, report.size, &report);
  if (!warning.empty()) complain(warning);
  if (job.check.digest != Algorithm::none && !o.json && report.checked.digest) {
    print(checksum_line({item.to, *report.checked.digest}));
  }
}

void CopyObserver::made(const TreeItem& item, Made what, const std::vector<Loss>& losses) {
  std::optional<Quiet> quiet;
  if (wants_every_item() || !losses.empty()) quiet.emplace(c_);
  name_it(item);
  all_complete_ = tell_losses(losses, c_.options.preserve, item.to) && all_complete_;
  tell_made(c_, pair_of(item), what, losses);
}

void CopyObserver::backed_up(const TreeItem& item, const std::string& backup) {
  // Beside it.
  const std::string path = item.to.substr(0, item.to.rfind('/') + 1) + backup;
  backups_[item.to] = path;
  tell_event(c_, "backed_up", pair_of(item), "backup", path);
}

void CopyObserver::removed(const TreeItem& item) {
  tell_event(c_, "removed", pair_of(item), "reason", "to be replaced");
  if (!names_items()) return;
  const Quiet quiet(c_);
  // cp -f removes what it has tried to open, after it has named the file; everything else is removed before.
  const bool on_failure = c_.options.force && !c_.options.cp.remove_destination;
  if (is_cp() && on_failure && item.type == FileType::regular && !named_.contains(item.to)) {
    announce(c_, pair_of(item), take(backups_, item.to));
    named_.insert(item.to);
  }
  print(fmt::format("{} {}\n", c_.options.dry_run ? "would remove" : "removed",
                    app::quoted(item.to)));
}

void CopyObserver::skipped(const TreeItem& item, Skipped why) {
  if (why == Skipped::excluded || why == Skipped::other_file_system) return;
  if (!c_.options.json && !c_.options.debug) return;
  const Quiet quiet(c_);
  tell_event(c_, "skipped", pair_of(item), "reason", reason_of(why));
  if (c_.options.debug && !c_.options.json) {
    print(fmt::format("skipped {}\n", app::quoted(item.to)));
  }
}

void CopyObserver::failed(const TreeItem& item, const TreeFailure& failure) {
  const Quiet quiet(c_);
  const Options& o = c_.options;
  const std::string backup = take(backups_, item.to);
  const bool was_named = named_.erase(item.to) != 0;
  const bool lines = names_items();
  if (lines && is_cp() && !was_named && fails_after_it_is_named(o, item, failure)) {
    announce(c_, pair_of(item), backup);
  }
  if (o.explain && !o.json && failure.report != nullptr && !failure.report->data.plans.empty()) {
    announce(c_, pair_of(item));
    tell_copied(c_, pair_of(item), failure.report->facts, failure.report->data, 0, nullptr);
  }
  const std::string refused = take(refusals_, item.to);
  if (failure.trouble == Trouble::twice) {
    complain(tree_failure(c_, item, failure).text);
  } else {
    tell_failed(c_, pair_of(item),
                refused.empty() ? tree_failure(c_, item, failure) : Message{refused});
  }
  if (lines && is_cp() && !backup.empty()) {
    print(fmt::format("{} -> {} (unbackup)\n", app::quoted(backup), app::quoted(item.to)));
  }
}

bool CopyObserver::may_overwrite(const TreeItem& item, const FileStat& existing) {
  const Quiet quiet(c_);
  return ask_to_overwrite(item.to, existing, c_.options.force || c_.options.cp.remove_destination);
}

}  // namespace libcopyfile::app
