#include "engine/probe.h"

#include "engine/out_name.h"
#include "facts/read_facts.h"
#include "facts/read_unit_facts.h"
#include "publish/pending_file.h"

namespace libcopyfile {
namespace {

constexpr const char* kNothingTried = "nothing was tried: the destination is not a regular file";

// Opening a pipe waits for its other end, or wakes it; opening a device may do anything. Both are looked at only.
class Probe {
 public:
  Probe(const System& system, const Catalogue& catalogue, const ProbeJob& job, ProbeReport& report)
      : system_(system), catalogue_(catalogue), job_(job), report_(report) {}

  Done run() {
    if (Done ok = open_source(); !ok) return ok;
    Result<SideFacts> in_side = read_side(system_.files, in_, true);
    if (!in_side) return fail(in_side.error());
    in_side->readable = true;
    if (in_side->kind == FileType::directory) return fail(EISDIR, Op::open, job_.in_path);
    if (Done ok = open_scratch(); !ok) return ok;
    Result<SideFacts> out_side = read_side(system_.files, scratch(), true);
    if (!out_side) return fail(out_side.error());
    out_side->writable = true;
    report_.facts = join_sides(std::move(*in_side), std::move(*out_side), pending_.has_value());
    ask_servers(system_.files, in_, scratch(), report_.facts);
    read_unit_facts(system_.files, in_, scratch(), false, report_.facts);
    if (job_.learned != nullptr) job_.learned->recall(report_.facts);
    resolve_unknown();
    make_plan();
    return {};
  }

 private:
  Done open_source() {
    in_ = job_.in_file;
    if (in_ >= 0) return {};
    const Result<FileStat> there = system_.names.stat(job_.in_dir, job_.in_path, true);
    const bool stream = there && there->type == FileType::stream;
    Result<Fd> in = system_.names.open(job_.in_dir, job_.in_path, stream ? Open::path : Open::read);
    if (!in) return fail(in.error());
    opened_in_ = std::move(*in);
    in_ = opened_in_.get();
    return {};
  }

  // A private file where the copy would be, or what is there.
  Done open_scratch() {
    if (job_.out_file >= 0) {
      report_.notes.emplace_back(kNothingTried);
      return {};
    }
    const Result<FileStat> there = system_.names.stat(job_.out_dir, job_.out_path, true);
    if (there && there->type == FileType::directory) {
      return open_private(system_.names.open(job_.out_dir, job_.out_path, Open::directory_path));
    }
    if (there && there->type != FileType::regular) {
      const Open how = there->type == FileType::stream ? Open::path : Open::read;
      Result<Fd> fd = system_.names.open(job_.out_dir, job_.out_path, how);
      if (!fd) return fail(fd.error());
      there_ = std::move(*fd);
      report_.notes.emplace_back(kNothingTried);
      return {};
    }
    Result<OutName> out =
        resolve_out(system_.files, system_.names, job_.out_dir, job_.out_path, true);
    if (!out) return fail(Error{out.error().code, out.error().op, job_.out_path, {}});
    return open_private(std::move(out->opened));
  }

  Done open_private(Result<Fd> dir) {
    if (!dir) return fail(dir.error());
    there_ = std::move(*dir);
    Result<PendingFile> made =
        PendingFile::create(system_.files, system_.names, there_.get(), "probe", Replace::never);
    if (made) {
      pending_.emplace(std::move(*made));
    } else {
      report_.notes.emplace_back("nothing was tried: no file can be made there");
    }
    return {};
  }

  int scratch() const {
    if (job_.out_file >= 0) return job_.out_file;
    return pending_ ? pending_->fd() : there_.get();
  }

  void resolve_unknown() {
    report_.verdicts = catalogue_.verdicts(report_.facts);
    if (!pending_ || report_.facts.in.kind != FileType::regular) return;
    for (size_t i = 0; i < kMechanismCount; ++i) {
      if (report_.verdicts[i].can != Can::unknown) continue;
      Verdict verdict = attempt(static_cast<MechanismId>(i));
      if (verdict.can == Can::no) report_.facts.learned[i] = verdict;
      report_.verdicts[i] = std::move(verdict);
    }
  }

  Verdict attempt(MechanismId id) {
    const uint64_t block = report_.facts.clone_alignment;
    if (report_.facts.in.size < block) return {Can::unknown, "the source is less than a block"};
    const ControlOptions none;
    JobControl control(none, block);
    Pair pair{system_.files, in_, scratch(), report_.facts, control, {}};
    const CopyRange first{0, 0, block};
    const Moved moved = catalogue_.at(id).move(pair, {&first, 1});
    if (moved.stop == Stop::complete) return {Can::yes, "tried on one block"};
    return {Can::no, moved.error.where, moved.error.code};
  }

  void make_plan() {
    const ControlOptions none;
    JobControl control(none, 0);
    PlanRequest request;
    request.options = job_.data;
    request.options.will_sync = true;
    request.ranges_asked = 1;
    const SideFacts& in = report_.facts.in;
    const bool size_known = in.kind != FileType::stream && in.size_trusted;
    request.whole_file = in.kind == FileType::regular && size_known && pending_.has_value();
    request.ranges = {{0, 0, size_known ? in.size : kMaxOffset}};
    DataJob data{system_.files,      catalogue_, in_,     scratch(), report_.facts,
                 std::move(request), nullptr,    control, false};
    Result<Plan> plan = plan_data(data);
    if (plan) {
      report_.plan = std::move(*plan);
    } else {
      report_.refused = plan.error();
    }
  }

  const System& system_;
  const Catalogue& catalogue_;
  const ProbeJob& job_;
  ProbeReport& report_;
  int in_ = -1;
  Fd opened_in_;
  Fd there_;  // the directory, or what is in the way; outlives the file below
  std::optional<PendingFile> pending_;
};

}  // namespace

Done probe(const System& system, const Catalogue& catalogue, const ProbeJob& job,
           ProbeReport& report) {
  return Probe(system, catalogue, job, report).run();
}

}  // namespace libcopyfile
