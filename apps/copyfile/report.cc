#include "copyfile/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "copyfile/messages.h"
#include "facts/fs_class.h"
#include "facts/unit_facts.h"
#include "mechanism/scsi_limits.h"
#include "plan/print.h"

namespace libcopyfile::app {
namespace {

std::string_view kind_name(FileType kind) {
  switch (kind) {
    case FileType::regular: return "regular file";
    case FileType::directory: return "directory";
    case FileType::link: return "symbolic link";
    case FileType::block_device: return "block device";
    case FileType::stream: return "stream";
    case FileType::other: break;
  }
  return "other";
}

std::string fs_text(const SideFacts& side) {
  if (side.fs.magic == 0) return "";
  const std::string_view name = fs_name(side.fs.magic);
  if (!name.empty()) return fmt::format(" on {}", name);
  return fmt::format(" on file system {:#x}", side.fs.magic);
}

std::string side_text(std::string_view what, const SideFacts& side) {
  std::string text = fmt::format("{}: {}{}", what, kind_name(side.kind), fs_text(side));
  if (side.kind == FileType::regular || side.kind == FileType::block_device) {
    text += fmt::format(", {}", size_with_bytes(side.size));
  }
  if (!side.size_trusted && side.size > 0) text += ", a size that is not to be trusted";
  if (side.stat.direct_known && side.stat.direct_offset_align > 0) {
    text += fmt::format(", direct I/O aligned to {}", side.stat.direct_offset_align);
  }
  return text + "\n";
}

// By what a target is asked for it: "naa.6001405...", "t10.LIO-ORG ...".
std::string designator_text(const wire::Designator& d) {
  std::string text = d.type == wire::DesignatorType::naa     ? "naa."
                     : d.type == wire::DesignatorType::eui64 ? "eui."
                                                             : "t10.";
  constexpr uint8_t kBinary = 1;
  for (const uint8_t byte : d.value) {
    if (d.code_set == kBinary) {
      text += fmt::format("{:02x}", byte);
    } else {
      text += byte > ' ' && byte < 0x7f ? static_cast<char>(byte) : '_';
    }
  }
  return text;
}

std::string unit_name(const ScsiUnit& unit) {
  const std::optional<wire::Designator> name = copy_designator(unit);
  return name ? designator_text(*name) : "";
}

// What a device says of itself may be anything.
std::string printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

std::string unit_text(std::string_view what, const ScsiUnit& unit) {
  const std::string name = unit_name(unit);
  return fmt::format("{} disk: {} {}, {}, blocks of {}\n", what, printable(unit.inquiry.vendor),
                     printable(unit.inquiry.product),
                     name.empty() ? "without a name that is unique" : name,
                     unit.capacity.block_length);
}

nlohmann::ordered_json json_of(const ScsiUnit& unit) {
  return {{"vendor", unit.inquiry.vendor},
          {"product", unit.inquiry.product},
          {"name", unit_name(unit)},
          {"block_size", unit.capacity.block_length}};
}

std::string_view answer(Can can) {
  switch (can) {
    case Can::yes: return "yes";
    case Can::no: return "no";
    case Can::unknown: break;
  }
  return "unknown";
}

bool used(const DataOutcome& outcome, MechanismId id) { return outcome.bytes_by[index_of(id)] > 0; }

// Whether copy_file_range(2) was offloaded the call does not say; of NFS and SMB their clients do, and the mechanism gave way where
// the server had not been asked.
const char* offload_word(const Facts& facts, const DataOutcome& outcome, Sharing sharing) {
  const bool by_storage = used(outcome, MechanismId::scsi_extended_copy) ||
                          used(outcome, MechanismId::scsi_token) ||
                          used(outcome, MechanismId::nvme_copy);
  if (by_storage) return "yes";
  const bool gave_way =
      std::any_of(outcome.declined.begin(), outcome.declined.end(), [](const Declined& d) {
        return d.mechanism == MechanismId::copy_range && d.verdict.code == EOPNOTSUPP;
      });
  const ServerCopy in = facts.in.server_copies.state;
  const ServerCopy out = facts.out.server_copies.state;
  const auto cannot = [](ServerCopy s) {
    return s == ServerCopy::too_old || s == ServerCopy::refused;
  };
  if (sharing == Sharing::never) return "avoided";
  if (gave_way || cannot(in) || cannot(out)) return "unsupported";
  if (!used(outcome, MechanismId::copy_range)) return "no";
  return out == ServerCopy::possible ? "yes" : "unknown";
}

}  // namespace

std::string explain_facts(const Facts& facts) {
  std::string text = side_text("source", facts.in) + side_text("destination", facts.out);
  if (facts.units) {
    text += unit_text("source", facts.units->in) + unit_text("destination", facts.units->out);
  }
  if (facts.source_cached) {
    text += fmt::format("cached: {} of the source\n", size_with_bytes(*facts.source_cached));
  }
  return text;
}

std::string explain_outcome(const DataOutcome& outcome) {
  std::string text;
  for (size_t i = 0; i < outcome.plans.size(); ++i) {
    text += i == 0 ? "plan:\n" : "plan for the rest:\n";
    text += to_text(outcome.plans[i]);
    if (i < outcome.declined.size()) {
      const Declined& d = outcome.declined[i];
      text += fmt::format("{} declined after {} bytes: {} ({})\n", name_of(d.mechanism),
                          d.after_bytes, d.verdict.reason, errno_text(d.verdict.code));
    }
  }
  text += "done:\n";
  for (size_t i = 0; i < kMechanismCount; ++i) {
    if (outcome.bytes_by[i] == 0) continue;
    text += fmt::format("{:<11} {}\n", name_of(static_cast<MechanismId>(i)),
                        size_with_bytes(outcome.bytes_by[i]));
  }
  text += fmt::format("{:<12}{}", "total", size_with_bytes(outcome.copied));
  if (outcome.holes > 0) text += fmt::format(", {} of it holes", size_with_bytes(outcome.holes));
  return text + fmt::format("\nplanned in {:.3f} ms\n", outcome.planning_seconds * 1e3);
}

std::string reason_of_refusal(const Facts& facts, const DataOutcome& outcome) {
  if (!outcome.error) return "";
  const Error& e = *outcome.error;
  if (!e.where.empty()) return fmt::format(" ({})", e.where);
  if (e.op == Op::clone && e.code == EINVAL) {
    return fmt::format(" (the range at offset {} is not aligned to {})", e.range.begin,
                       facts.clone_alignment);
  }
  return "";
}

std::string debug_line(const Facts& facts, const DataOutcome& outcome, Sharing sharing,
                       Sparse sparse) {
  const bool shared = used(outcome, MechanismId::reflink);
  const Verdict& learned = facts.learned[index_of(MechanismId::reflink)];
  const char* reflink = shared ? "yes" : learned.can == Can::no ? "unsupported" : "no";
  const char* offload = offload_word(facts, outcome, sharing);
  const char* detection = sparse == Sparse::always           ? "zeros"
                          : used(outcome, MechanismId::zero) ? "SEEK_HOLE"
                                                             : "no";
  return fmt::format("copy offload: {}, reflink: {}, sparse detection: {}\n", offload, reflink,
                     detection);
}

nlohmann::ordered_json json_of(const PerMechanism<Verdict>& verdicts) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kMechanismCount; ++i) {
    // What is for other kinds of pairs.
    if (verdicts[i].can == Can::no && verdicts[i].reason.empty()) continue;
    nlohmann::ordered_json v;
    v["can"] = answer(verdicts[i].can);
    v["reason"] = verdicts[i].reason;
    if (verdicts[i].code != 0) v["error"] = strerrorname_np(verdicts[i].code);
    object[std::string(name_of(static_cast<MechanismId>(i)))] = std::move(v);
  }
  return object;
}

nlohmann::ordered_json json_of(const Plan& plan) {
  nlohmann::ordered_json object;
  object["ranges_asked"] = plan.ranges_asked;
  object["ranges_planned"] = plan.ranges_planned;
  object["steps"] = nlohmann::ordered_json::array();
  for (const Step& step : plan.steps) {
    nlohmann::ordered_json s;
    s["mechanism"] = name_of(step.mechanism);
    s["bytes"] = step.bytes;
    s["ranges"] = step.ranges.size();
    s["reason"] = step.reason;
    object["steps"].push_back(std::move(s));
  }
  object["mechanisms"] = json_of(plan.verdicts);
  object["notes"] = plan.notes;
  return object;
}

nlohmann::ordered_json json_of(const Facts& facts) {
  const auto side = [](const SideFacts& s) {
    nlohmann::ordered_json object;
    object["kind"] = kind_name(s.kind);
    object["file_system"] = fs_name(s.fs.magic);
    object["size"] = s.size;
    return object;
  };
  nlohmann::ordered_json object;
  object["source"] = side(facts.in);
  object["destination"] = side(facts.out);
  if (facts.units) {
    object["source"]["disk"] = json_of(facts.units->in);
    object["destination"]["disk"] = json_of(facts.units->out);
  }
  return object;
}

nlohmann::ordered_json json_of(const DataOutcome& outcome) {
  nlohmann::ordered_json object;
  object["copied"] = outcome.copied;
  object["holes"] = outcome.holes;
  nlohmann::ordered_json by = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kMechanismCount; ++i) {
    by[std::string(name_of(static_cast<MechanismId>(i)))] = outcome.bytes_by[i];
  }
  object["bytes_by"] = std::move(by);
  object["planning_seconds"] = outcome.planning_seconds;
  object["end_of_source"] = outcome.end_of_source;
  object["declined"] = nlohmann::ordered_json::array();
  for (const Declined& d : outcome.declined) {
    object["declined"].push_back({{"mechanism", name_of(d.mechanism)},
                                  {"after_bytes", d.after_bytes},
                                  {"reason", d.verdict.reason},
                                  {"error", strerrorname_np(d.verdict.code)}});
  }
  if (!outcome.plans.empty()) object["plan"] = json_of(outcome.plans.back());
  return object;
}

void print_json_line(const nlohmann::ordered_json& object) {
  const std::string line =
      object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
}

}  // namespace libcopyfile::app
