// copyfile store gc, du
#include <fmt/format.h>

#include "copyfile/messages.h"
#include "copyfile/report.h"
#include "copyfile/sizes.h"
#include "copyfile/store_context.h"
#include "store/gc.h"
#include "store/usage.h"

namespace libcopyfile::app {

int store_gc(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::write);
  if (!repository) return kFailed;
  const bool dry = c.options.dry_run;
  store::GcOptions options;
  options.dry_run = dry;
  options.grace_seconds = c.options.grace;
  options.quarantine = c.options.and_quarantine;
  options.removed = [&](const Digest& digest, uint64_t size) {
    if (c.options.json) {
      print_json_line(
          {{"event", dry ? "found" : "removed"}, {"digest", digest.text()}, {"size", size}});
    } else if (c.options.verbose || dry) {
      print(fmt::format("{} {}  {}\n", dry ? "would remove" : "removed", digest.text(),
                        format_size(size)));
    }
    return !interrupted();
  };
  const Result<store::GcReport> report = store::collect(*repository, options);
  if (!report) {
    c.failed(fmt::format("cannot collect in {}", c.repository_name()), report.error());
    return kFailed;
  }
  if (c.options.json) {
    print_json_line({{"event", "collected"},
                     {"dry_run", dry},
                     {"blobs", report->blobs},
                     {"bytes", report->bytes},
                     {"pending", report->pending},
                     {"quarantined", report->quarantined}});
  } else if (c.options.verbose) {
    print(fmt::format("{} {} of {}, {} left by crashes, {} in quarantine\n", report->blobs,
                      report->blobs == 1 ? "blob" : "blobs", size_with_bytes(report->bytes),
                      report->pending, report->quarantined));
  }
  return c.end(!interrupted());
}

int store_du(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::read);
  if (!repository) return kFailed;
  const Result<store::Usage> usage = store::usage(*repository, true);
  if (!usage) {
    c.failed(fmt::format("cannot measure {}", c.repository_name()), usage.error());
    return kFailed;
  }
  if (c.options.json) {
    nlohmann::ordered_json object{{"blobs", usage->blobs},
                                  {"bytes", usage->bytes},
                                  {"stored", usage->stored},
                                  {"names", usage->names},
                                  {"named_bytes", usage->named_bytes},
                                  {"quarantined", usage->quarantined},
                                  {"pending", usage->pending},
                                  {"index_bytes", usage->index_bytes}};
    if (usage->shared_known) object["shared"] = usage->shared;
    print_json_line(object);
    return c.end(true);
  }
  print(fmt::format("blobs          {}: {}\n", usage->blobs, size_with_bytes(usage->bytes)));
  print(fmt::format("on the medium  {}, {}\n", size_with_bytes(usage->stored),
                    usage->shared_known ? fmt::format("{} of it shared with other files",
                                                      format_size(usage->shared))
                                        : "how much of it is shared is not known here"));
  print(fmt::format("names          {}: {} as copies\n", usage->names,
                    size_with_bytes(usage->named_bytes)));
  print(fmt::format("index          {}\n", size_with_bytes(usage->index_bytes)));
  if (usage->quarantined > 0) print(fmt::format("in quarantine  {}\n", usage->quarantined));
  if (usage->pending > 0) print(fmt::format("pending        {}\n", usage->pending));
  return c.end(true);
}

}  // namespace libcopyfile::app
