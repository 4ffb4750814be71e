// copyfile probe SRC DST
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "copyfile/context.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/report.h"
#include "engine/probe.h"
#include "plan/print.h"
#include "sys/iscsi_url.h"

namespace libcopyfile::app {
namespace {

// The unit, if `operand` names one. False if it can't be opened, which has been told.
bool open_unit(Context& context, const std::string& operand, Fd& fd) {
  if (!context.names_unit(operand)) return true;
  Result<Fd> unit = context.open_unit(operand, false);
  if (unit) {
    fd = std::move(*unit);
    return true;
  }
  const Error& e = unit.error();
  const std::string text = fmt::format("cannot open {}", app::quoted(without_secrets(operand)));
  if (e.where.empty()) {
    complain(text, e.code);
  } else {
    complain(text + ": " + e.where);
  }
  return false;
}

}  // namespace

int probe_command(int argc, char** argv) {
  ParsedOptions parsed = parse_options(Verb::probe, argc, argv);
  if (!parsed.options) return parsed.exit;
  Context c(std::move(*parsed.options), 022);
  const std::vector<std::string>& operands = c.options.operands;
  if (operands.size() < 2) return usage_error("missing file operand");
  if (operands.size() > 2) {
    return usage_error(fmt::format("extra operand {}", app::quoted(operands[2])));
  }
  if (!c.turn_offload_off()) return kFailed;
  ProbeJob job;
  job.in_path = without_secrets(operands[0]);
  job.out_path = without_secrets(operands[1]);
  job.data = c.options.data;
  Fd in;
  Fd out;
  if (!open_unit(c, operands[0], in) || !open_unit(c, operands[1], out)) return kFailed;
  job.in_file = in.get();
  job.out_file = out.get();
  job.learned = &c.learned;
  ProbeReport report;
  const Done ok = probe(c.system(), c.catalogue, job, report);
  if (!ok) {
    const bool source = ok.error().where == job.in_path;
    complain(fmt::format("cannot {} {}", describe(ok.error().op),
                         app::quoted(source ? job.in_path : job.out_path)),
             ok.error().code);
    return kFailed;
  }
  if (c.options.json) {
    nlohmann::ordered_json object{{"source", job.in_path}, {"destination", job.out_path}};
    object["facts"] = json_of(report.facts);
    object["mechanisms"] = json_of(report.verdicts);
    if (report.plan) object["plan"] = json_of(*report.plan);
    if (report.refused) object["error"] = strerrorname_np(report.refused->code);
    print_json_line(object);
  } else {
    print(fmt::format("{} -> {}\n{}ways to copy:\n{}", app::quoted(job.in_path),
                      app::quoted(job.out_path), explain_facts(report.facts),
                      to_text(report.verdicts)));
    if (report.plan) print(fmt::format("plan:\n{}", to_text(*report.plan)));
    if (report.refused) {
      print(fmt::format("as asked it can't be copied: {}\n", errno_text(report.refused->code)));
    }
    for (const std::string& note : report.notes) print(fmt::format("note: {}\n", note));
  }
  return close_standard_output() ? kOk : kFailed;
}

}  // namespace libcopyfile::app
