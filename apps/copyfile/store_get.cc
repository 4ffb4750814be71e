// copyfile store get, copyfile store cat
#include "store/get.h"

#include <fmt/format.h>

#include <array>

#include "copyfile/messages.h"
#include "copyfile/paths.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "copyfile/store_context.h"
#include "sys/system_info.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

constexpr int kStandardOutput = 1;

// Why something could not be taken.
void tell_failure(StoreContext& c, const std::string& wanted, const Error& e,
                  const std::string& dest) {
  const std::string what = app::quoted(wanted);
  c.clear_progress();
  switch (e.code) {
    case ENOENT:
      if (e.op == Op::create || e.op == Op::link || e.op == Op::rename) break;
      return complain(fmt::format("there is no {} in {}", what, c.repository_name()));
    case EBADMSG:
      return complain(
          fmt::format("{} is damaged in {}, and nothing of it was given away: 'copyfile store "
                      "verify' and 'copyfile store repair' are for that",
                      what, c.repository_name()));
    case EEXIST:
      return complain(fmt::format("{} is there already (--force replaces it)", app::quoted(dest)));
    default: break;
  }
  c.failed(fmt::format("cannot get {} from {}", what, c.repository_name()), e);
}

// Into a directory a blob goes under the last component of its name.
std::string destination(StoreContext& c, const std::string& wanted, const std::string& dest) {
  const Result<FileStat> there = c.names.stat(kCurrentDirectory, dest, true);
  if (!there || there->type != FileType::directory) return dest;
  return joined(dest, last_component(wanted));
}

void tell(StoreContext& c, const std::string& dest, const store::Got& got) {
  const bool by_seal = got.checked_by == store::CheckedBy::verity;
  if (c.options.json) {
    print_json_line({{"path", dest},
                     {"digest", got.digest.text()},
                     {"size", got.size},
                     {"shared", got.shared},
                     {"checked_by", by_seal ? "fs-verity" : "digest"}});
  } else if (c.options.verbose) {
    print(fmt::format("{}  {}\nchecked by {}, {}\n", got.digest.hex(), quoted_if_needed(dest),
                      by_seal ? "its seal" : "its digest", got.shared ? "shared" : "copied"));
  }
}

bool write_out(StoreContext& c, const std::string& wanted, store::OpenBlob& blob) {
  constexpr size_t kPiece = size_t{1} << 20;
  std::vector<std::byte> buffer(kPiece);
  for (uint64_t at = 0;;) {
    const Result<size_t> n = read_full(c.files, blob.fd.get(), buffer, at);
    if (!n) {
      tell_failure(c, wanted, n.error(), {});
      return false;
    }
    if (*n == 0) return true;
    size_t written = 0;
    const Done out =
        write_all(c.files, kStandardOutput, std::span(buffer).first(*n), kStream, &written);
    if (!out) {
      complain("write error", out.error().code);
      return false;
    }
    at += *n;
  }
}

}  // namespace

int store_get(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::read);
  if (!repository) return kFailed;
  const std::string& wanted = c.options.operands[0];
  const std::optional<store::Reference> reference = c.reference(wanted);
  if (!reference) return kFailed;
  const std::string dest = destination(c, wanted, c.options.operands[1]);
  store::GetOptions options;
  options.replace = c.options.force ? Replace::file : Replace::never;
  options.durability = c.options.durability.value_or(Durability::ordered);
  options.recorded_metadata = c.options.preserve;
  options.creation_mask = creation_mask();
  options.sharing = c.options.sharing;
  options.trust_seal = c.options.trust_seal;
  options.control = c.control();
  c.start_progress(dest);
  const Result<store::Got> got =
      store::get(*repository, *reference, kCurrentDirectory, dest, options);
  c.clear_progress();
  if (got) {
    tell(c, dest, *got);
  } else {
    tell_failure(c, wanted, got.error(), dest);
  }
  return c.end(got.has_value());
}

int store_cat(StoreContext& c) {
  std::optional<store::Repository> repository = c.open(store::Use::read);
  if (!repository) return kFailed;
  for (const std::string& wanted : c.options.operands) {
    const std::optional<store::Reference> reference = c.reference(wanted);
    if (!reference) return kFailed;
    Result<store::OpenBlob> blob = store::open_checked(
        *repository, *reference, store::SealTrust::own, [](uint64_t) { return !interrupted(); });
    if (!blob) {
      tell_failure(c, wanted, blob.error(), {});
      return kFailed;
    }
    if (!write_out(c, wanted, *blob)) return kFailed;
  }
  return kOk;
}

}  // namespace libcopyfile::app
