#include "engine/copy_job.h"

#include "engine/out_name.h"
#include "facts/read_facts.h"
#include "plan/validate.h"
#include "sys/transfer.h"

namespace libcopyfile {
namespace {

class CopyJob {
 public:
  CopyJob(const System& system, const Catalogue& catalogue, Learned* learned, const FileJob& job,
          FileReport& report)
      : system_(system), catalogue_(catalogue), learned_(learned), job_(job), report_(report) {}

  Result<ReadyFile> run() {
    Result<ReadyFile> ready = steps();
    report_losses();
    return ready;
  }

 private:
  // Every way out but the last removes the private file.
  Result<ReadyFile> steps() {
    if (Done ok = open_source(); !ok) return fail(ok.error());
    if (Done ok = resolve_destination(); !ok) return fail(ok.error());
    for (;; ++report_.retries) {
      if (Done ok = start_digest(); !ok) return fail(ok.error());
      if (Done ok = read_metadata(); !ok) return fail(ok.error());
      Result<PendingFile> pending = create_pending();
      if (!pending) return fail(pending.error());
      if (Done ok = read_facts(*pending); !ok) return fail(ok.error());
      if (Done ok = prepare(*pending); !ok) return fail(ok.error());
      if (Done ok = copy_bytes(*pending); !ok) return fail(ok.error());
      if (source_changed_) {
        if (Done ok = look_at_source_anew(); !ok) return fail(ok.error());
        continue;
      }
      if (Done ok = check(*pending); !ok) return fail(ok.error());
      if (Done ok = give_metadata(*pending); !ok) return fail(ok.error());
      LateFlags late = late_flags(*pending);
      return ReadyFile{std::move(out_.opened), *std::move(pending), std::move(late)};
    }
  }

  Error at_source(Error e) const {
    e.where = job_.in_path;
    return e;
  }
  Error at_destination(Error e) const {
    e.where = job_.out_path;
    return e;
  }

  // Before anything is written: without the library for it there is nothing to be had.
  Done start_digest() {
    const Algorithm algorithm = job_.check.algorithm();
    if (algorithm == Algorithm::none) return {};
    Result<Hasher> hasher = Hasher::make(algorithm);
    if (!hasher) return fail(hasher.error());
    tap_.emplace(std::move(*hasher));
    return {};
  }

  Done open_source() {
    in_ = job_.in_file;
    if (in_ < 0) {
      const Open how = job_.follow_in ? Open::read : Open::read_no_follow;
      Result<Fd> fd = system_.names.open(job_.in_dir, job_.in_path, how);
      if (!fd) return fail(at_source(fd.error()));
      opened_in_ = std::move(*fd);
      in_ = opened_in_.get();
    }
    Result<SideFacts> side = read_side(system_.files, in_, true);
    if (!side) return fail(at_source(side.error()));
    in_side_ = std::move(*side);
    if (in_side_.kind == FileType::directory) return fail(EISDIR, Op::open, job_.in_path);
    return {};
  }

  Done resolve_destination() {
    if (job_.unseen) {
      out_.dir = job_.out_parent;
      out_.name = job_.out_path;
      return {};
    }
    Result<OutName> out = resolve_out(system_.files, system_.names, job_.out_dir, job_.out_path,
                                      job_.follow_out, job_.out_parent);
    if (!out) return fail(at_destination(out.error()));
    out_ = std::move(*out);
    if (!out_.existing) return {};
    const FileStat& there = *out_.existing;
    if (job_.replace == Replace::never) return fail(EEXIST, Op::create, job_.out_path);
    if (there.type == FileType::directory) return fail(EISDIR, Op::create, job_.out_path);
    const FileStat& source = in_side_.stat;
    if (there.inode == source.inode && there.device == source.device) {
      return fail(EINVAL, Op::create, job_.out_path);
    }
    // Renaming over a device node or a pipe would take it away from everybody who uses it.
    if (there.type != FileType::regular && there.type != FileType::link) {
      return fail(EINVAL, Op::create, job_.out_path);
    }
    return {};
  }

  Done read_facts(const PendingFile& pending) {
    Result<SideFacts> side = read_side(system_.files, pending.fd(), true);
    if (!side) return fail(at_destination(side.error()));
    report_.facts = join_sides(std::move(in_side_), std::move(*side), true);
    ask_servers(system_.files, in_, pending.fd(), report_.facts);
    if (learned_ != nullptr) learned_->recall(report_.facts);
    return {};
  }

  Done copy_bytes(const PendingFile& pending) {
    const Facts& facts = report_.facts;
    const bool to_the_end = facts.in.kind == FileType::stream || !facts.in.size_trusted;
    PlanRequest request;
    request.options = job_.data;
    request.options.will_sync = job_.durability != Durability::none || job_.synced_later;
    request.options.bytes_seen = tap_.has_value();
    const bool whole_file = facts.in.kind == FileType::regular && !to_the_end;
    request.whole_file = whole_file;
    request.ranges = {{0, 0, to_the_end ? kMaxOffset : facts.in.size}};
    request.ranges_asked = 1;
    if (Done ok = copy_request(pending, std::move(request)); !ok) return ok;
    if (!to_the_end && report_.data.end_of_source) return accept_short_source(pending);
    if (whole_file) {
      if (Done ok = look_at_both_again(pending); !ok || source_changed_) return ok;
      if (Done ok = copy_tail_of_liar(pending); !ok) return ok;
    }
    report_.size = report_.data.copied;
    return {};
  }

  // A source that shrank while its holes were looked for seems to end in one: nothing was read too short. And a clone of a
  // source that grew is what the source was then, all of it.
  Done look_at_both_again(const PendingFile& pending) {
    const Result<FileStat> in = stat(in_);
    if (!in) return fail(at_source(in.error()));
    uint64_t& cloned = report_.data.bytes_by[index_of(MechanismId::reflink)];
    if (cloned == 0) {
      source_changed_ = !job_.allow_change && !is_as_it_was(*in);
      return {};
    }
    const Result<FileStat> out = stat(pending.fd());
    if (!out) return fail(at_destination(out.error()));
    if (out->size > report_.data.copied) {
      cloned += out->size - report_.data.copied;
      report_.data.copied = out->size;
    }
    return {};
  }

  Result<FileStat> stat(int fd) {
    return retry_interrupted([&] { return system_.files.stat(fd); });
  }

  // One clone of the whole file is a snapshot, whatever happens to the source; everything else is a copy of it only if nobody
  // wrote to it. Behind FUSE there may be servers of which each tells another time (Gluster): there the size must do.
  bool is_as_it_was(const FileStat& now) const {
    const FileStat& before = report_.facts.in.stat;
    const FsClass fs = report_.facts.in.fs_class;
    if (now.size != before.size) return false;
    if (fs != FsClass::local && fs != FsClass::remote) return true;
    return now.modified == before.modified && now.changed == before.changed;
  }

  // For a copy that begins again, on a fresh private file.
  Done look_at_source_anew() {
    constexpr uint32_t kMostRetries = 3;
    if (report_.retries == kMostRetries) return fail(ESTALE, Op::read, job_.in_path);
    source_changed_ = false;
    report_.data = {};
    Result<SideFacts> side = read_side(system_.files, in_, true);
    if (!side) return fail(at_source(side.error()));
    in_side_ = std::move(*side);
    return {};
  }

  Done copy_request(const PendingFile& pending, PlanRequest request) {
    const uint64_t total = request.whole_file ? request.ranges.front().length : 0;
    JobControl control(job_.control, total);
    DataJob data{system_.files,      catalogue_, in_,     pending.fd(),    report_.facts,
                 std::move(request), learned_,   control, job_.keep_plans, tap()};
    report_.data = copy_data(data);
    report_.facts = data.facts;
    if (report_.data.error) return fail(located(*report_.data.error));
    if (report_.data.cancelled) return fail(ECANCELED, Op::progress, job_.out_path);
    return {};
  }

  // What failed about the source names the source.
  Error located(const Error& e) const {
    const bool source = e.op == Op::read || e.op == Op::seek || e.op == Op::map_extents;
    return source ? at_source(e) : at_destination(e);
  }

  // A server or a FUSE file system may tell a size smaller than what can be read.
  Done copy_tail_of_liar(const PendingFile& pending) {
    const FsClass fs = report_.facts.in.fs_class;
    if (fs == FsClass::local || fs == FsClass::remote ||
        report_.facts.in.kind != FileType::regular) {
      return {};
    }
    std::byte one{};
    const uint64_t size = report_.facts.in.size;
    const Result<size_t> n = read_full(system_.files, in_, {&one, 1}, size);
    if (!n || *n == 0) return {};
    const DataOutcome before = std::move(report_.data);
    report_.facts.in.size_trusted = false;
    PlanRequest rest;
    rest.options = job_.data;
    rest.ranges = {{size, size, kMaxOffset - size}};
    rest.ranges_asked = 1;
    if (Done ok = copy_request(pending, std::move(rest)); !ok) return ok;
    report_.data.copied += before.copied;
    report_.data.holes += before.holes;
    for (size_t i = 0; i < kMechanismCount; ++i) report_.data.bytes_by[i] += before.bytes_by[i];
    return {};
  }

  // The source ended early. If it says so itself now, somebody made it shorter and this is no copy of anything. If it still
  // claims its old size, then on a file system of this machine its blocks can't be read: that is trouble, whatever the kernel
  // calls it. Servers and made-up files are known to lie, and what could be read of theirs is all there is.
  Done accept_short_source(const PendingFile& pending) {
    const Result<FileStat> now = stat(in_);
    if (!now) return fail(at_source(now.error()));
    const uint64_t end = report_.data.done.end_of_run(0);
    const bool as_it_was = is_as_it_was(*now) && end == report_.data.copied;
    if (!job_.allow_change && !as_it_was) {
      source_changed_ = true;
      return {};
    }
    const bool of_this_machine = report_.facts.in.fs_class == FsClass::local;
    if (as_it_was && of_this_machine && now->size > end) {
      return fail(Error{EIO, Op::read, job_.in_path, {end, now->size}});
    }
    report_.size = end;
    const Done ok = retry_interrupted([&] { return system_.files.truncate(pending.fd(), end); });
    if (!ok) return fail(at_destination(ok.error()));
    return {};
  }

  Done check(const PendingFile& pending) {
    if (!tap_) return {};
    const uint64_t cloned = report_.data.bytes_by[index_of(MechanismId::reflink)];
    const CheckJob check{
        system_.files, in_,   pending.fd(), report_.size, cloned > 0 && cloned == report_.size,
        job_.check,    *tap_, job_.control};
    if (Done ok = check_copy(check, report_.checked); !ok) return fail(located(ok.error()));
    return {};
  }
  DigestTap* tap() { return tap_ ? &*tap_ : nullptr; }

  // What the private file will be given, read before it is made: its label has to be known by then.
  Done read_metadata() {
    metadata_.emplace(system_.attributes, MetadataRequest{job_.required, job_.wanted,
                                                          job_.creation_mask, job_.new_mode});
    const bool replaces_file = out_.existing && out_.existing->type == FileType::regular;
    if (replaces_file && job_.keep_replaced && metadata_->would_keep()) {
      const Fd old = open_replaced();
      // Rights and owner of one file, should somebody put another one there right now.
      const Result<FileStat> now = system_.files.stat(old.get());
      metadata_->read_replaced(old.get(), now ? *now : *out_.existing);
    }
    if (Done ok = metadata_->read_source(in_, in_side_.stat); !ok) {
      return fail(at_source(ok.error()));
    }
    metadata_->read_directory(out_.dir);
    return {};
  }

  // To replace a file needs no right to read it.
  Fd open_replaced() {
    Result<Fd> fd = system_.names.open(out_.dir, out_.name, Open::look);
    if (!fd) fd = system_.names.open(out_.dir, out_.name, Open::look_path);
    return fd ? std::move(*fd) : Fd();
  }

  Result<PendingFile> create_pending() {
    Result<PendingFile> pending = create_labelled();
    if (!pending) return fail(at_destination(pending.error()));
    return pending;
  }

  Result<PendingFile> create_labelled() {
    const auto create = [&] {
      if (job_.unseen) {
        return PendingFile::create_unseen(system_.files, system_.names, out_.dir, out_.name, 0600);
      }
      return PendingFile::create(system_.files, system_.names, out_.dir, out_.name, job_.replace);
    };
    const std::string label = metadata_->creation_label();
    if (label.empty() || !system_.attributes.set_creation_label(label)) return create();
    Result<PendingFile> pending = create();
    (void)system_.attributes.set_creation_label({});
    // The policy may not let us make a file with this label; whether that matters is decided when it is given.
    if (!pending && pending.error().code == EACCES) return create();
    return pending;
  }

  // Some flags, and the project whose quota it counts against, are for an empty file.
  Done prepare(const PendingFile& pending) {
    const Done ok = metadata_->before_data(pending.fd(), report_.facts.out.stat);
    if (!ok) return fail(at_destination(ok.error()));
    return {};
  }

  Done give_metadata(PendingFile& pending) {
    Done ok = metadata_->after_data(pending.fd());
    if (ok && metadata_->has_verity()) ok = pending.make_read_only();
    if (ok) ok = metadata_->finish(pending.fd());
    if (!ok) return fail(at_destination(ok.error()));
    return {};
  }

  // Append-only and immutable files get no name: these two flags are for what has one.
  LateFlags late_flags(const PendingFile& pending) {
    LateFlags late{metadata_->late_flags(), {}};
    if (late.flags == 0) return late;
    Result<Fd> fd = system_.files.reopen(pending.fd(), Reopen::read);
    if (fd) late.fd = std::move(*fd);
    return late;
  }

  void report_losses() {
    if (!metadata_) return;
    report_.losses = metadata_->losses();
    for (const Loss& loss : report_.losses) report_.not_preserved |= loss.metadata_class;
  }

  const System& system_;
  const Catalogue& catalogue_;
  Learned* learned_;
  const FileJob& job_;
  FileReport& report_;
  std::optional<MetadataTransfer> metadata_;  // of the attempt that runs
  Fd opened_in_;
  int in_ = -1;
  SideFacts in_side_;
  OutName out_;
  std::optional<DigestTap> tap_;
  bool source_changed_ = false;
};

// Too late to be an error: the name is there.
void give_late_flags(const System& system, const FileJob& job, const LateFlags& late,
                     FileReport& report) {
  if (late.flags == 0) return;
  Done ok = set_late_flags(system.attributes, late);
  if (ok && job.durability == Durability::durable) {
    ok = retry_interrupted([&] { return system.files.sync(late.fd.get(), Sync::all); });
  }
  if (ok) return;
  for (Loss& loss : losses_of_flags(late.flags, ok.error().code)) {
    report.not_preserved |= loss.metadata_class;
    report.losses.push_back(std::move(loss));
  }
}

}  // namespace

Result<ReadyFile> prepare_file(const System& system, const Catalogue& catalogue, Learned* learned,
                               const FileJob& job, FileReport& report) {
  return CopyJob(system, catalogue, learned, job, report).run();
}

Done copy_file(const System& system, const Catalogue& catalogue, Learned* learned,
               const FileJob& job, FileReport& report) {
  Result<ReadyFile> ready = prepare_file(system, catalogue, learned, job, report);
  if (!ready) return fail(ready.error());
  const SyncedBy by = job.durability == Durability::none ? SyncedBy::nothing : SyncedBy::file;
  const Result<Published> published = std::move(ready->pending).commit(job.durability);
  return note_published(system, job, published, by, ready->late, report);
}

Done note_published(const System& system, const FileJob& job, const Result<Published>& published,
                    SyncedBy synced_by, const LateFlags& late, FileReport& report) {
  const std::optional<Error> error = !published        ? std::optional(published.error())
                                     : published->late ? published->late
                                                       : std::nullopt;
  if (published) {
    report.published = true;
    report.reached = published->reached;
    report.synced_by = synced_by;
    give_late_flags(system, job, late, report);
  }
  if (!error) return {};
  Error e = *error;
  e.where = job.out_path;
  return fail(std::move(e));
}

}  // namespace libcopyfile
