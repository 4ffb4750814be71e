// copyfile range SRC DST IN:OUT:LEN...
#include <fmt/format.h>

#include <cstdio>

#include "copyfile/context.h"
#include "copyfile/interrupt.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/range_list.h"
#include "copyfile/report.h"
#include "engine/range_job.h"
#include "facts/read_facts.h"

namespace libcopyfile::app {
namespace {

class RangeCommand {
 public:
  explicit RangeCommand(Context& context) : c_(context) {}

  int run() {
    const std::vector<std::string>& operands = c_.options.operands;
    if (operands.size() < 2) return usage_error("missing file operand");
    from_ = operands[0];
    to_ = operands[1];
    if (const int bad = read_ranges(); bad != kOk) return bad;
    if (!open_source() || !open_destination()) return kFailed;
    const int status = copy();
    if (status != kOk && created_ && report_.data.copied == 0) {
      (void)c_.names.unlink(kCurrentDirectory, to_);
    }
    return status == kOk && close_standard_output() ? kOk : kFailed;
  }

 private:
  int read_ranges() {
    for (const std::string& file : c_.options.range_files) {
      Parsed<std::vector<CopyRange>> list = read_range_list(file);
      if (!list) {
        complain(list.error());
        return kUsage;
      }
      ranges_.insert(ranges_.end(), list->begin(), list->end());
    }
    for (size_t i = 2; i < c_.options.operands.size(); ++i) {
      const std::string& text = c_.options.operands[i];
      const Parsed<CopyRange> range = parse_range(text);
      if (!range) {
        return usage_error(fmt::format("invalid range {}: {}", app::quoted(text), range.error()));
      }
      ranges_.push_back(*range);
    }
    if (ranges_.empty() && c_.options.range_files.empty()) return usage_error("missing ranges");
    return kOk;
  }

  bool open_source() {
    Result<Fd> in = c_.names.open(kCurrentDirectory, from_, Open::read);
    if (!in) {
      complain(fmt::format("cannot open {} for reading", app::quoted(from_)), in.error().code);
      return false;
    }
    in_ = std::move(*in);
    return true;
  }

  bool open_destination() {
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, to_, true);
    if (there && there->type == FileType::block_device && !c_.options.overwrite_device) {
      complain(fmt::format("{} is a block device: to write to it, say --overwrite-device",
                           app::quoted(to_)));
      return false;
    }
    Result<Fd> out = c_.names.open(kCurrentDirectory, to_, Open::read_write);
    // Readable is not needed, and not everybody who may write may read.
    if (!out && out.error().code == EACCES) {
      out = c_.names.open(kCurrentDirectory, to_, Open::write);
    }
    if (!out && out.error().code == ENOENT) {
      out = c_.names.create_exclusive(kCurrentDirectory, to_, 0666);
      created_ = out.has_value();
    }
    if (!out) {
      complain(fmt::format("cannot open {} for writing", app::quoted(to_)), out.error().code);
      return false;
    }
    out_ = std::move(*out);
    return true;
  }

  int copy() {
    const Result<SideFacts> in = read_side(c_.files, in_.get(), true);
    if (!in) {
      complain(fmt::format("cannot stat {}", app::quoted(from_)), in.error().code);
      return kFailed;
    }
    resolve_to_end(ranges_, in->size);
    RangeJob job;
    job.in = in_.get();
    job.out = out_.get();
    job.ours = true;
    job.ranges = ranges_;
    job.data = c_.options.data;
    job.data.will_sync = syncs();
    job.control = c_.control();
    job.keep_plans = c_.keep_plans();
    c_.progress.start(from_);
    Done ok = copy_ranges(c_.files, c_.catalogue, &c_.learned, job, report_);
    if (ok && syncs()) {
      ok = c_.files.sync(out_.get(), Sync::data);
    }
    c_.progress.clear();
    tell();
    if (!ok) return tell_failure(ok.error());
    if (const Done closed = out_.close(); !closed) return tell_failure(closed.error());
    if (report_.data.copied < report_.size) {
      complain(fmt::format("{} ends before the ranges do: {} of {} bytes copied",
                           app::quoted(from_), report_.data.copied, report_.size));
    }
    return kOk;
  }

  bool syncs() const {
    return c_.options.durability.value_or(Durability::none) != Durability::none;
  }

  int tell_failure(const Error& e) {
    const uint64_t copied = report_.data.copied;
    const std::string partly =
        copied > 0 ? fmt::format(" ({} of {} bytes are copied)", copied, report_.size) : "";
    if (interrupted()) {
      complain(fmt::format("interrupted: {} of {} bytes are copied", copied, report_.size));
      return kFailed;
    }
    switch (e.op) {
      case Op::validate:
        complain(fmt::format("cannot copy ranges of {} to {}: {}{}", app::quoted(from_),
                             app::quoted(to_), validation_text(e), partly));
        break;
      case Op::read:
      case Op::seek:
      case Op::map_extents:
        complain(fmt::format("error reading {} at offset {}{}", app::quoted(from_), e.range.begin,
                             partly),
                 e.code);
        break;
      case Op::clone:
        complain(fmt::format("failed to clone ranges of {} into {}{}", app::quoted(from_),
                             app::quoted(to_), clone_reason()),
                 e.code);
        break;
      default:
        complain(
            fmt::format("error writing {} at offset {}{}", app::quoted(to_), e.range.begin, partly),
            e.code);
    }
    return kFailed;
  }

  std::string clone_reason() const {
    for (const Declined& d : report_.data.declined) {
      if (d.mechanism == MechanismId::reflink) return " (" + d.verdict.reason + ")";
    }
    return "";
  }

  static std::string validation_text(const Error& e) {
    switch (e.code) {
      case EINVAL:
        if (e.range.empty()) return "not a regular file or block device";
        return fmt::format("the range at offset {} overlaps another", e.range.begin);
      case EOVERFLOW:
        return fmt::format("the range at offset {} ends behind the largest offset", e.range.begin);
      case ENODATA:
        return fmt::format("the range at offset {} reaches past the end of the source",
                           e.range.begin);
      default: return errno_text(e.code);
    }
  }

  void tell() {
    const Options& o = c_.options;
    if (o.json) {
      nlohmann::ordered_json object{{"event", report_.data.error ? "failed" : "copied"},
                                    {"source", from_},
                                    {"destination", to_},
                                    {"size", report_.size}};
      object.update(json_of(report_.data));
      object["facts"] = json_of(report_.facts);
      if (report_.data.error) object["error"] = strerrorname_np(report_.data.error->code);
      print_json_line(object);
    } else if (o.explain) {
      fmt::print("{} -> {}\n{}{}", app::quoted(from_), app::quoted(to_),
                 explain_facts(report_.facts), explain_outcome(report_.data));
    } else if (o.verbose) {
      fmt::print("{} -> {}: {} in {} ranges\n", app::quoted(from_), app::quoted(to_),
                 size_with_bytes(report_.data.copied), ranges_.size());
    }
  }

  Context& c_;
  std::string from_;
  std::string to_;
  std::vector<CopyRange> ranges_;
  Fd in_;
  Fd out_;
  bool created_ = false;
  RangeReport report_;
};

}  // namespace

int range_command(int argc, char** argv, uint32_t creation_mask) {
  ParsedOptions parsed = parse_options(Verb::range, argc, argv);
  if (!parsed.options) return parsed.exit;
  Context context(std::move(*parsed.options), creation_mask);
  return RangeCommand(context).run();
}

}  // namespace libcopyfile::app
