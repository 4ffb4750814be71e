// Regular files: which way each is copied, and what is said of it.
#include <utility>

#include "engine/overwrite.h"
#include "tree/tree_worker.h"

namespace libcopyfile {

void TreeWorker::copy_operand(const Place& place, const FileStat& stat) { copy_other(place, stat); }

void TreeWorker::copy_other(const Place& place, const FileStat& stat) {
  const bool stream = stat.type == FileType::stream || stat.type == FileType::block_device;
  const bool as_file = stat.type == FileType::regular ||
                       (stream && (s_.options.special_as_files || !s_.options.recursive));
  if (as_file && s_.options.form == Form::copy) {
    // A pipe is waited for; a link that has come in the place of a file is not followed.
    const Open how = is_followed(place) ? Open::read : stream ? Open::read_no_follow : Open::look;
    Result<Fd> in = s_.system.names.open(place.in_dir, place.in_name, how);
    if (!in) return fail(place, stat, Trouble::cannot_open, in.error());
    const Result<FileStat> now = s_.system.files.stat(in->get());
    if (!now) return fail(place, stat, Trouble::cannot_stat, now.error());
    // Replaced meanwhile, by a pipe that seems to be empty, say.
    if (now->format != stat.format) {
      return fail(place, stat, Trouble::cannot_open, Error{ESTALE, Op::open, place.in_name, {}});
    }
    return copy_regular(place, std::move(*in), *now);
  }
  const Way way = decide(place, stat);
  if (way == Way::skip) return;
  if (way == Way::keep) return keep_name(place, stat);
  if (s_.options.form == Form::hard_link || s_.options.form == Form::symbolic_link) {
    return make_form_of_link(place, stat, way);
  }
  if (!is_first_name(place, stat, way)) return;
  if (as_file) return copy_attributes(place, stat, way);
  make_special(place, stat, way);
}

void TreeWorker::copy_regular(const Place& place, Fd in, const FileStat& stat) {
  const Way way = decide(place, stat);
  if (way == Way::skip) return;
  if (way == Way::keep) return keep_name(place, stat);
  const bool links = s_.options.form == Form::hard_link || s_.options.form == Form::symbolic_link;
  if (links) return make_form_of_link(place, stat, way);
  if (!is_first_name(place, stat, way)) return;
  if (s_.options.form == Form::attributes_only) return copy_attributes(place, stat, way);
  if (s_.options.dry_run) {
    FileReport report;
    report.size = stat.size;
    return file_done(place, stat, nullptr, report);
  }
  copy_file_now(place, in.get(), stat, way);
}

FileJob TreeWorker::job_of(const Place& place, int in, Way way) const {
  const bool now = place.unseen || (s_.options.in_place && way == Way::create);
  FileJob job = now ? unseen_ : seen_;
  job.in_file = in;
  job.in_path = place.from_path();
  job.out_path = now ? place.out_name : place.to_path();
  job.out_parent = place.out_dir;
  job.follow_out = place.is_operand() && !now;
  if (now && (place.is_operand() || needs_own_sync(place.directory->pair))) {
    job.durability = s_.options.durability;
  }
  if (way == Way::create && (s_.options.overwrite == Overwrite::never || may_be_one(place))) {
    job.replace = Replace::never;
  }
  if (place.is_operand()) job.control = s_.options.control;
  s_.name_job(job, place);
  return job;
}

void TreeWorker::copy_file_now(const Place& place, int in, const FileStat& stat, Way way) {
  if (way == Way::in_place) return write_in_place(place, in, stat);
  // What is replaced may have something to be kept: the plain way doesn't look.
  const bool plain = !place.is_operand() && s_.options.plain_small_files && !may_be_one(place) &&
                     (way == Way::create || s_.gives_all(metadata::kKeptByWriting));
  if (plain && copy_plain(place, in, stat, way)) return;
  FileJob job = job_of(place, in, way);
  const TreeItem what = item(place, stat);
  if (Done ok = s_.tell([&](TreeObserver& o) { return o.before_file(what, job); }); !ok) {
    return file_failed(place, stat, job, {}, ok.error());
  }
  if (!job.unseen && batch_) return add_to_batch(place, stat, std::move(job), {});
  FileReport report;
  const Done ok = copy_file(s_.system, s_.catalogue, &s_.learned, job, report);
  if (!ok) return file_failed(place, stat, job, report, ok.error());
  file_done(place, stat, &job, report);
}

bool TreeWorker::copy_plain(const Place& place, int in, const FileStat& stat, Way way) {
  const TreeDirectory& directory = *place.directory;
  const bool now = place.unseen || (s_.options.in_place && way == Way::create);
  FileReport report;
  const PlainJob job{directory.pair, now ? unseen_ : seen_, in,      stat,
                     place.out_dir,  place.out_name,        buffer_, &s_.learned};
  std::optional<ReadyFile> ready = prepare_plain(s_.system, job, report);
  if (!ready) return false;
  if (!now) {
    report.facts = directory.pair.facts;
    FileJob kept = job_of(place, in, way);
    add_to_batch(place, stat, std::move(kept), std::pair(std::move(report), *std::move(ready)));
    return true;
  }
  if (needs_own_sync(directory.pair)) {
    if (Done ok = ready->pending.make_stable(); !ok) {
      file_failed(place, stat, job_of(place, in, way), report, ok.error());
      return true;
    }
  }
  (void)ready->pending.give_name();
  file_done(place, stat, nullptr, report);
  return true;
}

void TreeWorker::add_to_batch(const Place& place, const FileStat& stat, FileJob job,
                              std::optional<std::pair<FileReport, ReadyFile>> ready) {
  job.tag = next_tag_++;
  InBatch member{place.directory, {}, place, stat};
  if (place.directory != nullptr) {
    // It stays open for the name, and is not complete before that.
    place.directory->expect();
    Result<TreeDirectory::Use> use = place.directory->use(s_.system.names, s_.system.files);
    if (use) member.use = std::move(*use);
  }
  s_.budget.opened();
  if (place.is_operand()) waiting_operands_.insert(place.to);
  in_batch_.emplace(job.tag, std::move(member));
  if (ready) {
    batch_->add_ready(std::move(job), std::move(ready->first), std::move(ready->second));
  } else {
    batch_->add(std::move(job));
  }
  if (s_.budget.exceeded() && !committing_) commit();
}

void TreeWorker::batch_ended(const FileJob& job, const FileReport& report, const Done& done) {
  const auto found = in_batch_.find(job.tag);
  if (found == in_batch_.end()) return;
  InBatch member = std::move(found->second);
  in_batch_.erase(found);
  s_.budget.closed();
  if (member.place.is_operand()) waiting_operands_.erase(member.place.to);
  if (done) {
    report_.synced_by = report.synced_by;
    file_done(member.place, member.source, &job, report);
  } else {
    file_failed(member.place, member.source, job, report, done.error());
  }
  member.use.reset();
  member.place.directory.reset();
  complete(std::move(member.directory));
}

// As cp does: the file stays the one that it is, and shows what has been written so far.
void TreeWorker::write_in_place(const Place& place, int in, const FileStat& stat) {
  FileJob job = job_of(place, in, Way::in_place);
  FileReport report;
  Done ok = s_.tell([&](TreeObserver& o) { return o.before_file(item(place, stat), job); });
  if (ok) ok = overwrite_file(s_.system, s_.catalogue, &s_.learned, job, report);
  if (!ok && ok.error().op == Op::open && s_.options.force) {
    ok = s_.system.names.unlink(place.out_dir, place.out_name);
    if (!ok) return fail(place, stat, Trouble::cannot_remove, ok.error());
    s_.tell([&](TreeObserver& o) { o.removed(item(place, stat)); });
    return copy_file_now(place, in, stat, Way::create);
  }
  if (!ok) return file_failed(place, stat, job, report, ok.error());
  file_done(place, stat, &job, report);
}

void TreeWorker::copy_attributes(const Place& place, const FileStat& stat, Way way) {
  if (s_.options.dry_run) return made(place, stat, Made::file, {});
  std::vector<Loss> losses;
  const Open how = is_followed(place) ? Open::path : Open::look_path;
  const Result<Fd> in = s_.system.names.open(place.in_dir, place.in_name, how);
  if (!in) {
    fail(place, stat, Trouble::cannot_open, in.error());
    return no_copy_of(stat);
  }
  // As cp, through a link; but in a tree that leads to what is none of it.
  const bool through = place.is_operand() || s_.options.in_place;
  const Open there = through ? Open::path : Open::look_path;
  Result<Fd> out = way == Way::create
                       ? s_.system.names.create_exclusive(place.out_dir, place.out_name, 0600)
                       : s_.system.names.open(place.out_dir, place.out_name, there);
  if (out && !through) {
    const Result<FileStat> now = s_.system.files.stat(out->get());
    if (!now || now->type == FileType::link)
      out = libcopyfile::fail(ELOOP, Op::open, place.out_name);
  }
  if (!out) {
    fail(place, stat, Trouble::none, out.error());
    return no_copy_of(stat);
  }
  const Done ok = give_metadata(in->get(), stat, out->get(), way == Way::create, losses);
  if (!ok) return fail(place, stat, Trouble::none, ok.error());
  made(place, stat, Made::file, losses);
  if (may_have_names(place, stat)) give_other_names(place, stat);
}

void TreeWorker::file_done(const Place& place, const FileStat& stat, const FileJob* job,
                           const FileReport& report) {
  ++report_.files;
  report_.bytes += report.size;
  report_.holes += report.data.holes;
  report_.not_preserved |= report.not_preserved;
  for (size_t i = 0; i < kMechanismCount; ++i) {
    report_.bytes_by[i] += report.data.bytes_by[i];
  }
  s_.bytes_done += report.size;
  s_.count(stat, place, job);
  // Holes and shared bytes move nothing.
  const auto moved = [&](MechanismId id) { return report.data.bytes_by[index_of(id)]; };
  s_.pace.copied(moved(MechanismId::buffered) + moved(MechanismId::direct) +
                 moved(MechanismId::copy_range));
  note_created(place);
  if (s_.wants_every_item() || !report.losses.empty() || job != nullptr) {
    const FileJob none;
    s_.tell([&](TreeObserver& o) { o.copied(item(place, stat), job ? *job : none, report); });
  }
  if (may_have_names(place, stat)) give_other_names(place, stat);
}

void TreeWorker::file_failed(const Place& place, const FileStat& stat, const FileJob& job,
                             const FileReport& report, const Error& error) {
  ++report_.failed;
  s_.count(stat, place, &job);
  if (error.code == ECANCELED) s_.cancelled = s_.stop = true;
  s_.fail_item(item(place, stat), {Trouble::none, error, {}, &job, &report});
  no_copy_of(stat);
}

}  // namespace libcopyfile
