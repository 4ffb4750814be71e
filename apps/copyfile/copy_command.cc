// copyfile SOURCE... DEST
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <tuple>

#include "copyfile/check_report.h"
#include "copyfile/checksums.h"
#include "copyfile/context.h"
#include "copyfile/input_file.h"
#include "copyfile/interrupt.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "engine/file_batch.h"
#include "engine/range_job.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string base_name(const std::string& path) {
  const std::string trimmed = without_trailing_slashes(path);
  const size_t slash = trimmed.rfind('/');
  return slash == std::string::npos || trimmed.size() == 1 ? trimmed : trimmed.substr(slash + 1);
}

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() || directory.back() == '/' ? directory + name : directory + "/" + name;
}

class CopyCommand {
 public:
  explicit CopyCommand(Context& context) : c_(context) {}

  int run() {
    std::vector<std::string> sources = c_.options.operands;
    if (const int bad = find_target(sources); bad != kOk) return bad;
    if (const int bad = read_checksums(sources.size()); bad != kOk) return bad;
    if (sources.size() > 1) open_batch(sources.size());
    for (const std::string& source : sources) {
      const std::string to = into_directory_ ? joined(target_, base_name(source)) : target_;
      all_ = copy_one(source, to) && all_;
      if (interrupted()) break;
    }
    if (batch_) end_batch();
    return all_ && close_standard_output() ? kOk : kFailed;
  }

 private:
  // Takes the destination off `sources`.
  int find_target(std::vector<std::string>& sources) {
    const Options& o = c_.options;
    if (sources.empty()) return usage_error("missing file operand");
    if (o.target_directory) {
      target_ = *o.target_directory;
      into_directory_ = true;
      return check_directory("target directory");
    }
    if (sources.size() == 1) {
      return usage_error(
          fmt::format("missing destination file operand after {}", app::quoted(sources[0])));
    }
    if (o.no_target_directory && sources.size() > 2) {
      return usage_error(fmt::format("extra operand {}", app::quoted(sources[2])));
    }
    target_ = sources.back();
    sources.pop_back();
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, target_, true);
    const bool is_directory = there && there->type == FileType::directory;
    into_directory_ = is_directory && !o.no_target_directory;
    if (sources.size() > 1) {
      into_directory_ = true;
      return check_directory("target");
    }
    return kOk;
  }

  int read_checksums(size_t sources) {
    if (c_.options.check.expected && sources > 1) {
      return usage_error("--expect goes with one source; for several there is --checksums");
    }
    for (const std::string& path : c_.options.checksum_files) {
      const Parsed<InputFile> file =
          InputFile::read(path, kMaxChecksumsBytes, "a file of checksums");
      if (!file) {
        complain(file.error());
        return kFailed;
      }
      if (checksums_.add(file->text()) == 0) {
        complain(fmt::format("no line of {} is a checksum of SHA-256 or XXH128", file->name()));
        return kFailed;
      }
    }
    return kOk;
  }

  // What the copy must be; an error has been told.
  bool find_expected(const std::string& from, const std::string& to, CheckOptions& check) {
    if (c_.options.checksum_files.empty()) return true;
    const Parsed<Digest> expected = checksums_.find(from);
    if (!expected)
      return failed(from, to, fmt::format("{} is not made: {}", app::quoted(to), expected.error()),
                    0);
    if (check.digest != Algorithm::none && check.digest != expected->algorithm) {
      return failed(from, to,
                    fmt::format("{} is not made: the checksums have no {} of {}", app::quoted(to),
                                name_of(check.digest), app::quoted(from)),
                    0);
    }
    check.expected = *expected;
    return true;
  }

  int check_directory(std::string_view what) {
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, target_, true);
    if (there && there->type == FileType::directory) return kOk;
    const int code = there ? ENOTDIR : there.error().code;
    complain(fmt::format("{} {}", what, app::quoted(target_)), code);
    return kFailed;
  }

  // Several files into one directory: their names are given together, after one sync.
  void open_batch(size_t files) {
    const Durability durability = c_.options.durability.value_or(Durability::ordered);
    if (durability == Durability::none) return;
    Result<Fd> directory = c_.names.open(kCurrentDirectory, target_, Open::directory);
    if (!directory) return;  // each file will say why, or need no more than to search it
    target_fd_ = std::move(*directory);
    FileBatchOptions options;
    options.durability = durability;
    options.policy = c_.options.sync;
    // One descriptor a file, and those of the copy that is under way.
    constexpr size_t kMost = 4096;
    constexpr size_t kOthers = 64;
    const uint64_t open_files = raise_open_files_limit(std::min(files, kMost) + kOthers);
    options.most_files = std::clamp<uint64_t>(open_files, kOthers + 1, kMost + kOthers) - kOthers;
    batch_.emplace(system_, c_.catalogue, &c_.learned, options,
                   [this](const FileJob& job, const FileReport& report, const Done& done) {
                     all_ = ended(job, report, done) && all_;
                   });
  }

  void end_batch() {
    if (!interrupted()) return batch_->commit();
    const size_t dropped = batch_->drop();
    if (dropped == 0) return;
    complain(fmt::format("interrupted: {} more {} copied and had no name yet; {} not created",
                         dropped, dropped == 1 ? "file was" : "files were",
                         dropped == 1 ? "it is" : "they are"));
  }

  bool copy_one(const std::string& from, const std::string& to) {
    const Result<FileStat> source = c_.names.stat(kCurrentDirectory, from, true);
    if (!source)
      return failed(from, to, fmt::format("cannot stat {}", app::quoted(from)),
                    source.error().code);
    if (source->type == FileType::directory) {
      return failed(from, to,
                    fmt::format("-r not specified; omitting directory {}", app::quoted(from)), 0);
    }
    if (!named_.insert({base_name(from), source->device, source->inode}).second) {
      complain(fmt::format("warning: source file {} specified more than once", app::quoted(from)));
      return true;
    }
    if (!created_.insert(to).second) {
      return failed(from, to,
                    fmt::format("will not overwrite just-created {} with {}", app::quoted(to),
                                app::quoted(from)),
                    0);
    }
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, to, true);
    if (!there && there.error().code != ENOENT) {
      return failed(from, to, fmt::format("cannot stat {}", app::quoted(to)), there.error().code);
    }
    if (!there && to.ends_with('/')) return failed(from, to, creating(to), ENOTDIR);
    if (there) {
      if (there->inode == source->inode && there->device == source->device) {
        return failed(
            from, to,
            fmt::format("{} and {} are the same file", app::quoted(from), app::quoted(to)), 0);
      }
      if (c_.options.no_clobber) return true;
      if (there->type == FileType::directory) {
        return failed(
            from, to,
            fmt::format("cannot overwrite directory {} with non-directory", app::quoted(to)), 0);
      }
      if (there->type != FileType::regular) return copy_into(from, to, *there);
    }
    return copy_to_name(from, to);
  }

  bool copy_to_name(const std::string& from, const std::string& to) {
    const Options& o = c_.options;
    FileJob job;
    job.in_dir = job.out_dir = kCurrentDirectory;
    job.in_path = from;
    job.out_path = to;
    job.data = o.data;
    job.check = o.check;
    if (!find_expected(from, to, job.check)) return false;
    job.allow_change = o.allow_changes;
    job.replace = o.no_clobber ? Replace::never : Replace::file;
    job.durability = o.durability.value_or(Durability::ordered);
    job.follow_out = true;
    job.required = o.preserve.required;
    job.wanted = o.preserve.wanted;
    if (o.preserve.plain_mode) job.new_mode = 0666;
    job.creation_mask = c_.creation_mask;
    job.control = c_.control();
    job.keep_plans = c_.keep_plans();
    c_.progress.start(from);
    if (batch_) {
      job.out_parent = target_fd_.get();
      batch_->add(std::move(job));
      c_.progress.clear();
      return true;  // ended() will tell
    }
    FileReport report;
    const Done ok = copy_file(system_, c_.catalogue, &c_.learned, job, report);
    c_.progress.clear();
    return ended(job, report, ok);
  }

  bool ended(const FileJob& job, const FileReport& report, const Done& ok) {
    const std::string& from = job.in_path;
    const std::string& to = job.out_path;
    if (ok) {
      warn_of_losses(report.losses, c_.options.preserve, to);
      tell(from, to, report.facts, report.data, report.size, &report);
      const std::string warning = check_warning(job, report);
      if (!warning.empty()) complain(warning);
      if (job.check.digest != Algorithm::none && !c_.options.json) {
        print(checksum_line({to, *report.checked.digest}));
      }
      return true;
    }
    // Somebody made it meanwhile: not clobbering is what was asked for.
    if (c_.options.no_clobber && ok.error().code == EEXIST) return true;
    if (c_.options.explain && !report.data.plans.empty()) {
      explain(from, to, report.facts, report.data);
    }
    const std::string checked = check_failure(job, ok.error(), report);
    if (!checked.empty() && !interrupted()) return failed(from, to, checked, 0);
    return tell_failure(from, to, ok.error(), report);
  }

  // Devices, pipes and terminals are written into: replacing one would take it away from everybody.
  bool copy_into(const std::string& from, const std::string& to, const FileStat& there) {
    if (there.type == FileType::block_device && !c_.options.overwrite_device) {
      return failed(from, to,
                    fmt::format("{} is a block device: with --overwrite-device all that it "
                                "holds is lost",
                                app::quoted(to)),
                    0);
    }
    if (c_.options.check.algorithm() != Algorithm::none || !c_.options.checksum_files.empty()) {
      return failed(from, to,
                    fmt::format("{} is no regular file: --digest, --expect, --checksums and "
                                "--verify are not for it",
                                app::quoted(to)),
                    0);
    }
    const Result<Fd> in = c_.names.open(kCurrentDirectory, from, Open::read);
    if (!in) {
      return failed_into(from, to, 0, fmt::format("cannot open {} for reading", app::quoted(from)),
                         in.error().code);
    }
    const Result<Fd> out = c_.names.open(kCurrentDirectory, to, Open::write);
    if (!out) {
      return failed_into(from, to, 0, fmt::format("cannot open {} for writing", app::quoted(to)),
                         out.error().code);
    }
    const Result<FileStat> now = c_.files.stat(in->get());
    const bool sized = now && now->type == FileType::regular && now->size > 0;
    const CopyRange whole{0, 0, sized ? now->size : kMaxOffset};
    RangeJob job;
    job.in = in->get();
    job.out = out->get();
    job.ours = job.streams = true;
    job.ranges = {&whole, 1};
    job.data = c_.options.data;
    job.control = c_.control();
    job.keep_plans = c_.keep_plans();
    RangeReport report;
    c_.progress.start(from);
    Done ok = copy_ranges(c_.files, c_.catalogue, &c_.learned, job, report);
    c_.progress.clear();
    const Durability durability = c_.options.durability.value_or(Durability::ordered);
    if (ok && there.type == FileType::block_device && durability != Durability::none) {
      ok = c_.files.sync(out->get(), Sync::data);
    }
    if (!ok) {
      const Op op = ok.error().op;
      const bool reading = op == Op::read || op == Op::seek || op == Op::map_extents;
      return failed_into(from, to, report.data.copied,
                         fmt::format("error {} {}", reading ? "reading" : "writing",
                                     app::quoted(reading ? from : to)),
                         ok.error().code);
    }
    tell(from, to, report.facts, report.data, report.data.copied, nullptr);
    return true;
  }

  bool failed_into(const std::string& from, const std::string& to, uint64_t copied,
                   const std::string& text, int code) {
    if (!interrupted()) return failed(from, to, text, code);
    const std::string written = copied == 0 ? "nothing" : size_with_bytes(copied);
    return failed(from, to,
                  fmt::format("interrupted: {} is written to {}", written, app::quoted(to)), 0);
  }

  bool failed(const std::string& from, const std::string& to, const std::string& text, int code) {
    if (code != 0) {
      complain(text, code);
    } else {
      complain(text);
    }
    if (c_.options.json) {
      nlohmann::ordered_json object{{"event", "failed"}, {"source", from}, {"destination", to}};
      object["error"] = code != 0 ? strerrorname_np(code) : "";
      object["message"] = code != 0 ? text + ": " + errno_text(code) : text;
      print_json_line(object);
    }
    return false;
  }

  bool tell_failure(const std::string& from, const std::string& to, const Error& e,
                    const FileReport& report) {
    if (report.published) {
      return failed(from, to,
                    fmt::format("{} is there and complete, but its name may not survive a "
                                "crash: cannot sync its directory",
                                app::quoted(to)),
                    e.code);
    }
    if (interrupted()) {
      const bool there = c_.names.stat(kCurrentDirectory, to, false).has_value();
      return failed(from, to,
                    fmt::format("interrupted: {} {}", app::quoted(to),
                                there ? "is as it was" : "was not created"),
                    0);
    }
    if (e.code == EBUSY && e.op == Op::create) {
      return failed(from, to,
                    fmt::format("{} is a file that is open, and replacing its name would not reach "
                                "it: name the file itself",
                                app::quoted(to)),
                    0);
    }
    if (e.code == ENOENT && is_making_the_name(e.op) && is_dangling(to)) {
      return failed(from, to,
                    fmt::format("not writing through dangling symlink {}", app::quoted(to)), 0);
    }
    if (is_making_the_name(e.op) && (e.code == EACCES || e.code == EPERM)) {
      if (const std::string why = why_not_replaced(to, e.code); !why.empty()) {
        return failed(from, to, fmt::format("cannot replace {} ({})", app::quoted(to), why),
                      e.code);
      }
    }
    return failed(from, to, text_of(from, to, e, report), e.code);
  }

  // What users of cp don't expect: the right to write to a file is not enough to put another in its place.
  std::string why_not_replaced(const std::string& to, int code) {
    constexpr uint32_t kSticky = 01000;
    if (!c_.names.stat(kCurrentDirectory, to, false)) return {};
    const size_t slash = to.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : to.substr(0, slash + 1);
    const Result<FileStat> directory = c_.names.stat(kCurrentDirectory, parent, true);
    if (!directory) return {};
    if (code == EPERM) {
      const bool sticky = (directory->mode & kSticky) != 0;
      return sticky ? "its directory is sticky, and neither belongs to you" : "";
    }
    return "its directory must be writable: the copy is made beside it";
  }

  static bool is_making_the_name(Op op) {
    return op == Op::create || op == Op::link || op == Op::rename;
  }

  std::string text_of(const std::string& from, const std::string& to, const Error& e,
                      const FileReport& report) const {
    const std::string reason = reason_of_refusal(report.facts, report.data);
    switch (e.op) {
      case Op::read:
      case Op::seek:
      case Op::map_extents: return fmt::format("error reading {}", app::quoted(from));
      case Op::clone:
        return fmt::format("failed to clone {} from {}{}", app::quoted(to), app::quoted(from),
                           reason);
      case Op::copy_range:
        if (c_.options.data.offload == Offload::always && e.code == EOPNOTSUPP) {
          return fmt::format("cannot copy {} to {} without its bytes passing through memory{}",
                             app::quoted(from), app::quoted(to), reason);
        }
        return fmt::format("error copying {} to {}", app::quoted(from), app::quoted(to));
      case Op::validate:
        return fmt::format("cannot copy {} to {} as asked", app::quoted(from), app::quoted(to));
      case Op::open:
      case Op::stat:
        if (e.where == from) return fmt::format("cannot open {} for reading", app::quoted(from));
        return creating(to);
      case Op::create:
      case Op::link:
      case Op::rename: return creating(to);
      case Op::sync: return fmt::format("error syncing {}", app::quoted(to));
      case Op::get_attribute:
        if (report.losses.empty()) return fmt::format("error reading {}", app::quoted(from));
        return fmt::format("getting attribute {} of {}",
                           app::quoted(report.losses.back().attribute), app::quoted(from));
      case Op::set_owner:
      case Op::set_mode:
      case Op::set_times:
      case Op::set_attribute:
        if (!report.losses.empty()) return text_of_loss(report.losses.back(), to);
        return fmt::format("error writing {}", app::quoted(to));
      default: return fmt::format("error writing {}", app::quoted(to));
    }
  }

  static std::string creating(const std::string& to) {
    return fmt::format("cannot create regular file {}", app::quoted(to));
  }

  bool is_dangling(const std::string& to) {
    const Result<FileStat> link = c_.names.stat(kCurrentDirectory, to, false);
    return link && link->type == FileType::link;
  }

  void explain(const std::string& from, const std::string& to, const Facts& facts,
               const DataOutcome& data) {
    print(fmt::format("{} -> {}\n{}{}", app::quoted(from), app::quoted(to), explain_facts(facts),
                      explain_outcome(data)));
  }

  void tell(const std::string& from, const std::string& to, const Facts& facts,
            const DataOutcome& data, uint64_t size, const FileReport* file) {
    const Options& o = c_.options;
    if (o.json) {
      nlohmann::ordered_json object{
          {"event", "copied"}, {"source", from}, {"destination", to}, {"size", size}};
      object.update(json_of(data));
      object["facts"] = json_of(facts);
      if (file != nullptr) {
        object["durability"] = durability_name(file->reached);
        object["synced_by"] = sync_name(file->synced_by);
        object["not_preserved"] = json_of(file->losses);
        object.update(json_of_check(*file));
      }
      print_json_line(object);
      return;
    }
    if (o.explain) {
      explain(from, to, facts, data);
      if (file != nullptr) {
        print(fmt::format("durability: {}, synced by {}\n", durability_name(file->reached),
                          sync_name(file->synced_by)));
        print(explain_losses(file->losses));
      }
    } else if (o.verbose) {
      print(fmt::format("{} -> {}\n", app::quoted(from), app::quoted(to)));
    }
    if (file != nullptr && (o.verbose || o.explain)) print(check_lines(*file));
    if (o.debug) std::fputs(debug_line(facts, data, o.data.sharing, o.data.sparse).c_str(), stdout);
  }

  static const char* durability_name(Durability level) {
    switch (level) {
      case Durability::none: return "none";
      case Durability::ordered: return "ordered";
      case Durability::durable: return "durable";
    }
    return "none";
  }

  static const char* sync_name(SyncedBy by) {
    switch (by) {
      case SyncedBy::nothing: return "nothing";
      case SyncedBy::file: return "file";
      case SyncedBy::file_system: return "file system";
    }
    return "nothing";
  }

  Context& c_;
  const System system_ = c_.system();
  std::string target_;
  bool into_directory_ = false;
  bool all_ = true;  // has succeeded so far
  Fd target_fd_;     // while there is a batch
  std::optional<FileBatch> batch_;
  Checksums checksums_;
  // Name, device and inode of the sources so far, as cp tells them apart, and what was made of them.
  std::set<std::tuple<std::string, uint64_t, uint64_t>> named_;
  std::set<std::string> created_;
};

}  // namespace

int copy_command(int argc, char** argv, uint32_t creation_mask) {
  ParsedOptions parsed = parse_options(Verb::copy, argc, argv);
  if (!parsed.options) return parsed.exit;
  catch_interrupts();
  Context context(std::move(*parsed.options), creation_mask);
  return CopyCommand(context).run();
}

}  // namespace libcopyfile::app
