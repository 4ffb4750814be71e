#include "copyfile/check_report.h"

#include <fmt/format.h>

#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

std::string mismatch(const FileJob& job, const Checked& checked) {
  const std::string copied = checked.digest ? checked.digest->text() : "";
  if (checked.from_medium) {
    return fmt::format("{} is not made: {} was copied, but the medium holds {}",
                       app::quoted(job.out_path), copied, checked.from_medium->text());
  }
  return fmt::format("{} is not made: {} should have {}, and has {}", app::quoted(job.out_path),
                     app::quoted(job.in_path),
                     job.check.expected ? job.check.expected->text() : "another digest", copied);
}

const char* name_of(Medium medium) {
  switch (medium) {
    case Medium::direct: return "direct";
    case Medium::dropped: return "dropped";
    case Medium::cache: return "cache";
    case Medium::none: break;
  }
  return "no";
}

}  // namespace

std::string check_failure(const FileJob& job, const Error& e, const FileReport& report) {
  if (e.code == EBADMSG && e.op == Op::verify) return mismatch(job, report.checked);
  if (e.op == Op::verify) {
    return fmt::format("error reading {} back: {}", app::quoted(job.out_path), errno_text(e.code));
  }
  if (e.op == Op::load) {
    return fmt::format("SHA-256 needs {}, which cannot be loaded", app::quoted(e.where));
  }
  if (e.code == ESTALE && e.op == Op::read && report.retries > 0) {
    return fmt::format("{} is not made: {} changed while it was copied, {} times in a row",
                       app::quoted(job.out_path), app::quoted(job.in_path), report.retries + 1);
  }
  return {};
}

std::string check_warning(const FileJob& job, const FileReport& report) {
  if (report.checked.medium != Medium::cache) return {};
  return fmt::format(
      "warning: {} was read back from memory: its file system has no medium, or "
      "keeps the file in the page cache",
      app::quoted(job.out_path));
}

std::string check_lines(const FileReport& report) {
  std::string text;
  switch (report.checked.medium) {
    case Medium::direct: text += "verified: read back from the medium, by O_DIRECT\n"; break;
    case Medium::dropped:
      text += "verified: read back from the medium, as the page cache was empty\n";
      break;
    case Medium::cache: text += "verified: read back from the page cache only\n"; break;
    case Medium::none: break;
  }
  if (report.retries > 0) {
    text += fmt::format("begun again {} {}, as the source had changed\n", report.retries,
                        report.retries == 1 ? "time" : "times");
  }
  return text;
}

nlohmann::ordered_json json_of_check(const FileReport& report) {
  nlohmann::ordered_json object;
  if (report.checked.digest) object["digest"] = report.checked.digest->text();
  if (report.checked.from_medium) object["digest_of_medium"] = report.checked.from_medium->text();
  object["verified"] = name_of(report.checked.medium);
  object["retries"] = report.retries;
  return object;
}

}  // namespace libcopyfile::app
