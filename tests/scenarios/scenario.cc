// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/scenario.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/simulate/workload_file.h"
#include "server/text/text_file.h"
#include "tests/scenarios/summary.h"

namespace schedd::scenarios {
namespace {

constexpr absl::string_view kExpect = "# expect:";
constexpr absl::string_view kPolicies = "# policies:";
constexpr absl::string_view kParameter = "# parameter:";
constexpr absl::string_view kStandsFor = "# stands for:";

constexpr std::pair<absl::string_view, int64_t PolicyParameters::*> kParameters[] = {
    {"base_slice", &PolicyParameters::base_slice_ns},
    {"min_slice", &PolicyParameters::min_slice_ns},
    {"max_slice", &PolicyParameters::max_slice_ns},
    {"sleeper_credit", &PolicyParameters::sleeper_credit_ns},
    {"starvation_bound", &PolicyParameters::starvation_bound_ns},
    {"wakeup_preempt_margin", &PolicyParameters::wakeup_preempt_margin_ns},
    {"decision_budget", &PolicyParameters::decision_budget_ns},
};

// "base_slice 5ms", or "placement_mode all_decisions".
absl::Status SetParameter(absl::string_view text, PolicyParameters* parameters) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() == 2 && words[0] == "placement_mode" && words[1] == "all_decisions") {
    parameters->placement_mode = PlacementMode::kAllDecisions;
    return absl::OkStatus();
  }
  absl::Duration value;
  for (const auto& [name, field] : kParameters) {
    if (words.size() != 2 || words[0] != name || !absl::ParseDuration(words[1], &value)) continue;
    parameters->*field = absl::ToInt64Nanoseconds(value);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("'", text, "': no such parameter"));
}

absl::Status ReadComment(absl::string_view line, Scenario* into) {
  if (absl::ConsumePrefix(&line, kStandsFor)) {
    into->hazard = std::string(absl::StripAsciiWhitespace(line));
  } else if (absl::ConsumePrefix(&line, kPolicies)) {
    into->policies = absl::StrSplit(line, ' ', absl::SkipEmpty());
  } else if (absl::ConsumePrefix(&line, kParameter)) {
    return SetParameter(line, &into->parameters);
  } else if (absl::ConsumePrefix(&line, kExpect)) {
    absl::StatusOr<Expectation> expectation = ParseExpectation(absl::StripAsciiWhitespace(line));
    if (!expectation.ok()) return expectation.status();
    into->expectations.push_back(*std::move(expectation));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Scenario> ReadScenario(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile("scenario", path);
  if (!text.ok()) return text.status();
  absl::StatusOr<SimWorkload> workload = ParseWorkload(*text, path);
  if (!workload.ok()) return workload.status();
  Scenario scenario;
  scenario.workload = *std::move(workload);
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const absl::Status read = ReadComment(line, &scenario);
    if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", read.message()));
  }
  return scenario;
}

absl::StatusOr<Reports> RunScenario(const Scenario& scenario) {
  Reports reports;
  for (const std::string& policy : scenario.policies) {
    absl::StatusOr<SimulationReport> report =
        Simulate(scenario.workload, {.policy = policy, .parameters = scenario.parameters});
    if (!report.ok()) return report.status();
    reports[policy] = *std::move(report);
  }
  return reports;
}

std::string GoldenText(const Scenario& scenario, const Reports& reports) {
  std::string text = "# SPDX-License-Identifier: Apache-2.0\n";
  for (const std::string& policy : scenario.policies) {
    absl::StrAppend(&text, "\n", Summarize(reports.at(policy)));
  }
  return text;
}

}  // namespace schedd::scenarios
