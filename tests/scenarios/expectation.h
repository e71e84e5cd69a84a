// SPDX-License-Identifier: Apache-2.0
//
// What must be so in a scenario, as one line of text: tests/scenarios/README.md has the grammar.
//
// Plain values and pure functions; any thread. Errors: INVALID_ARGUMENT with what is wrong in a
// line; an expectation that does not hold is no error but a message.
#ifndef SCHEDD_TESTS_SCENARIOS_EXPECTATION_H_
#define SCHEDD_TESTS_SCENARIOS_EXPECTATION_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/simulate/simulation.h"

namespace schedd::scenarios {

using Reports = std::map<std::string, SimulationReport, std::less<>>;  // by policy

// One number of a report, such as `vruntime p99(editor)`.
struct Quantity {
  std::string policy;
  std::string metric;
  std::string group;  // empty: of all tasks, or of the machine
};

struct Expectation {
  enum class Relation { kLess, kAtMost, kEqual, kAtLeast, kMore, kBetween };
  std::string text;
  Quantity left;
  Relation relation = Relation::kEqual;
  // Durations in ns, fractions in percent. With `other` factors of that.
  double least = 0;
  double most = 0;
  bool has_other = false;
  Quantity other;
};

absl::StatusOr<Expectation> ParseExpectation(absl::string_view text);

// Empty when it holds, else what was found instead. INVALID_ARGUMENT: no report has such a number.
absl::StatusOr<std::string> Check(const Expectation& expectation, const Reports& reports);

}  // namespace schedd::scenarios

#endif  // SCHEDD_TESTS_SCENARIOS_EXPECTATION_H_
