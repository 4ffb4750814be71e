#include "plan/print.h"

#include <algorithm>
#include <cstring>

namespace libcopyfile {
namespace {

std::string number(uint64_t value) { return std::to_string(value); }

std::string manner_text(const Step& step) {
  std::string text;
  const Manner& m = step.manner;
  if (m.whole_file) text += ", whole file";
  if (m.cache == Cache::drop) text += ", pages dropped";
  if (m.preallocate) text += ", blocks preallocated";
  if (m.detect_zeros > 0) text += ", zeros of " + number(m.detect_zeros) + " become holes";
  if (step.mechanism == MechanismId::zero) {
    switch (m.zero) {
      case Manner::Zero::hole: text += ", holes"; break;
      case Manner::Zero::reserve: text += ", reserved"; break;
      case Manner::Zero::write: text += ", written"; break;
    }
  }
  return text;
}

// Of a source whose end is not known, ranges are as long as files can be.
bool is_to_the_end(const CopyRange& r) { return r.in + r.length == kMaxOffset; }

std::string extent_text(const Step& step) {
  if (step.ranges.size() == 1 && is_to_the_end(step.ranges.front())) return "all up to the end";
  return number(step.bytes) + " bytes in " + number(step.ranges.size()) +
         (step.ranges.size() == 1 ? " range" : " ranges");
}

std::string step_text(size_t position, const Step& step, const PrintLimits& limits) {
  std::string text = number(position) + ". " + std::string(name_of(step.mechanism)) + ": " +
                     extent_text(step) + manner_text(step) + "\n";
  text += "   because " + step.reason + "\n";
  for (size_t i = 0; i < step.ranges.size(); ++i) {
    if (i == limits.ranges) {
      text += "   and " + number(step.ranges.size() - i) + " more\n";
      break;
    }
    const CopyRange& r = step.ranges[i];
    text += "   " + number(r.in) + ":" + number(r.out) + ":" +
            (is_to_the_end(r) ? std::string("-") : number(r.length)) + "\n";
  }
  return text;
}

}  // namespace

std::string to_text(const PerMechanism<Verdict>& verdicts) {
  std::string text;
  for (size_t i = 0; i < kMechanismCount; ++i) {
    const Verdict& v = verdicts[i];
    // What is for other kinds of pairs.
    if (v.can == Can::no && v.reason.empty()) continue;
    std::string name(name_of(static_cast<MechanismId>(i)));
    name.resize(std::max<size_t>(12, name.size() + 1), ' ');
    text += name;
    text += v.can == Can::yes ? "yes" : v.can == Can::no ? "no" : "unknown";
    if (!v.reason.empty()) text += ": " + v.reason;
    if (v.code != 0) text += std::string(" (") + strerrordesc_np(v.code) + ")";
    text += "\n";
  }
  return text;
}

std::string to_text(const Plan& plan, const PrintLimits& limits) {
  std::string text;
  if (plan.steps.empty()) text += "nothing to copy\n";
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    text += step_text(i + 1, plan.steps[i], limits);
  }
  for (const std::string& note : plan.notes) text += "note: " + note + "\n";
  if (plan.short_source) text += "note: the source ends before the ranges do\n";
  return text + to_text(plan.verdicts);
}

}  // namespace libcopyfile
