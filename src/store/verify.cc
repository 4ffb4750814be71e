#include "store/verify.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>

#include "store/quarantine.h"
#include "store/verify_position.h"
#include "sys/system_info.h"
#include "sys/thread.h"

namespace libcopyfile::store {
namespace {

constexpr double kSaveEvery = 10;

class Verification {
 public:
  Verification(Repository& repository, const VerifyOptions& options,
               const std::function<void(const Finding&)>& found)
      : repository_(repository),
        files_(repository.environment().system.files),
        options_(options),
        found_(found),
        position_(repository),
        started_(monotonic_seconds()) {}

  Result<VerifyReport> run() {
    check_index();
    if (Done ok = list(); !ok) return fail(ok.error());
    read_all();
    if (error_) return fail(*error_);
    report_.complete = !cancelled_;
    if (cancelled_) {
      save_position();
      return report_;
    }
    if (Done ok = compare_with_index(); !ok) return fail(ok.error());
    position_.clear();
    return report_;
  }

 private:
  void tell(Finding finding) {
    const std::lock_guard lock(mutex_);
    tell_locked(std::move(finding));
  }

  void tell_locked(Finding finding) {
    if (is_damage(finding.fault)) ++report_.damaged;
    if (finding.digest) {
      told_.insert(std::lower_bound(told_.begin(), told_.end(), *finding.digest, is_before),
                   *finding.digest);
      finding.names = names_of(*finding.digest);
    }
    found_(finding);
  }

  static bool is_before(const Digest& a, const Digest& b) { return a.bytes < b.bytes; }

  std::vector<std::string> names_of(const Digest& digest) {
    std::vector<std::string> names;
    if (index_ == nullptr) return names;
    const auto records = index_->names_of(digest);
    for (size_t i = 0; records && i < records->size() && i < kMostNamesTold; ++i) {
      names.push_back((*records)[i].name);
    }
    return names;
  }

  void check_index() {
    const auto damaged = [&](std::string detail, int code) {
      index_ = nullptr;
      tell({Fault::index_damaged, {}, code, std::move(detail), false, {}});
    };
    const Result<Index*> index = repository_.index();
    if (!index) return damaged("it can't be opened", index.error().code);
    index_ = *index;
    const Result<std::vector<uint64_t>> wrong = index_->check();
    if (!wrong) return damaged("its structure is wrong", wrong.error().code);
    if (wrong->empty()) return;
    std::string detail = "page";
    for (const uint64_t page : *wrong) detail += " " + std::to_string(page);
    damaged(std::move(detail), EBADMSG);
  }

  Done list() {
    if (Done ok = repository_.for_each_blob([&](const Digest& digest) {
          blobs_.push_back(digest);
          return true;
        });
        !ok) {
      return ok;
    }
    std::sort(blobs_.begin(), blobs_.end(), is_before);
    todo_ = blobs_;
    if (options_.resume) {
      if (const std::optional<Digest> last = position_.load()) {
        todo_.erase(todo_.begin(), std::upper_bound(todo_.begin(), todo_.end(), *last, is_before));
      }
    }
    if (options_.sample < 1) {
      std::mt19937_64 random(std::random_device{}());
      std::bernoulli_distribution chosen(std::max(0.0, options_.sample));
      std::erase_if(todo_, [&](const Digest&) { return !chosen(random); });
    }
    report_.passed_over = blobs_.size() - todo_.size();
    return {};
  }

  void read_all() {
    const unsigned count = options_.workers > 0 ? options_.workers : processors();
    at_work_.assign(count, todo_.size());
    std::vector<Thread> helpers;
    for (unsigned i = 1; i < count; ++i) {
      Result<Thread> helper = Thread::start([this, i] { work(i); });
      if (!helper) break;
      helpers.push_back(*std::move(helper));
    }
    work(0);
  }

  void work(unsigned worker) {
    for (;;) {
      size_t at = 0;
      {
        const std::lock_guard lock(mutex_);
        if (cancelled_ || error_ || next_ >= todo_.size()) return;
        at = next_++;
        at_work_[worker] = at;
      }
      const Done ok = read_blob(todo_[at]);
      const std::lock_guard lock(mutex_);
      if (!ok) {
        if (ok.error().code != ECANCELED && !error_) error_ = ok.error();
        return;
      }
      at_work_[worker] = todo_.size();
      if (monotonic_seconds() > saved_ + kSaveEvery) save_position();
    }
  }

  // Everything before what is still being read has been read.
  void save_position() {
    size_t first = next_;
    for (const size_t at : at_work_) first = std::min(first, at);
    saved_ = monotonic_seconds();
    if (first > 0 && first <= todo_.size()) position_.save(todo_[first - 1]);
  }

  Done read_blob(const Digest& digest) {
    const Result<Fd> fd = repository_.open_unchecked(digest);
    if (!fd) {
      const int code = fd.error().code;
      // Collected since it was listed; what is wanted all the same, the index tells.
      if (code == ENOENT) return {};
      const bool kind = code == EBADMSG || code == ELOOP || code == ENXIO;
      if (!kind && code != EIO) return fail(fd.error());
      return damaged(digest, kind ? Fault::wrong_kind : Fault::unreadable, code, nullptr);
    }
    const auto progress = [this](uint64_t bytes) { return go_on(bytes); };
    const Result<FileStat> stat = files_.stat(fd->get());
    if (!stat) return fail(stat.error());
    const Result<ReadBack> read = read_whole(fd->get(), stat->size, progress);
    if (!read && read.error().code == ECANCELED) return fail(read.error());
    if (!read) return damaged(digest, Fault::unreadable, read.error().code, &*fd);
    if (read->read.digest != digest) {
      return damaged(digest, Fault::wrong_bytes, EBADMSG, &*fd,
                     "it has " + read->read.digest.text());
    }
    const std::lock_guard lock(mutex_);
    ++report_.blobs;
    report_.medium = std::max(report_.medium, read->medium);
    return {};
  }

  Result<ReadBack> read_whole(int fd, uint64_t size, const DigestProgress& progress) {
    if (options_.medium) return read_back(files_, fd, size, Algorithm::sha256, progress);
    const Result<FileDigest> read =
        digest_of_file(files_, fd, size, Algorithm::sha256, ReadVia::cache, progress);
    if (!read) return fail(read.error());
    return ReadBack{*read, Medium::cache};
  }

  // `fd`: of the file that is damaged; none where it can't be opened.
  Done damaged(const Digest& digest, Fault fault, int code, const Fd* fd, std::string detail = {}) {
    Finding finding{fault, digest, code, std::move(detail), false, {}};
    if (options_.quarantine && repository_.use() == Use::write) {
      const Result<bool> moved = quarantine_blob(repository_, digest, fd);
      if (!moved) return fail(moved.error());
      // Somebody has put another file there meanwhile.
      if (!*moved) return read_blob(digest);
      finding.quarantined = true;
    }
    const std::lock_guard lock(mutex_);
    ++report_.blobs;
    tell_locked(std::move(finding));
    return {};
  }

  bool go_on(uint64_t bytes) {
    double pause = 0;
    {
      const std::lock_guard lock(mutex_);
      report_.bytes += bytes;
      progress_.copied = report_.bytes;
      progress_.moved = report_.bytes;
      if (!cancelled_ && options_.control.progress) {
        cancelled_ = !options_.control.progress(progress_);
      }
      if (cancelled_) return false;
      if (options_.control.rate > 0) {
        const double due =
            static_cast<double>(report_.bytes) / static_cast<double>(options_.control.rate);
        pause = started_ + due - monotonic_seconds();
      }
    }
    if (pause > 0) sleep_seconds(std::min(pause, 1.0));
    return true;
  }

  bool was_listed(const Digest& digest) const {
    return std::binary_search(blobs_.begin(), blobs_.end(), digest, is_before);
  }
  bool was_told(const Digest& digest) const {
    return std::binary_search(told_.begin(), told_.end(), digest, is_before);
  }

  // What was added or collected since the blobs were listed is looked at again.
  Done compare_with_index() {
    if (index_ == nullptr) return {};
    const auto expect = [&](const Digest& digest) {
      if (was_listed(digest) || was_told(digest)) return;
      const Result<bool> there = repository_.has(digest);
      if (!there || *there) return;
      tell({Fault::missing, digest, ENOENT, {}, false, {}});
    };
    std::vector<Digest> known;
    if (Done ok = index_->for_each_blob([&](const BlobRecord& blob) {
          known.push_back(blob.digest);
          // Nobody misses what has no name and is not kept.
          if (blob.kept) expect(blob.digest);
          return true;
        });
        !ok) {
      return ok;
    }
    if (Done ok = index_->for_each_name({},
                                        [&](const NameRecord& name) {
                                          expect(name.digest);
                                          return true;
                                        });
        !ok) {
      return ok;
    }
    for (const Digest& digest : blobs_) {
      if (std::binary_search(known.begin(), known.end(), digest, is_before)) continue;
      if (was_told(digest)) continue;
      const auto now = index_->find(digest);
      if (!now) return fail(now.error());
      if (!*now) tell({Fault::not_indexed, digest, 0, {}, false, {}});
    }
    return {};
  }

  Repository& repository_;
  Files& files_;
  const VerifyOptions& options_;
  const std::function<void(const Finding&)>& found_;
  VerifyPosition position_;
  Index* index_ = nullptr;
  std::vector<Digest> blobs_;  // in order, all that were there
  std::vector<Digest> todo_;   // of them
  double started_;

  std::mutex mutex_;
  size_t next_ = 0;
  std::vector<size_t> at_work_;  // by worker; todo_.size(): none
  std::vector<Digest> told_;     // in order
  VerifyReport report_;
  Progress progress_;
  bool cancelled_ = false;
  std::optional<Error> error_;
  double saved_ = monotonic_seconds();
};

}  // namespace

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::wrong_bytes: return "wrong-bytes";
    case Fault::unreadable: return "unreadable";
    case Fault::wrong_kind: return "wrong-kind";
    case Fault::missing: return "missing";
    case Fault::not_indexed: return "not-indexed";
    case Fault::index_damaged: return "index-damaged";
    case Fault::format_damaged: return "format-damaged";
  }
  return "";
}

Result<VerifyReport> verify(Repository& repository, const VerifyOptions& options,
                            const std::function<void(const Finding&)>& found) {
  return Verification(repository, options, found).run();
}

Done verify_blob(Repository& repository, const Digest& digest, bool medium,
                 const DigestProgress& progress) {
  const Result<Fd> fd = repository.open_unchecked(digest);
  if (!fd) return fail(fd.error());
  Files& files = repository.environment().system.files;
  const Result<FileStat> stat = files.stat(fd->get());
  if (!stat) return fail(stat.error());
  Digest found;
  if (medium) {
    const auto read = read_back(files, fd->get(), stat->size, Algorithm::sha256, progress);
    if (!read) return fail(read.error());
    found = read->read.digest;
  } else {
    const auto read =
        digest_of_file(files, fd->get(), stat->size, Algorithm::sha256, ReadVia::cache, progress);
    if (!read) return fail(read.error());
    found = read->digest;
  }
  if (found != digest) return fail(EBADMSG, Op::verify, digest.text());
  return {};
}

}  // namespace libcopyfile::store
