// A program in C++20 that knows the installed headers only; exit status 0 if all is right. Run in a directory with
// nothing but a repository "store", where "greek/abc" is "abc".
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <copyfile/copyfile.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

bool require(bool condition, const char* what) {
  if (!condition) std::fprintf(stderr, "not so: %s\n", what);
  return condition;
}

std::string contents(const char* name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool copies_ranges(const std::string& data) {
  const int in = ::open("source", O_RDONLY);
  const int out = ::open("ranges", O_RDWR | O_CREAT | O_TRUNC, 0644);
  std::vector<libcopyfile::Range> ranges{{1000, 0, 500, 0}, {data.size() - 10, 500, 20, 0}};
  const auto many = libcopyfile::copy(out, in, ranges);
  const auto past_end = libcopyfile::copy(out, in, data.size(), 0, 1);
  const auto refused = libcopyfile::copy(out, in, UINT64_MAX, 0, 1);
  ::close(in);
  ::close(out);
  return require(many && *many == 510 && ranges[1].copied == 10, "ranges are copied") &&
         require(contents("ranges") == data.substr(1000, 500) + data.substr(data.size() - 10),
                 "the ranges hold what the source does") &&
         require(past_end && *past_end == 0, "nothing is behind the end") &&
         require(!refused && refused.error().code == EOVERFLOW,
                 "an offset that is none is refused");
}

bool copies_file(const std::string& data) {
  uint64_t last = 0;
  libcopyfile::FileOptions options{.sharing = libcopyfile::Sharing::never,
                                   .durability = libcopyfile::Durability::none};
  options.progress = [&](const copyfile_progress& now) {
    last = now.copied;
    return true;
  };
  const auto done = libcopyfile::copy_file("source", "copy", options);
  const auto again = libcopyfile::copy_file("source", "copy");
  std::vector<libcopyfile::Loss> losses;
  const auto fresh = libcopyfile::copy_file(
      "source", "copy", {.replace = libcopyfile::Replace::fresh, .losses = &losses});
  return require(done && done->published == 1, "the copy is published") &&
         require(fresh && losses.empty(), "a plain file loses nothing") &&
         require(contents("copy") == data, "the copy holds what the source does") &&
         require(last == data.size(), "progress ends at the size") &&
         require(!again && again.error().code == EEXIST, "nothing is replaced by default");
}

// XXH3 is in the library; SHA-256 is in another one, which need not be there.
bool checks_file(const std::string& data) {
  const libcopyfile::FileOptions xxh3{.digest = COPYFILE_DIGEST_XXH3_128,
                                      .verify = COPYFILE_VERIFY_MEDIUM};
  const auto one = libcopyfile::copy_file("source", "checked", xxh3);
  libcopyfile::FileOptions sha256{.digest = COPYFILE_DIGEST_SHA256};
  const auto two = libcopyfile::copy_file("source", "sha256", sha256);
  if (!require(one && one->verified != COPYFILE_VERIFIED_NO, "a copy is verified") ||
      !require(contents("checked") == data, "what is verified is the copy") ||
      !require(two || two.error().code == EOPNOTSUPP, "SHA-256 is there, or said not to be")) {
    return false;
  }
  if (!two) return true;
  std::copy(two->digest_value, two->digest_value + 64, sha256.expected.begin());
  sha256.allow_change = true;
  const auto same = libcopyfile::copy_file("source", "same", sha256);
  sha256.expected[0] ^= 1;
  const auto other = libcopyfile::copy_file("source", "other", sha256);
  return require(same.has_value(), "an expected digest is no obstacle") &&
         require(!other && other.error().code == EBADMSG && contents("other").empty(),
                 "another digest is no copy");
}

// "abc" is in a repository here.
bool opens_stored() {
  const auto opened = libcopyfile::open_stored("store", "greek/abc");
  const auto missing = libcopyfile::open_stored("store", "greek/def", {.trust_seal = true});
  char text[4] = {};
  return require(opened.has_value(), "a name is opened") &&
         require(::read(opened->get(), text, sizeof text) == 3 && std::strcmp(text, "abc") == 0,
                 "it leads to its bytes") &&
         require(!missing && missing.error().code == ENOENT, "what is not there is not opened");
}

}  // namespace

int main(int argc, char** argv) {
  if (!require(argc == 2 && std::strcmp(copyfile_version(), argv[1]) == 0, "the version is right"))
    return 1;
  std::string data;
  for (int i = 0; i < 100'000; ++i) data.push_back(static_cast<char>(i * 7 + i / 251));
  std::ofstream("source", std::ios::binary) << data;
  return copies_ranges(data) && copies_file(data) && checks_file(data) && opens_stored() ? 0 : 1;
}
