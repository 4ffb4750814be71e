// What happened, for people (--explain, --debug) and for programs (--json).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/data_copy.h"

namespace libcopyfile::app {

// The lines of --explain: the pair, the plans with what declined between them, and the bytes by mechanism.
std::string explain_facts(const Facts& facts);
std::string explain_outcome(const DataOutcome& outcome);
// " (why)": what the planner said where it could not do what must be done; empty if it said nothing.
std::string reason_of_refusal(const Facts& facts, const DataOutcome& outcome);

// The line of GNU cp --debug.
std::string debug_line(const Facts& facts, const DataOutcome& outcome, Sharing sharing,
                       Sparse sparse);

// Members of a JSON object; see copyfile(1).
nlohmann::ordered_json json_of(const Plan& plan);
nlohmann::ordered_json json_of(const PerMechanism<Verdict>& verdicts);
nlohmann::ordered_json json_of(const Facts& facts);
nlohmann::ordered_json json_of(const DataOutcome& outcome);
// One line. Names that are no UTF-8 come out with replacement characters, as JSON has no other way.
void print_json_line(const nlohmann::ordered_json& object);

}  // namespace libcopyfile::app
