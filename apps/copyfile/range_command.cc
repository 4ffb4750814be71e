// copyfile range SRC DST IN:OUT:LEN...
#include <fmt/format.h>

#include <cstdio>

#include "copyfile/context.h"
#include "copyfile/device_contents.h"
#include "copyfile/interrupt.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/range_list.h"
#include "copyfile/report.h"
#include "copyfile/whole_copy.h"
#include "engine/range_job.h"
#include "facts/read_facts.h"
#include "sys/iscsi_url.h"

namespace libcopyfile::app {
namespace {

class RangeCommand {
 public:
  explicit RangeCommand(Context& context) : c_(context) {}

  int run() {
    const std::vector<std::string>& operands = c_.options.operands;
    if (operands.size() < 2) return usage_error("missing file operand");
    if (!c_.turn_offload_off()) return kFailed;
    if (const int bad = read_ranges(); bad != kOk) return bad;
    // Only now: while a list is read from a terminal or a pipe there is nothing to clean up, and a signal just ends us.
    catch_interrupts();
    return run(operands[0], operands[1]);
  }

  // All of `from`, which must have room in `to`.
  int run_whole(const std::string& from, const std::string& to) {
    whole_ = true;
    ranges_ = {{0, 0, kToEnd}};
    c_.options.durability = c_.options.durability.value_or(Durability::ordered);
    return run(from, to);
  }

 private:
  int run(const std::string& from, const std::string& to) {
    from_url_ = from;
    to_url_ = to;
    from_ = without_secrets(from);
    to_ = without_secrets(to);
    if (!open_source() || !open_destination()) return kFailed;
    const bool ok = copy();
    if (!ok && created_ && report_.data.copied == 0) {
      (void)c_.names.unlink(kCurrentDirectory, to_);
    }
    // What was printed must get out also where the copy failed.
    const bool told = close_standard_output();
    return ok && told ? kOk : kFailed;
  }

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
    from_unit_ = c_.names_unit(from_url_);
    Result<Fd> in = from_unit_ ? c_.open_unit(from_url_, false)
                               : c_.names.open(kCurrentDirectory, from_, Open::read);
    if (!in) return cannot_open(from_, from_unit_, "reading", in.error());
    in_ = std::move(*in);
    return true;
  }

  bool open_unit() {
    if (!c_.options.overwrite_device) {
      return failed(fmt::format("{} is a logical unit: to write to it, say --overwrite-device",
                                app::quoted(to_)),
                    0);
    }
    Result<Fd> out = c_.open_unit(to_url_, true);
    if (!out) return cannot_open(to_, true, "writing", out.error());
    out_ = std::move(*out);
    opened_ = claimed_ = true;
    announce_overwriting(c_, to_, out_.get(), "logical unit");
    return true;
  }

  bool open_destination() {
    if (c_.names_unit(to_url_)) return open_unit();
    const Result<FileStat> there = c_.names.stat(kCurrentDirectory, to_, true);
    if (there && there->type == FileType::block_device && !c_.options.overwrite_device) {
      return failed(fmt::format("{} is a block device: to write to it, say --overwrite-device",
                                app::quoted(to_)),
                    0);
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
    if (out && there && there->type == FileType::block_device) {
      Result<Fd> claimed = claim_device(c_.files, *out);
      claimed_ = claimed && claimed->valid();
      if (!claimed || claimed_) out = std::move(claimed);
    }
    if (!out) {
      return cannot_open(to_, false, "writing", out.error());
    }
    out_ = std::move(*out);
    opened_ = true;
    if (c_.options.overwrite_device) announce_overwriting(c_, to_);
    return true;
  }

  bool cannot_open(const std::string& path, bool unit, std::string_view what, const Error& e) {
    // A FIFO that nobody has opened at the other end is waited for.
    if (interrupted()) {
      return failed_as(fmt::format("interrupted: nothing is written to {}", app::quoted(to_)),
                       EINTR);
    }
    const std::string text = fmt::format("cannot open {} for {}", app::quoted(path), what);
    // Of units the reason is told in words; of files `where` is no more than their name.
    if (unit && !e.where.empty()) return failed_as(text + ": " + e.where, e.code);
    return failed(text, e.code);
  }

  bool copy() {
    const Result<SideFacts> in = read_side(c_.files, in_.get(), true);
    if (!in) return failed(fmt::format("cannot stat {}", app::quoted(from_)), in.error().code);
    resolve_to_end(ranges_, in->size);
    if (whole_ && !fits(*in)) return false;
    RangeJob job;
    job.in = in_.get();
    job.out = out_.get();
    job.ours = true;
    job.out_claimed = claimed_;
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
    if (ok) ok = out_.close();
    if (!ok) return tell_failure(ok.error());
    tell();
    if (report_.data.copied < report_.size) {
      complain(fmt::format("{} ends before the ranges do: {} of {} bytes copied",
                           app::quoted(from_), report_.data.copied, report_.size));
    }
    return true;
  }

  // Before the first byte: what can't end well needs not be begun.
  bool fits(const SideFacts& in) {
    const Result<SideFacts> out = read_side(c_.files, out_.get(), true);
    if (!out || out->kind != FileType::block_device) return true;
    const bool both = in.kind == FileType::block_device;
    if (both && in.stat.special_device == out->stat.special_device) {
      return failed_as(
          fmt::format("{} and {} are one and the same", app::quoted(from_), app::quoted(to_)),
          EINVAL);
    }
    if (in.size <= out->size) return true;
    return failed_as(
        fmt::format("{} has {}, {} only {}", app::quoted(from_), size_with_bytes(in.size),
                    app::quoted(to_), size_with_bytes(out->size)),
        ENOSPC);
  }

  bool syncs() const {
    return c_.options.durability.value_or(Durability::none) != Durability::none;
  }

  bool failed(const std::string& text, int code) {
    return failed_as(code != 0 ? text + ": " + errno_text(code) : text, code);
  }

  // `message` says all that there is to say.
  bool failed_as(const std::string& message, int code) {
    complain(message);
    if (c_.options.json) {
      nlohmann::ordered_json object = json_of_copy("failed");
      object["error"] = code != 0 ? strerrorname_np(code) : "";
      object["message"] = message;
      print_json_line(object);
    } else if (c_.options.explain && !report_.data.plans.empty()) {
      explain();
    }
    return false;
  }

  bool tell_failure(const Error& e) {
    const uint64_t copied = report_.data.copied;
    const std::string partly =
        copied > 0 ? fmt::format(" ({} of {} bytes are copied)", copied, report_.size) : "";
    if (interrupted()) {
      return failed_as(fmt::format("interrupted: {} of {} bytes are copied", copied, report_.size),
                       EINTR);
    }
    switch (e.op) {
      case Op::validate:
        return failed_as(fmt::format("cannot copy ranges of {} to {}: {}{}", app::quoted(from_),
                                     app::quoted(to_), validation_text(e), partly),
                         e.code);
      case Op::read:
      case Op::seek:
      case Op::map_extents:
        return failed(fmt::format("error reading {} at offset {}{}", app::quoted(from_),
                                  e.range.begin, partly),
                      e.code);
      case Op::clone:
        return failed(fmt::format("failed to clone ranges of {} into {}{}", app::quoted(from_),
                                  app::quoted(to_), reason()),
                      e.code);
      case Op::offload:
        if (e.code != EOPNOTSUPP) {
          return failed(fmt::format("the storage failed to copy {} to {}{}{}", app::quoted(from_),
                                    app::quoted(to_), reason(), partly),
                        e.code);
        }
        [[fallthrough]];
      case Op::copy_range:
        if (c_.options.data.offload == Offload::always && e.code == EOPNOTSUPP) {
          return failed(fmt::format("cannot copy ranges of {} to {} without their bytes passing "
                                    "through memory{}{}",
                                    app::quoted(from_), app::quoted(to_), reason(), partly),
                        e.code);
        }
        return failed(fmt::format("error copying ranges of {} to {}{}", app::quoted(from_),
                                  app::quoted(to_), partly),
                      e.code);
      default:
        return failed(
            fmt::format("error writing {} at offset {}{}", app::quoted(to_), e.range.begin, partly),
            e.code);
    }
  }

  std::string reason() const { return reason_of_refusal(report_.facts, report_.data); }

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

  nlohmann::ordered_json json_of_copy(const char* event) const {
    nlohmann::ordered_json object{{"event", event}, {"source", from_}, {"destination", to_}};
    if (!opened_) return object;
    object["size"] = report_.size;
    object.update(json_of(report_.data));
    object["facts"] = json_of(report_.facts);
    return object;
  }

  void explain() const {
    print(fmt::format("{} -> {}\n{}{}", app::quoted(from_), app::quoted(to_),
                      explain_facts(report_.facts), explain_outcome(report_.data)));
  }

  void tell() const {
    const Options& o = c_.options;
    if (o.json) {
      print_json_line(json_of_copy("copied"));
    } else if (o.explain) {
      explain();
    } else if (o.verbose) {
      print(fmt::format("{} -> {}: {} in {} {}\n", app::quoted(from_), app::quoted(to_),
                        size_with_bytes(report_.data.copied), ranges_.size(),
                        ranges_.size() == 1 ? "range" : "ranges"));
    }
  }

  Context& c_;
  // As they were given, and as they are told.
  std::string from_url_, to_url_;
  std::string from_, to_;
  bool from_unit_ = false;
  bool whole_ = false;
  std::vector<CopyRange> ranges_;
  Fd in_;
  Fd out_;
  bool opened_ = false;  // both
  bool created_ = false;
  bool claimed_ = false;  // the destination, a device
  RangeReport report_;
};

}  // namespace

int range_command(int argc, char** argv, uint32_t creation_mask) {
  ParsedOptions parsed = parse_options(Verb::range, argc, argv);
  if (!parsed.options) return parsed.exit;
  Context context(std::move(*parsed.options), creation_mask);
  return RangeCommand(context).run();
}

int copy_whole(Context& context, const std::string& from, const std::string& to) {
  return RangeCommand(context).run_whole(from, to);
}

}  // namespace libcopyfile::app
