// SPDX-License-Identifier: Apache-2.0
//
// The text of a simulation's report that golden files hold, and how two such texts differ.
//
// Pure functions; any thread; never fail. Rounded to what a reader can judge.
#ifndef SCHEDD_TESTS_SCENARIOS_SUMMARY_H_
#define SCHEDD_TESTS_SCENARIOS_SUMMARY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "server/simulate/simulation.h"

namespace schedd::scenarios {

// A paragraph: the machine, then a line for each name of a task.
std::string Summarize(const SimulationReport& report);

// Three digits and a unit: "12.3ms".
std::string ShortDuration(int64_t ns);

// The lines of both, with "-" before those only `before` has and "+" before those only `after` has;
// without those far from any difference. Empty when they are the same.
std::string Diff(absl::string_view before, absl::string_view after);

}  // namespace schedd::scenarios

#endif  // SCHEDD_TESTS_SCENARIOS_SUMMARY_H_
