// copyfile store manifest
#include <fmt/format.h>

#include <map>

#include "copyfile/checksums.h"
#include "copyfile/document.h"
#include "copyfile/input_file.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "copyfile/ssh_signature.h"
#include "copyfile/store_context.h"
#include "store/export.h"

namespace libcopyfile::app {
namespace {

using Manifest = std::map<std::string, Digest>;

class ManifestCommand {
 public:
  ManifestCommand(StoreContext& context, store::Repository& repository)
      : c_(context), o_(context.options), repository_(repository) {}

  int run() {
    const std::optional<std::string> text = text_now();
    if (!text) return kFailed;
    const bool good = o_.check.empty() ? write(*text) : check(*text);
    return c_.end(good);
  }

 private:
  std::optional<std::string> text_now() {
    std::string text;
    const Done done = store::export_sums(repository_, o_.prefix, [&](std::string_view line) {
      text += line;
      return !interrupted();
    });
    if (done) return text;
    c_.failed(fmt::format("cannot read the names of {}", c_.repository_name()), done.error());
    return std::nullopt;
  }

  bool write(const std::string& text) {
    if (o_.output.empty()) {
      print(text);
      return true;
    }
    if (!o_.sign_key.empty()) {
      const Parsed<std::string> signature = sign_text(text, o_.sign_key);
      if (!signature) {
        complain(fmt::format("the manifest is not signed: {}", signature.error()));
        return false;
      }
      // Before the manifest: there is none without its signature.
      if (!write_file(o_.output + ".sig", *signature)) return false;
    }
    return write_file(o_.output, text);
  }

  bool write_file(const std::string& path, const std::string& text) {
    const Done done = write_document(path, text);
    if (!done) c_.failed(fmt::format("cannot write {}", app::quoted(path)), done.error());
    return done.has_value();
  }

  // The manifest is read once: what was signed is what is compared.
  bool check(const std::string& now) {
    const Parsed<InputFile> file = InputFile::read(o_.check, kMaxChecksumsBytes, "a manifest");
    if (!file) {
      complain(file.error());
      return false;
    }
    if (!o_.unsigned_too) {
      const Parsed<bool> good =
          check_signature(file->text(), {o_.check + ".sig", o_.signers, o_.identity});
      if (!good) {
        complain(fmt::format("{} is not trusted: {}", app::quoted(o_.check), good.error()));
        return false;
      }
    }
    const std::optional<Manifest> wanted = parse(file->text());
    return wanted && compare(*wanted, parse(now).value_or(Manifest{}));
  }

  // Nothing where a line is none, or names something twice, which has been told.
  std::optional<Manifest> parse(std::string_view text) {
    Manifest manifest;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      const std::optional<ChecksumLine> line = parse_checksum_line(text.substr(0, end));
      const bool good = line && line->digest.algorithm == Algorithm::sha256 &&
                        manifest.try_emplace(line->name, line->digest).second;
      if (!good) {
        complain(fmt::format("{} is no manifest: {}", app::quoted(o_.check),
                             app::quoted(text.substr(0, end))));
        return std::nullopt;
      }
      text.remove_prefix(std::min(text.size(), end + 1));
    }
    return manifest;
  }

  bool compare(const Manifest& wanted, const Manifest& there) {
    for (const auto& [name, digest] : wanted) {
      const auto found = there.find(name);
      if (found == there.end()) {
        differs(name, "missing");
      } else if (!(found->second == digest)) {
        differs(name, "another content");
      } else if (const Result<bool> has = repository_.has(digest); !has || !*has) {
        differs(name, "without its blob");
      }
    }
    for (const auto& [name, digest] : there) {
      if (!wanted.contains(name)) differs(name, "not in the manifest");
    }
    return good_;
  }

  void differs(const std::string& name, const char* how) {
    good_ = false;
    if (o_.json) {
      print_json_line({{"event", "differs"}, {"name", name}, {"how", how}});
    } else {
      complain(fmt::format("{}: {}", app::quoted(name), how));
    }
  }

  StoreContext& c_;
  const StoreOptions& o_;
  store::Repository& repository_;
  bool good_ = true;
};

}  // namespace

int store_manifest(StoreContext& context) {
  std::optional<store::Repository> repository = context.open(store::Use::read);
  return repository ? ManifestCommand(context, *repository).run() : kFailed;
}

}  // namespace libcopyfile::app
