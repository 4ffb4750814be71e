// copyfile store init, copyfile store add
#include "store/add.h"

#include <fmt/format.h>

#include "copyfile/checksums.h"
#include "copyfile/input_file.h"
#include "copyfile/messages.h"
#include "copyfile/paths.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "copyfile/store_context.h"

namespace libcopyfile::app {
namespace {

constexpr int kStandardInput = 0;

class AddCommand {
 public:
  AddCommand(StoreContext& context, store::Repository& repository)
      : c_(context), o_(context.options), repository_(repository) {
    options_.replace_names = o_.force;
    options_.most_bytes = o_.most_bytes;
    options_.workers = o_.jobs;
    options_.control = c_.control();
  }

  int run() {
    if (!names_are_good() || !read_checksums()) return kFailed;
    c_.start_progress(o_.repository);
    o_.recursive ? add_trees() : add_files();
    return c_.end(good_);
  }

 private:
  void complain_of(std::string_view text) {
    good_ = false;
    c_.clear_progress();
    complain(text);
  }

  bool names_are_good() {
    std::vector<std::string> names = o_.tags;
    if (!o_.name.empty()) names.push_back(o_.name);
    if (!o_.prefix.empty()) names.push_back(o_.prefix);
    for (const std::string& name : names) {
      const std::optional<std::string_view> why = store::why_no_name(name);
      if (why) complain_of(fmt::format("{} is no name: {}", app::quoted(name), *why));
    }
    return good_;
  }

  bool read_checksums() {
    for (const std::string& path : o_.checksum_files) {
      const Parsed<InputFile> file =
          InputFile::read(path, kMaxChecksumsBytes, "a file of checksums");
      if (!file) {
        complain_of(file.error());
      } else if (checksums_.add(file->text()) == 0) {
        complain_of(fmt::format("no line of {} is a checksum of SHA-256", file->name()));
      }
    }
    return good_;
  }

  void add_files() {
    size_t at = 0;
    const store::NextSource next = [&]() -> std::optional<store::AddSource> {
      while (at < o_.operands.size()) {
        if (std::optional<store::AddSource> source = source_of(o_.operands[at++])) return source;
      }
      return std::nullopt;
    };
    ended_as_a_whole(store::add(repository_, next, options_, teller()));
  }

  void add_trees() {
    for (const std::string& directory : o_.operands) {
      const Result<Fd> dir = c_.names.open(kCurrentDirectory, directory, Open::directory);
      if (!dir) {
        good_ = false;
        c_.failed(fmt::format("cannot open the directory {}", app::quoted(directory)), dir.error());
        continue;
      }
      store::TreeSource source{dir->get(), directory, o_.prefix, {}};
      source.passed_over = [&](const std::string& path, int code) { passed_over(path, code); };
      ended_as_a_whole(store::add_tree(repository_, source, options_, teller()));
    }
  }

  // Nothing for one that is not even tried, which has been told.
  std::optional<store::AddSource> source_of(const std::string& operand) {
    store::AddSource source;
    source.dir = kCurrentDirectory;
    source.path = operand;
    source.expected = o_.expected;
    source.name = o_.name;
    if (operand == "-") {
      source.fd = kStandardInput;
      source.path = "standard input";
    }
    if (!o_.checksum_files.empty()) {
      const Parsed<Digest> digest = checksums_.find(operand);
      if (!digest || digest->algorithm != Algorithm::sha256) {
        complain_of(digest
                        ? fmt::format("the checksums have no SHA-256 of {}", app::quoted(operand))
                        : digest.error());
        return std::nullopt;
      }
      source.expected = *digest;
    }
    if (o_.named || (!o_.prefix.empty() && !o_.recursive)) {
      const std::string last = last_component(operand);
      source.name = o_.prefix.empty() ? last : joined(o_.prefix, last);
      if (const auto why = store::why_no_name(source.name)) {
        complain_of(fmt::format("{} is no name: {}", app::quoted(source.name), *why));
        return std::nullopt;
      }
    }
    return source;
  }

  store::AddEnded teller() {
    return [this](const store::AddSource& source, const Result<store::Added>& added) {
      added ? was_added(source, *added) : was_not_added(source, added.error());
    };
  }

  void was_added(const store::AddSource& source, const store::Added& added) {
    for (const std::string& tag : o_.tags) give(tag, added.digest);
    if (o_.json) {
      nlohmann::ordered_json object{{"event", "added"},
                                    {"path", store::shown_name(source)},
                                    {"digest", added.digest.text()},
                                    {"size", added.size},
                                    {"was_there", added.was_there},
                                    {"shared", added.shared},
                                    {"sealed", added.sealed}};
      if (!source.name.empty()) object["name"] = source.name;
      print_json_line(object);
    } else if (!o_.quiet) {
      c_.clear_progress();
      print(
          fmt::format("{}  {}\n", added.digest.hex(), quoted_if_needed(store::shown_name(source))));
    }
  }

  void give(const std::string& tag, const Digest& digest) {
    const Done given = repository_.give_name(tag, digest, o_.force);
    if (given) return;
    good_ = false;
    if (given.error().code == EEXIST) return complain_of(taken(tag));
    c_.failed(fmt::format("cannot give the name {}", app::quoted(tag)), given.error());
  }

  static std::string taken(const std::string& name) {
    return fmt::format("the name {} belongs to another content (--force moves it)",
                       app::quoted(name));
  }

  void was_not_added(const store::AddSource& source, const Error& e) {
    good_ = false;
    if (o_.json) {
      print_json_line({{"event", "failed"},
                       {"path", store::shown_name(source)},
                       {"error", strerrorname_np(e.code)}});
    }
    if (const std::string why = refusal(source, e); !why.empty()) return complain_of(why);
    c_.failed(fmt::format("cannot add {} to {}", app::quoted(store::shown_name(source)),
                          c_.repository_name()),
              e);
  }

  // A sentence for what is not simply an errno; empty for the rest.
  std::string refusal(const store::AddSource& source, const Error& e) const {
    const std::string path = app::quoted(store::shown_name(source));
    switch (e.code) {
      case EBADMSG:
        if (!source.expected) return {};
        return fmt::format("{} is not added: its digest is not {}", path, source.expected->text());
      case EEXIST: return fmt::format("{} is not added: {}", path, taken(source.name));
      case ESTALE:
        return fmt::format("{} is not added: it changed each time that it was read", path);
      case EFBIG:
        return fmt::format("{} is not added: it is larger than {}", path,
                           size_with_bytes(o_.most_bytes));
      case EISDIR: return fmt::format("{} is a directory (--recursive adds what is in it)", path);
      case EINVAL:
        return fmt::format("{} is not added: it is no regular file (a pipe is read as '-')", path);
      default: return {};
    }
  }

  void passed_over(const std::string& path, int code) {
    if (o_.json) {
      print_json_line({{"event", "passed over"}, {"path", path}, {"error", strerrorname_np(code)}});
    }
    if (code == EINVAL || code == ELOOP) {
      complain_of(fmt::format("{} is not added: it is {}", app::quoted(path),
                              code == ELOOP ? "a symbolic link" : "no regular file"));
    } else {
      good_ = false;
      c_.clear_progress();
      complain(fmt::format("cannot add {}", app::quoted(path)), code);
    }
  }

  void ended_as_a_whole(const Result<store::AddTotals>& totals) {
    if (totals) return;
    good_ = false;
    c_.failed(fmt::format("cannot add to {}", c_.repository_name()), totals.error());
  }

  StoreContext& c_;
  const StoreOptions& o_;
  store::Repository& repository_;
  store::AddOptions options_;
  Checksums checksums_;
  bool good_ = true;
};

}  // namespace

int store_init(StoreContext& context) {
  store::Format format;
  format.members = context.options.members;
  const Done made = store::Repository::create(context.environment(), kCurrentDirectory,
                                              context.options.repository, format);
  if (made) return kOk;
  if (made.error().code == EEXIST || made.error().code == ENOTEMPTY) {
    complain(fmt::format("{} {}", context.repository_name(),
                         made.error().code == EEXIST ? "is there already" : "is not empty"));
  } else {
    context.failed(fmt::format("cannot make the repository {}", context.repository_name()),
                   made.error());
  }
  return kFailed;
}

int store_add(StoreContext& context) {
  std::optional<store::Repository> repository = context.open(store::Use::write);
  return repository ? AddCommand(context, *repository).run() : kFailed;
}

}  // namespace libcopyfile::app
