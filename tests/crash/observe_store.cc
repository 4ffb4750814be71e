#include "observe_store.h"

#include <fcntl.h>

#include "observe.h"
#include "store/add.h"
#include "store/gc.h"
#include "store/verify.h"
#include "store_workload.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr const char* kBlobs = "blobs/sha256/";

class StoreObserver {
 public:
  StoreObserver(const std::string& directory, const History& history, Observation& result)
      : directory_(directory), history_(history), result_(result) {}

  void look_at_all() {
    Result<store::Repository> repository =
        store::Repository::open(environment_, AT_FDCWD, directory_, store::Use::write);
    if (!repository) strange("the repository cannot be opened", repository.error());
    for (const History::Name& name : history_.names()) {
      const bool is_name = name.name.starts_with(kStoreName);
      result_.names.push_back(is_name ? look_at_name(repository, name)
                                      : look(directory_ + "/" + name.name, name.versions));
    }
    for (const std::string& blob : names_in(directory_ + "/" + kBlobs)) {
      if (!history_.knows(kBlobs + blob)) {
        result_.strange.push_back("there is a blob " + blob + " that nobody added");
      }
    }
    if (repository) use(*repository);
  }

 private:
  void strange(const std::string& what, const Error& error) {
    result_.strange.push_back(what + ": " + error.message());
  }

  // The bytes that the name leads to.
  Seen look_at_name(Result<store::Repository>& repository, const History::Name& name) const {
    Seen seen;
    if (!repository) {
      seen.what = "no repository";
      return seen;
    }
    const Result<Digest> digest =
        repository->resolve(store::Reference(name.name.substr(std::string(kStoreName).size())));
    if (digest) {
      seen = look(directory_ + "/" + kBlobs + digest->hex(), name.versions);
      // That the name is there is seen: that its blob is not is no version of it.
      if (seen.what == "nothing") seen = {0, "a name without its blob"};
      return seen;
    }
    seen.what = digest.error().message();
    for (size_t v = 0; digest.error().code == ENOENT && v < name.versions.size(); ++v) {
      if (name.versions[v].kind == Version::Kind::absent) seen.matches |= uint64_t{1} << v;
    }
    return seen;
  }

  // What somebody would do next.
  void use(store::Repository& repository) {
    store::VerifyOptions options;
    options.quarantine = false;
    options.workers = 1;
    const Result<store::VerifyReport> verified =
        store::verify(repository, options, [this](const store::Finding& finding) {
          if (!store::is_damage(finding.fault)) return;
          result_.strange.push_back("verify: " + std::string(store::name_of(finding.fault)) + " " +
                                    (finding.digest ? finding.digest->hex() : finding.detail));
        });
    if (!verified) strange("verify fails", verified.error());
    const Result<store::GcReport> collected = store::collect(repository, {});
    if (!collected) {
      strange("gc fails", collected.error());
    } else {
      result_.leftovers = collected->pending;
    }
    for (const std::string& left : names_in(directory_ + "/pending")) {
      result_.strange.push_back("gc leaves pending/" + left);
    }
    const std::string source = directory_ + "/../new";
    write_text(source, "after the crash");
    store::AddSource add;
    add.dir = AT_FDCWD;
    add.path = source;
    add.name = "after the crash";
    const Result<store::Added> added = store::add_one(repository, add, {});
    if (!added) strange("nothing can be added", added.error());
  }

  const std::string& directory_;
  const History& history_;
  Observation& result_;
  KernelFiles files_;
  KernelNames names_;
  KernelAttributes attributes_;
  Catalogue catalogue_;
  store::Environment environment_{{files_, names_, attributes_}, catalogue_, nullptr};
};

}  // namespace

void look_at_store(const std::string& directory, const History& history, Observation& result) {
  StoreObserver(directory, history, result).look_at_all();
}

}  // namespace libcopyfile::test
