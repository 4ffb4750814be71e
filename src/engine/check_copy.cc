#include "engine/check_copy.h"

#include "sys/transfer.h"

namespace libcopyfile {
namespace {

class Check {
 public:
  Check(const CheckJob& job, Checked& checked) : job_(job), checked_(checked) {}

  Done run() {
    JobControl control(job_.control, job_.size);
    Result<std::optional<Digest>> passed =
        job_.tap.finish(job_.size, [&] { return control.moved(0); });
    if (!passed) return fail(passed.error());
    if (*passed) {
      checked_.digest = *passed;
      if (Done ok = compare_with_expected(); !ok) return ok;
    }
    return job_.options.verify ? compare_with_medium() : digest_of_copy();
  }

 private:
  // One reading of a whole file; its progress begins at 0 again. The rate is one of copying.
  template <class Read>
  auto pass(Read read) -> decltype(read(DigestProgress())) {
    JobControl control(job_.control, job_.size);
    control.begin_step(false);
    auto result = read([&](uint64_t bytes) { return control.moved(bytes); });
    if (result && !control.finish()) return fail(ECANCELED, Op::progress);
    return result;
  }
  Result<FileDigest> cached_digest(int fd) {
    return pass([&](const DigestProgress& progress) {
      return digest_of_file(job_.files, fd, job_.size, job_.options.algorithm(), ReadVia::cache,
                            progress);
    });
  }

  // Whoever reads the copy does not read the source.
  static tl::unexpected<Error> of_copy(Error e) {
    if (e.op == Op::read || e.op == Op::stat || e.op == Op::open) e.op = Op::verify;
    return fail(std::move(e));
  }

  Done digest_of_copy() {
    if (checked_.digest) return {};
    const Result<FileDigest> found = cached_digest(job_.out);
    if (!found) return of_copy(found.error());
    checked_.digest = found->digest;
    return compare_with_expected();
  }

  Done compare_with_expected() {
    const std::optional<Digest>& expected = job_.options.expected;
    if (expected && *checked_.digest != *expected) return fail(EBADMSG, Op::verify);
    return {};
  }

  Done compare_with_medium() {
    // Only what is on the medium can be read from it. The data alone: what becomes of the metadata is settled later, and synced
    // with the name.
    const Done synced = retry_interrupted([&] { return job_.files.sync(job_.out, Sync::data); });
    if (!synced) return synced;
    if (!checked_.digest && !job_.cloned) {
      if (Done ok = digest_of_source(); !ok) return ok;
    }
    const Result<ReadBack> back = pass([&](const DigestProgress& progress) {
      return read_back(job_.files, job_.out, job_.size, job_.options.algorithm(), progress);
    });
    if (!back) return of_copy(back.error());
    if (checked_.digest && back->read.digest != *checked_.digest) {
      checked_.from_medium = back->read.digest;
      return fail(EBADMSG, Op::verify);
    }
    checked_.digest = back->read.digest;
    checked_.medium = back->medium;
    return compare_with_expected();
  }

  // Copied by somebody else (a server): what the source holds is known to nobody yet.
  Done digest_of_source() {
    const Result<FileDigest> source = cached_digest(job_.in);
    if (!source) return fail(source.error());
    checked_.digest = source->digest;
    return {};
  }

  const CheckJob& job_;
  Checked& checked_;
};

}  // namespace

Done check_copy(const CheckJob& job, Checked& checked) { return Check(job, checked).run(); }

}  // namespace libcopyfile
