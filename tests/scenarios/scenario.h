// SPDX-License-Identifier: Apache-2.0
//
// A scenario: a workload file whose first comment says what it stands for, under which policies it
// runs and what must be so.
//
// Free functions; any thread. Errors: those of ReadWorkloadFile(), and INVALID_ARGUMENT for a
// comment that is not understood.
#ifndef SCHEDD_TESTS_SCENARIOS_SCENARIO_H_
#define SCHEDD_TESTS_SCENARIOS_SCENARIO_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/sim/workload.h"
#include "tests/scenarios/expectation.h"

namespace schedd::scenarios {

struct Scenario {
  SimWorkload workload;
  std::string hazard;  // what it stands for
  std::vector<std::string> policies = {"vruntime", "rustland"};
  std::vector<Expectation> expectations;
  PolicyParameters parameters;
};

absl::StatusOr<Scenario> ReadScenario(const std::string& path);

// Runs it under each of its policies. INVALID_ARGUMENT: no such policy.
absl::StatusOr<Reports> RunScenario(const Scenario& scenario);

// What its golden file holds.
std::string GoldenText(const Scenario& scenario, const Reports& reports);

}  // namespace schedd::scenarios

#endif  // SCHEDD_TESTS_SCENARIOS_SCENARIO_H_
