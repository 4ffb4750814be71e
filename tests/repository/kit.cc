#include "kit.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <span>

#include "testing/places.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"
#include "verify/hasher.h"

namespace libcopyfile::test {
namespace {

constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

template <class T>
T needed(Result<T> result, const char* what) {
  if (!result) throw ScratchError(std::string(what) + ": " + result.error().message());
  return std::move(*result);
}

}  // namespace

bool store_tests_are_full() {
  const char* const crash = std::getenv("COPYFILE_CRASH");
  return crash != nullptr && std::string_view(crash) == "full";
}

uint64_t store_test_seed() {
  const char* const seed = std::getenv("COPYFILE_CRASH_SEED");
  return seed != nullptr && *seed != '\0' ? std::strtoull(seed, nullptr, 10) : 1;
}

size_t times(size_t full, size_t sample) {
  constexpr size_t kSlower = 10;
  return store_tests_are_full() ? full : kSanitized ? sample / kSlower : sample;
}

std::string bytes_of(uint64_t number, size_t size) {
  std::string bytes(size, '\0');
  uint64_t state = number * 0x9e3779b97f4a7c15U + 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56U);
  }
  return bytes;
}

Digest digest_of(std::string_view bytes) {
  Hasher hasher = needed(Hasher::make(Algorithm::sha256), "SHA-256");
  hasher.add(std::as_bytes(std::span(bytes)));
  return needed(hasher.finish(), "SHA-256");
}

Repo::Repo(std::string path, store::Members members) : path_(std::move(path)) {
  if (std::filesystem::exists(path_ + "/format")) return;
  store::Format format;
  format.members = members;
  const Done made = store::Repository::create(environment_, AT_FDCWD, path_, format);
  if (!made) throw ScratchError("make a repository: " + made.error().message());
}

Result<store::Repository> Repo::open(store::Use use) const {
  return store::Repository::open(environment_, AT_FDCWD, path_, use);
}

Result<store::Added> Repo::try_add(const std::string& source, std::optional<Digest> expected,
                                   const std::string& name) {
  Result<store::Repository> repository = open();
  if (!repository) return fail(repository.error());
  store::AddSource add;
  add.dir = AT_FDCWD;
  add.path = source;
  add.expected = expected;
  add.name = name;
  store::AddOptions options;
  options.workers = 1;
  return store::add_one(*repository, add, options);
}

Digest Repo::add(const std::string& bytes, const std::string& name) {
  const std::string source = path_ + "-source-" + std::to_string(getpid());
  write_text(source, bytes);
  const store::Added added = needed(try_add(source, {}, name), "add");
  std::filesystem::remove(source);
  return added.digest;
}

Result<std::string> Repo::get(const std::string& wanted) {
  Result<store::Repository> repository = open(store::Use::read);
  if (!repository) return fail(repository.error());
  const Result<store::Reference> reference = store::parse_reference(wanted);
  if (!reference) return fail(reference.error());
  const std::string to = path_ + "-got-" + std::to_string(getpid());
  store::GetOptions options;
  options.durability = Durability::none;
  const Result<store::Got> got = store::get(*repository, *reference, AT_FDCWD, to, options);
  if (!got) {
    if (std::filesystem::exists(to)) throw ScratchError("get failed, and left " + to);
    return fail(got.error());
  }
  std::string bytes = read_text(to);
  std::filesystem::remove(to);
  return bytes;
}

int Repo::damage(bool quarantine) {
  Result<store::Repository> repository = open();
  if (!repository) return -1;
  store::VerifyOptions options;
  options.quarantine = quarantine;
  options.workers = 1;
  int found = 0;
  const Result<store::VerifyReport> report =
      store::verify(*repository, options,
                    [&](const store::Finding& finding) { found += is_damage(finding.fault); });
  return report ? found : -1;
}

Finished run_store(const std::string& directory, std::vector<std::string> arguments,
                   const std::string& input) {
  arguments.insert(arguments.begin(), {places::kCommand, "store"});
  RunOptions options;
  options.directory = directory;
  options.input = input;
  return run(arguments, options);
}

}  // namespace libcopyfile::test
