// copyfile store names, ls, tag, rm, stat
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "copyfile/sizes.h"
#include "copyfile/store_context.h"

namespace libcopyfile::app {
namespace {

using nlohmann::ordered_json;

// In UTC: what a repository says shall not depend on who asks.
std::string time_text(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return fmt::format("@{}", seconds);
  constexpr size_t kRoom = 64;
  char text[kRoom];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, length};
}

ordered_json json_of_name(const store::NameRecord& record) {
  ordered_json object{{"name", record.name},
                      {"digest", record.digest.text()},
                      {"size", record.size},
                      {"added", record.added}};
  if (record.mode) object["mode"] = fmt::format("{:04o}", *record.mode);
  if (record.modified) {
    object["modified"] =
        fmt::format("{}.{:09}", record.modified->seconds, record.modified->nanoseconds);
  }
  return object;
}

ordered_json json_of_blob(const store::BlobStat& blob) {
  ordered_json names = ordered_json::array();
  for (const store::NameRecord& name : blob.names) names.push_back(json_of_name(name));
  ordered_json object{{"digest", blob.digest.text()}, {"size", blob.size},
                      {"stored", blob.stored},        {"sealed", blob.sealed},
                      {"indexed", blob.indexed},      {"names", std::move(names)}};
  if (blob.indexed) {
    object["kept"] = blob.record.kept;
    object["added"] = blob.record.added;
  }
  return object;
}

void print_blob(const store::BlobStat& blob) {
  std::string text = fmt::format("{}\n  {}, {} on the medium{}{}\n", blob.digest.text(),
                                 size_with_bytes(blob.size), format_size(blob.stored),
                                 blob.sealed ? ", sealed by fs-verity" : "",
                                 blob.indexed ? "" : ", not in the index");
  if (blob.indexed) {
    text += fmt::format("  added {}{}\n", time_text(blob.record.added),
                        blob.record.kept ? ", kept without a name" : "");
  }
  for (const store::NameRecord& name : blob.names) {
    text += fmt::format("  name {}", quoted_if_needed(name.name));
    if (name.mode) text += fmt::format(", mode {:04o}", *name.mode);
    if (name.modified) text += fmt::format(", modified {}", time_text(name.modified->seconds));
    text += '\n';
  }
  print(text);
}

std::string line_of_blob(const store::BlobStat& blob) {
  std::string text = fmt::format("{}  {:>5}", blob.digest.hex(), format_size(blob.size));
  if (blob.names.empty()) {
    text += !blob.indexed ? "  (not in the index)" : blob.record.kept ? "" : "  (unused)";
  }
  for (const store::NameRecord& name : blob.names) text += "  " + quoted_if_needed(name.name);
  return text + '\n';
}

// One reference of `rm`; false if it could not be done, which has been told.
bool remove(StoreContext& c, store::Repository& repository, const std::string& text) {
  const std::optional<store::Reference> reference = c.reference(text);
  if (!reference) return false;
  const std::string what = fmt::format("cannot remove {}", app::quoted(text));
  const auto told = [&](const Done& done) {
    if (done) return true;
    if (done.error().code == ENOENT) {
      complain(fmt::format("there is no {} in {}", app::quoted(text), c.repository_name()));
    } else {
      c.failed(what, done.error());
    }
    return false;
  };
  if (const auto* name = std::get_if<std::string>(&*reference)) {
    return told(repository.remove_name(*name));
  }
  const Digest& digest = std::get<Digest>(*reference);
  const Result<store::BlobStat> blob = repository.stat(digest);
  if (!blob) return told(fail(blob.error()));
  if (!blob->names.empty() && !c.options.force) {
    complain(fmt::format("{}: it has {} {}, such as {} (--force removes those, too)", what,
                         blob->names.size(), blob->names.size() == 1 ? "name" : "names",
                         app::quoted(blob->names.front().name)));
    return false;
  }
  for (const store::NameRecord& name : blob->names) {
    const Done removed = repository.remove_name(name.name);
    // Somebody else was faster.
    if (!removed && removed.error().code != ENOENT) return told(removed);
  }
  return told(repository.keep(digest, false));
}

}  // namespace

int store_names(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::read);
  if (!repository) return kFailed;
  const Result<store::Index*> index = repository->index();
  const std::string what = fmt::format("cannot read the names of {}", c.repository_name());
  if (!index) {
    c.failed(what, index.error());
    return kFailed;
  }
  const std::string prefix = c.options.operands.empty() ? "" : c.options.operands[0];
  const Done done = (*index)->for_each_name(prefix, [&](const store::NameRecord& record) {
    if (c.options.json) {
      print_json_line(json_of_name(record));
    } else {
      print(fmt::format("{}  {}\n", record.digest.hex(), quoted_if_needed(record.name)));
    }
    return !interrupted();
  });
  if (!done) c.failed(what, done.error());
  return c.end(done.has_value());
}

int store_ls(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::read);
  if (!repository) return kFailed;
  const std::string what = fmt::format("cannot list {}", c.repository_name());
  std::vector<Digest> blobs;
  const Done listed = repository->for_each_blob([&](const Digest& digest) {
    blobs.push_back(digest);
    return true;
  });
  if (!listed) {
    c.failed(what, listed.error());
    return kFailed;
  }
  std::sort(blobs.begin(), blobs.end(),
            [](const Digest& a, const Digest& b) { return a.bytes < b.bytes; });
  for (const Digest& digest : blobs) {
    if (interrupted()) return c.end(false);
    const Result<store::BlobStat> blob = repository->stat(digest);
    if (blob) {
      c.options.json ? print_json_line(json_of_blob(*blob)) : print(line_of_blob(*blob));
    } else if (blob.error().code != ENOENT) {  // collected meanwhile
      c.failed(what, blob.error());
      return kFailed;
    }
  }
  return c.end(true);
}

int store_tag(StoreContext& c) {
  const std::string& name = c.options.operands[1];
  if (const auto why = store::why_no_name(name)) {
    complain(fmt::format("{} is no name: {}", app::quoted(name), *why));
    return kFailed;
  }
  std::optional<store::Repository> repository = c.open(store::Use::write);
  if (!repository) return kFailed;
  const std::optional<Digest> digest = c.resolve(*repository, c.options.operands[0]);
  if (!digest) return kFailed;
  const Done given = repository->give_name(name, *digest, c.options.force);
  if (given) return kOk;
  if (given.error().code == ENOENT) {
    complain(fmt::format("there is no {} in {}", app::quoted(c.options.operands[0]),
                         c.repository_name()));
  } else if (given.error().code == EEXIST) {
    complain(fmt::format("the name {} belongs to another content (--force moves it)",
                         app::quoted(name)));
  } else {
    c.failed(fmt::format("cannot give the name {}", app::quoted(name)), given.error());
  }
  return kFailed;
}

int store_rm(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::write);
  if (!repository) return kFailed;
  bool good = true;
  for (const std::string& operand : c.options.operands) {
    if (interrupted()) break;
    good = remove(c, *repository, operand) && good;
  }
  return good ? kOk : kFailed;
}

int store_stat(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::read);
  if (!repository) return kFailed;
  bool good = true;
  for (const std::string& operand : c.options.operands) {
    const std::optional<Digest> digest = c.resolve(*repository, operand);
    if (!digest) {
      good = false;
      continue;
    }
    const Result<store::BlobStat> blob = repository->stat(*digest);
    if (blob) {
      c.options.json ? print_json_line(json_of_blob(*blob)) : print_blob(*blob);
      continue;
    }
    good = false;
    if (blob.error().code == ENOENT) {
      complain(fmt::format("there is no {} in {}", app::quoted(operand), c.repository_name()));
    } else {
      c.failed(fmt::format("cannot look at {}", app::quoted(operand)), blob.error());
    }
  }
  return c.end(good);
}

}  // namespace libcopyfile::app
