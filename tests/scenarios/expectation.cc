// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/expectation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace schedd::scenarios {
namespace {

using Relation = Expectation::Relation;

template <typename R>
struct Metric {
  absl::string_view name;
  double (*of)(const R& report);
};

double Number(int64_t value) { return static_cast<double>(value); }

constexpr Metric<SimulationReport> kOfMachine[] = {
    {"busy", [](const SimulationReport& r) { return r.busy * 100; }},
    {"idle_while_runnable",
     [](const SimulationReport& r) { return Number(r.idle_while_runnable_ns); }},
    {"rounds", [](const SimulationReport& r) { return Number(r.rounds); }},
    {"switches", [](const SimulationReport& r) { return Number(r.context_switches); }},
    {"migrations", [](const SimulationReport& r) { return Number(r.migrations); }},
    {"preemptions", [](const SimulationReport& r) { return Number(r.preemptions); }},
    {"longest_wait", [](const SimulationReport& r) { return Number(r.longest_wait_ns); }},
    {"events", [](const SimulationReport& r) { return Number(r.events); }},
    {"decisions", [](const SimulationReport& r) { return Number(r.decisions); }},
    {"urgent", [](const SimulationReport& r) { return Number(r.urgent_decisions); }},
    {"p50", [](const SimulationReport& r) { return Number(r.wakeups.p50_ns); }},
    {"p99", [](const SimulationReport& r) { return Number(r.wakeups.p99_ns); }},
    {"max", [](const SimulationReport& r) { return Number(r.wakeups.max_ns); }},
    {"jain", [](const SimulationReport& r) { return r.jain; }},
};

constexpr Metric<TaskGroupReport> kOfGroup[] = {
    {"share", [](const TaskGroupReport& g) { return g.cpu_share * 100; }},
    {"tasks", [](const TaskGroupReport& g) { return Number(g.tasks); }},
    {"weight", [](const TaskGroupReport& g) { return Number(g.weight); }},
    {"run", [](const TaskGroupReport& g) { return Number(g.run_ns); }},
    {"rounds", [](const TaskGroupReport& g) { return Number(g.rounds); }},
    {"migrations", [](const TaskGroupReport& g) { return Number(g.migrations); }},
    {"longest_wait", [](const TaskGroupReport& g) { return Number(g.longest_wait_ns); }},
    {"p50", [](const TaskGroupReport& g) { return Number(g.wakeups.p50_ns); }},
    {"p99", [](const TaskGroupReport& g) { return Number(g.wakeups.p99_ns); }},
    {"max", [](const TaskGroupReport& g) { return Number(g.wakeups.max_ns); }},
    {"jain", [](const TaskGroupReport& g) { return g.jain; }},
};

constexpr std::pair<absl::string_view, double> kUnits[] = {
    {"%", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 1},
};

constexpr std::pair<absl::string_view, Relation> kRelations[] = {
    {"<", Relation::kLess},     {"<=", Relation::kAtMost}, {"==", Relation::kEqual},
    {">=", Relation::kAtLeast}, {">", Relation::kMore},    {"in", Relation::kBetween},
};

absl::StatusOr<double> ParseNumber(absl::string_view text) {
  double number = 0;
  for (const auto& [unit, factor] : kUnits) {
    absl::string_view digits = text;
    if (absl::ConsumeSuffix(&digits, unit) && absl::SimpleAtod(digits, &number)) {
      return number * factor;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is no number"));
}

Quantity ParseQuantity(absl::string_view policy, absl::string_view metric) {
  const std::vector<absl::string_view> parts = absl::StrSplit(metric, absl::MaxSplits('(', 1));
  Quantity quantity = {.policy = std::string(policy), .metric = std::string(parts[0]), .group = ""};
  if (parts.size() == 2) quantity.group = std::string(absl::StripSuffix(parts[1], ")"));
  return quantity;
}

// What stands after the relation: "5ms", "1ms .. 5ms", "rustland p99(x)", "0.5 * rustland p99(x)".
absl::Status ParseRight(const std::vector<absl::string_view>& words, Expectation* into) {
  const size_t count = words.size();
  absl::StatusOr<double> first = 1.0;
  absl::StatusOr<double> second = 1.0;
  if (into->relation == Relation::kBetween) {
    if (count != 3 || words[1] != "..") return absl::InvalidArgumentError("write: in A .. B");
    first = ParseNumber(words[0]);
    second = ParseNumber(words[2]);
  } else if (count == 1) {
    first = second = ParseNumber(words[0]);
  } else if (count == 2 || (count == 4 && words[1] == "*")) {
    if (count == 4) first = second = ParseNumber(words[0]);
    into->has_other = true;
    into->other = ParseQuantity(words[count - 2], words[count - 1]);
  } else {
    return absl::InvalidArgumentError("what it is compared with is not understood");
  }
  if (!first.ok()) return first.status();
  if (!second.ok()) return second.status();
  into->least = *first;
  into->most = *second;
  return absl::OkStatus();
}

template <typename R, size_t N>
absl::StatusOr<double> Find(const Metric<R> (&metrics)[N], const R& report,
                            absl::string_view name) {
  for (const Metric<R>& metric : metrics) {
    if (metric.name == name) return metric.of(report);
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no number '", name, "'"));
}

absl::StatusOr<double> ValueOf(const Quantity& quantity, const Reports& reports) {
  const auto report = reports.find(quantity.policy);
  if (report == reports.end()) {
    return absl::InvalidArgumentError(absl::StrCat("no run under '", quantity.policy, "'"));
  }
  if (quantity.group.empty()) return Find(kOfMachine, report->second, quantity.metric);
  for (const TaskGroupReport& group : report->second.groups) {
    if (group.name == quantity.group) return Find(kOfGroup, group, quantity.metric);
  }
  return absl::InvalidArgumentError(absl::StrCat("no task is named '", quantity.group, "'"));
}

bool Holds(Relation relation, double value, double least, double most) {
  switch (relation) {
    case Relation::kLess:
      return value < most;
    case Relation::kAtMost:
      return value <= most;
    case Relation::kEqual:
      return value == least;
    case Relation::kAtLeast:
      return value >= least;
    case Relation::kMore:
      return value > least;
    case Relation::kBetween:
      return value >= least && value <= most;
  }
  return false;
}

}  // namespace

absl::StatusOr<Expectation> ParseExpectation(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() < 4) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "': write POLICY NUMBER < VALUE"));
  }
  Expectation expectation;
  expectation.text = std::string(text);
  expectation.left = ParseQuantity(words[0], words[1]);
  const auto* const relation = std::find_if(std::begin(kRelations), std::end(kRelations),
                                            [&](const auto& r) { return r.first == words[2]; });
  if (relation == std::end(kRelations)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "': '", words[2], "' compares nothing"));
  }
  expectation.relation = relation->second;
  const absl::Status right = ParseRight({words.begin() + 3, words.end()}, &expectation);
  if (!right.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "': ", right.message()));
  }
  return expectation;
}

absl::StatusOr<std::string> Check(const Expectation& expectation, const Reports& reports) {
  const absl::StatusOr<double> value = ValueOf(expectation.left, reports);
  if (!value.ok()) return value.status();
  absl::StatusOr<double> factor = 1.0;
  if (expectation.has_other) factor = ValueOf(expectation.other, reports);
  if (!factor.ok()) return factor.status();
  const double least = expectation.least * *factor;
  const double most = expectation.most * *factor;
  if (Holds(expectation.relation, *value, least, most)) return std::string();
  return absl::StrCat(expectation.text, "\n  but it is ", *value,
                      expectation.has_other ? absl::StrCat(", compared with ", most) : "");
}

}  // namespace schedd::scenarios
