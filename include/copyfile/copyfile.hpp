// copyfile for C++20: the functions of copyfile.h with spans, options that have defaults, and results that must be looked at.
// Everything here is inline over the C interface; nothing throws except the standard library for lack of memory.
//
//   #include <copyfile/copyfile.hpp>
//   auto done = libcopyfile::copy_file("disk.img", "backup.img", {.replace = libcopyfile::Replace::file});
//   if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
#pragma once

#include <copyfile/copyfile.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace libcopyfile {
// The version of this interface is part of every name, so that it never meets another one's in one program.
inline namespace v0 {

// An errno, with the meaning that copyfile.h gives it for the function that failed.
struct [[nodiscard]] Error {
  int code = 0;

  std::error_code error_code() const { return {code, std::system_category()}; }
  std::string message() const { return error_code().message(); }
};

template <class T>
using Result = tl::expected<T, Error>;

// As struct copyfile_range, which it is.
using Range = ::copyfile_range;

enum class Sharing { automatic, always, never };
enum class Sparse { automatic, always, never };
enum class Cache { automatic, keep, bypass };
enum class Replace : uint32_t {
  never = COPYFILE_REPLACE_NEVER,
  file = COPYFILE_REPLACE_FILE,
  fresh = COPYFILE_REPLACE_FRESH,
};
enum class Durability : uint32_t {
  ordered = COPYFILE_ORDERED,
  none = COPYFILE_NONE,
  durable = COPYFILE_DURABLE,
};

// One thing that should have been carried over, or kept, and was not.
struct Loss {
  uint64_t metadata_class = 0;  // one of COPYFILE_MODE, ...
  std::string attribute;        // "owner", "user.a", "nocow", ...
  int error = 0;                // the errno why
};

// How ranges are copied.
struct RangeOptions {
  // What must be true.
  Sharing sharing = Sharing::automatic;
  bool require_offload = false;  // no byte through this host's memory
  bool exact = false;            // a range past the end of the source is an error (ENODATA)

  // How fast it goes.
  bool bypass_cache = false;

  unsigned flags() const {
    unsigned f = 0;
    if (sharing == Sharing::always) f |= COPYFILE_REQUIRE_SHARE;
    if (sharing == Sharing::never) f |= COPYFILE_NO_SHARE;
    if (require_offload) f |= COPYFILE_REQUIRE_OFFLOAD;
    if (exact) f |= COPYFILE_EXACT;
    if (bypass_cache) f |= COPYFILE_NO_CACHE;
    return f;
  }
};

// How a file is copied; see copyfileat().
struct FileOptions {
  // What must be true.
  Sharing sharing = Sharing::automatic;
  bool require_offload = false;
  Sparse sparse = Sparse::automatic;
  Replace replace = Replace::never;
  Durability durability = Durability::ordered;
  bool follow_source = true;        // false: a symbolic link as source is an error (ELOOP)
  bool follow_destination = false;  // true: what a symbolic link names is replaced, not the link
  uint64_t required = 0;            // metadata classes, COPYFILE_MODE | ...
  uint64_t wanted = COPYFILE_MODE | COPYFILE_OWNER | COPYFILE_TIMES | COPYFILE_ACL |
                    COPYFILE_XATTR | COPYFILE_CAPABILITIES | COPYFILE_LABEL | COPYFILE_INODE_FLAGS |
                    COPYFILE_PROJECT | COPYFILE_VERITY;
  uint32_t digest = COPYFILE_DIGEST_NONE;
  uint32_t verify = COPYFILE_VERIFY_NONE;
  std::array<uint8_t, 64>
      expected{};             // with digest: the copy gets its name only if it has this one
  bool allow_change = false;  // of the source, while it is read

  // How fast it goes.
  Cache cache = Cache::automatic;
  uint64_t rate = 0;  // bytes a second at most, 0 = no limit

  // Called about ten times a second, never from two threads at once; false cancels (ECANCELED). Must not throw.
  // The initialiser keeps designated initialisers free of -Wmissing-field-initializers.
  std::function<bool(const copyfile_progress&)> progress = {};

  // What was lost of the metadata, is appended, also when the copy fails.
  std::vector<Loss>* losses = nullptr;

  // Where paths begin.
  int in_directory = AT_FDCWD;
  int out_directory = AT_FDCWD;
};

using Report = ::copyfile_report;

// copyfile(): up to `count` bytes. The result is short only at the end of the source or after an error behind the first byte.
inline Result<uint64_t> copy(int out_fd, int in_fd, uint64_t in_offset, uint64_t out_offset,
                             size_t count, const RangeOptions& options = {}) {
  if (in_offset > INT64_MAX || out_offset > INT64_MAX) return tl::unexpected(Error{EOVERFLOW});
  const ssize_t n = ::copyfile(out_fd, in_fd, static_cast<off_t>(in_offset),
                               static_cast<off_t>(out_offset), count, options.flags());
  if (n < 0) return tl::unexpected(Error{errno});
  return static_cast<uint64_t>(n);
}

// copyfilev(): many ranges as one request; `copied` is set in each.
inline Result<uint64_t> copy(int out_fd, int in_fd, std::span<Range> ranges,
                             const RangeOptions& options = {}) {
  const ssize_t n = ::copyfilev(out_fd, in_fd, ranges.data(), ranges.size(), options.flags());
  if (n < 0) return tl::unexpected(Error{errno});
  return static_cast<uint64_t>(n);
}

// copyfileat(): all of `in_path` as `out_path`, or nothing. `report`, if given, is filled also when it fails.
inline Result<Report> copy_file(const std::string& in_path, const std::string& out_path,
                                const FileOptions& options = {}, Report* report = nullptr) {
  copyfile_how how{};
  if (options.sharing == Sharing::always) how.flags |= COPYFILE_REQUIRE_SHARE;
  if (options.sharing == Sharing::never) how.flags |= COPYFILE_NO_SHARE;
  if (options.require_offload) how.flags |= COPYFILE_REQUIRE_OFFLOAD;
  if (options.sparse == Sparse::always) how.flags |= COPYFILE_SPARSE_ALWAYS;
  if (options.sparse == Sparse::never) how.flags |= COPYFILE_SPARSE_NEVER;
  if (options.cache == Cache::bypass) how.flags |= COPYFILE_NO_CACHE;
  if (options.cache == Cache::keep) how.flags |= COPYFILE_CACHE_KEEP;
  if (!options.follow_source) how.flags |= COPYFILE_NOFOLLOW;
  if (options.follow_destination) how.flags |= COPYFILE_FOLLOW_OUT;
  if (options.allow_change) how.flags |= COPYFILE_ALLOW_CHANGE;
  how.replace = static_cast<uint32_t>(options.replace);
  how.durability = static_cast<uint32_t>(options.durability);
  how.required = options.required;
  how.wanted = options.wanted;
  how.digest = options.digest;
  how.verify = options.verify;
  std::copy(options.expected.begin(), options.expected.end(), how.expected);
  how.rate = options.rate;
  if (options.progress) {
    how.progress = [](const copyfile_progress* now, void* data) {
      return (*static_cast<const std::function<bool(const copyfile_progress&)>*>(data))(*now) ? 0
                                                                                              : 1;
    };
    how.progress_data = const_cast<void*>(static_cast<const void*>(&options.progress));
  }
  if (options.losses != nullptr) {
    how.lost = [](const copyfile_loss* loss, void* data) {
      static_cast<std::vector<Loss>*>(data)->push_back(
          {loss->metadata_class, loss->attribute, loss->error});
    };
    how.lost_data = options.losses;
  }
  Report mine{};
  Report* filled = report != nullptr ? report : &mine;
  const int rc = ::copyfileat(options.in_directory, in_path.c_str(), options.out_directory,
                              out_path.c_str(), &how, sizeof how, filled, sizeof *filled);
  if (rc != 0) return tl::unexpected(Error{errno});
  return *filled;
}

// A descriptor that is closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) (void)::close(fd_);
  }
  int get() const { return fd_; }
  // It is the caller's from here on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct StoreOpenOptions {
  int directory = AT_FDCWD;  // the path of the repository is relative to it
  bool trust_seal = false;   // COPYFILE_STORE_TRUST_SEAL
};

// copyfile_store_open(): a file of a repository, by a name in it or a digest, for reading; its bytes have been checked.
inline Result<Descriptor> open_stored(const std::string& repository, const std::string& what,
                                      const StoreOpenOptions& options = {}) {
  const int fd = ::copyfile_store_open(options.directory, repository.c_str(), what.c_str(),
                                       options.trust_seal ? COPYFILE_STORE_TRUST_SEAL : 0U);
  if (fd < 0) return tl::unexpected(Error{errno});
  return Descriptor(fd);
}

}  // namespace v0
}  // namespace libcopyfile
