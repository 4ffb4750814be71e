// copyfile store verify, repair, rebuild
#include "store/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "copyfile/sizes.h"
#include "copyfile/store_context.h"
#include "store/repair.h"

namespace libcopyfile::app {
namespace {

using nlohmann::ordered_json;

std::string_view word(Medium medium) {
  switch (medium) {
    case Medium::direct: return "medium, by O_DIRECT";
    case Medium::dropped: return "medium, as the page cache was empty";
    case Medium::cache: return "page cache";
    case Medium::none: break;
  }
  return "page cache, or the medium where that had nothing";
}

// A sentence stays one, unless there is something in it that a terminal would act on.
std::string harmless(const std::string& detail) {
  const bool plain =
      std::all_of(detail.begin(), detail.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return plain ? detail : app::quoted(detail);
}

std::string sentence(const store::Finding& f) {
  const std::string blob = f.digest ? f.digest->text() : "";
  std::string text;
  switch (f.fault) {
    case store::Fault::wrong_bytes: text = fmt::format("{} is damaged", blob); break;
    case store::Fault::unreadable:
      text = fmt::format("{} cannot be read: {}", blob, errno_text(f.code));
      break;
    case store::Fault::wrong_kind: text = fmt::format("{} is no regular file", blob); break;
    case store::Fault::missing: text = fmt::format("{} is missing", blob); break;
    case store::Fault::not_indexed: text = fmt::format("{} is not in the index", blob); break;
    case store::Fault::index_damaged: text = "the index is damaged"; break;
    case store::Fault::format_damaged: text = "the format file is damaged"; break;
  }
  if (!f.detail.empty()) text += fmt::format(" ({})", harmless(f.detail));
  for (size_t i = 0; i < f.names.size(); ++i) {
    text += (i == 0 ? ", known as " : ", ") + app::quoted(f.names[i]);
  }
  if (f.quarantined) text += "; it is in quarantine now";
  return text;
}

void tell_finding(StoreContext& c, const store::Finding& f) {
  c.clear_progress();
  if (c.options.json) {
    ordered_json object{{"event", "finding"}, {"fault", store::name_of(f.fault)}};
    if (f.digest) object["digest"] = f.digest->text();
    if (f.code != 0) object["error"] = strerrorname_np(f.code);
    if (!f.detail.empty()) object["detail"] = f.detail;
    object["damage"] = store::is_damage(f.fault);
    object["quarantined"] = f.quarantined;
    object["names"] = f.names;
    print_json_line(object);
  } else if (store::is_damage(f.fault)) {
    complain(sentence(f));
  } else if (c.options.verbose) {
    print(sentence(f) + '\n');
  }
}

void tell_end(StoreContext& c, const store::VerifyReport& report) {
  c.clear_progress();
  if (c.options.json) {
    print_json_line(
        {{"event", "verified"},
         {"blobs", report.blobs},
         {"bytes", report.bytes},
         {"passed_over", report.passed_over},
         {"damaged", report.damaged},
         {"complete", report.complete},
         {"from_medium", report.medium == Medium::direct || report.medium == Medium::dropped}});
  } else if (c.options.verbose) {
    print(fmt::format("{} {} read, {}, {} damaged; from the {}\n", report.blobs,
                      report.blobs == 1 ? "blob" : "blobs", size_with_bytes(report.bytes),
                      report.damaged, word(report.medium)));
  }
  if (!report.complete) {
    complain("interrupted: --resume goes on from here");
  } else if (c.options.medium && report.blobs > 0 && report.medium == Medium::cache) {
    complain(
        "warning: read from memory: this file system has no medium, or keeps its files in "
        "the page cache");
  }
}

// A repository that nobody may write to is verified, too; its blobs can't be moved to quarantine then.
std::optional<store::Repository> open_for_verify(StoreContext& c, bool& quarantine) {
  quarantine = c.options.quarantine;
  if (quarantine) {
    Result<store::Repository> writable = store::Repository::open(
        c.environment(), kCurrentDirectory, c.options.repository, store::Use::write);
    if (writable) return std::move(*writable);
    const int code = writable.error().code;
    quarantine = code != EACCES && code != EROFS && code != EPERM;
  }
  return c.open(quarantine ? store::Use::write : store::Use::read);
}

void tell_repair(StoreContext& c, const store::RepairReport& report, const std::string& from) {
  if (c.options.json) {
    print_json_line({{"event", "repaired"},
                     {"from", from},
                     {"wanted", report.wanted},
                     {"healed", report.healed},
                     {"bytes", report.bytes},
                     {"pages", report.pages},
                     {"index_rebuilt", report.index_rebuilt},
                     {"names_found", report.names_found}});
    return;
  }
  if (!c.options.verbose) return;
  if (report.pages > 0) print(fmt::format("{} pages of the index put right\n", report.pages));
  if (report.index_rebuilt) print("the index was built anew\n");
  if (report.names_found > 0) print(fmt::format("{} names found again\n", report.names_found));
  print(fmt::format("{} of {} blobs healed\n", report.healed, report.wanted));
}

// From one place. How many blobs are still missing; nothing if it failed, which has been told.
std::optional<uint64_t> repair_from(StoreContext& c, store::Repository& repository,
                                    const std::string& from, bool last) {
  Result<Fd> dir = c.names.open(kCurrentDirectory, from, Open::directory);
  if (!dir) {
    c.failed(fmt::format("cannot open {}", app::quoted(from)), dir.error());
    return std::nullopt;
  }
  const store::RepairOptions options{c.options.take_names, c.options.jobs, c.control()};
  const store::RepairTold told = [&](const Digest& digest, store::RepairEvent event,
                                     const std::string& found_in) {
    const bool healed = event == store::RepairEvent::healed;
    c.clear_progress();
    if (c.options.json) {
      print_json_line({{"event", healed ? "healed" : "still missing"},
                       {"digest", digest.text()},
                       {"from", found_in}});
    } else if (healed && c.options.verbose) {
      print(fmt::format("{} healed from {}\n", digest.text(), app::quoted(found_in)));
    } else if (!healed && last) {
      complain(fmt::format("{} is still missing", digest.text()));
    }
  };
  const Result<store::RepairReport> report =
      store::repair(repository, dir->get(), from, options, told);
  if (!report) {
    c.failed(fmt::format("cannot repair {} from {}", c.repository_name(), app::quoted(from)),
             report.error());
    return std::nullopt;
  }
  tell_repair(c, *report, from);
  return report->wanted - report->healed;
}

}  // namespace

int store_verify(StoreContext& c) {
  store::VerifyOptions options;
  options.medium = c.options.medium;
  options.sample = c.options.sample;
  options.resume = c.options.resume;
  options.workers = c.options.jobs;
  options.control = c.control();
  std::optional<store::Repository> repository = open_for_verify(c, options.quarantine);
  if (!repository) return kFailed;
  c.start_progress(c.options.repository);
  const Result<store::VerifyReport> report = store::verify(
      *repository, options, [&](const store::Finding& finding) { tell_finding(c, finding); });
  if (!report) {
    c.failed(fmt::format("cannot verify {}", c.repository_name()), report.error());
    return kFailed;
  }
  tell_end(c, *report);
  return c.end(report->damaged == 0 && report->complete);
}

int store_repair(StoreContext& c) {
  std::optional<store::Repository> repository = c.open_damaged();
  if (!repository) return kFailed;
  c.start_progress(c.options.repository);
  if (c.options.from.empty()) {
    const Result<store::RepairReport> report = store::repair_index(*repository);
    if (report) {
      tell_repair(c, *report, "");
    } else {
      c.failed(fmt::format("cannot repair the index of {}", c.repository_name()), report.error());
    }
    return c.end(report.has_value());
  }
  bool good = true;
  uint64_t missing = 0;
  for (const std::string& from : c.options.from) {
    const bool last = &from == &c.options.from.back();
    const std::optional<uint64_t> left = repair_from(c, *repository, from, last);
    good = good && left.has_value();
    missing = left.value_or(missing);
  }
  return c.end(good && missing == 0);
}

int store_rebuild(StoreContext& c) {
  std::optional<store::Repository> repository = c.open_damaged();
  if (!repository) return kFailed;
  const Done done = store::rebuild_index(*repository, !c.options.blobs_only);
  if (!done) {
    c.failed(fmt::format("cannot rebuild the index of {}", c.repository_name()), done.error());
    return kFailed;
  }
  const Result<store::Index*> index = repository->index();
  const Result<uint64_t> names = index ? (*index)->count_names() : fail(index.error());
  if (names && *names == 0) {
    complain(fmt::format(
        "no names are left in {} ('copyfile store repair --names --from=OTHER' takes those "
        "of another repository)",
        c.repository_name()));
  }
  return kOk;
}

}  // namespace libcopyfile::app
