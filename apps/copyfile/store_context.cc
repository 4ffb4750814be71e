#include "copyfile/store_context.h"

#include <fmt/format.h>

#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {
namespace {

// What a user can do about it; empty: nothing that is known here.
std::string advice(int code) {
  switch (code) {
    case EPROTONOSUPPORT:
      return "it was made by a later version of copyfile, and this one can't use it";
    case EBADMSG:
      return "damaged: 'copyfile store verify' tells what, 'copyfile store repair' heals";
    case EBUSY: return "others are adding all the time";
    case EOPNOTSUPP: return "the index needs libsqlite3, which cannot be loaded";
    default: return {};
  }
}

}  // namespace

StoreContext::StoreContext(StoreOptions o)
    : options(std::move(o)),
      environment_{{files, names, attributes}, catalogue_, &learned_},
      progress_(options.json ? ShowProgress::never : options.progress) {}

std::string StoreContext::repository_name() const { return app::quoted(options.repository); }

std::optional<store::Repository> StoreContext::opened(Result<store::Repository> repository) {
  if (repository) return std::move(*repository);
  const Error& e = repository.error();
  if (e.code == ENOENT || e.code == ENOTDIR) {
    complain(
        fmt::format("{} is no repository ('copyfile store init' makes one)", repository_name()));
  } else if (e.code == EPROTONOSUPPORT || e.code == EBADMSG) {
    complain(fmt::format("cannot open the repository {}: {}", repository_name(), advice(e.code)));
  } else {
    failed(fmt::format("cannot open the repository {}", repository_name()), e);
  }
  return std::nullopt;
}

std::optional<store::Repository> StoreContext::open(store::Use use) {
  return opened(store::Repository::open(environment_, kCurrentDirectory, options.repository, use));
}

std::optional<store::Repository> StoreContext::open_damaged() {
  return opened(
      store::Repository::open_damaged(environment_, kCurrentDirectory, options.repository));
}

std::optional<store::Reference> StoreContext::reference(const std::string& text) {
  Result<store::Reference> reference = store::parse_reference(text);
  if (reference) return std::move(*reference);
  const std::string& why = reference.error().where;
  complain(fmt::format("{} is neither a digest nor a name{}{}", app::quoted(text),
                       why.empty() ? "" : ": ", why));
  return std::nullopt;
}

std::optional<Digest> StoreContext::resolve(store::Repository& repository,
                                            const std::string& text) {
  const std::optional<store::Reference> wanted = reference(text);
  if (!wanted) return std::nullopt;
  const Result<Digest> digest = repository.resolve(*wanted);
  if (digest) return *digest;
  if (digest.error().code == ENOENT) {
    complain(fmt::format("there is no name {} in {}", app::quoted(text), repository_name()));
  } else {
    failed(fmt::format("cannot look up {} in {}", app::quoted(text), repository_name()),
           digest.error());
  }
  return std::nullopt;
}

ControlOptions StoreContext::control() {
  ControlOptions control;
  control.rate = options.rate;
  control.progress = [this](const Progress& now) {
    const std::lock_guard lock(progress_mutex_);
    progress_.update(now);
    return !interrupted();
  };
  return control;
}

void StoreContext::start_progress(const std::string& what) { progress_.start(what); }

void StoreContext::clear_progress() {
  const std::lock_guard lock(progress_mutex_);
  progress_.clear();
}

void StoreContext::failed(const std::string& what, const Error& e) {
  clear_progress();
  if (e.code == ECANCELED && interrupted()) {
    complain("interrupted: " + what);
    return;
  }
  std::string doing;
  if (e.op != Op::none && e.op != Op::validate) {
    doing = fmt::format(" ({}{}{})", describe(e.op), e.where.empty() ? "" : " ",
                        e.where.empty() ? "" : app::quoted(e.where));
  }
  const std::string more = advice(e.code);
  complain(fmt::format("{}{}: {}", what, doing, more.empty() ? errno_text(e.code) : more));
}

int StoreContext::end(bool good) const { return close_standard_output() && good ? kOk : kFailed; }

}  // namespace libcopyfile::app
