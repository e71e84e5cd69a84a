// SPDX-License-Identifier: Apache-2.0
#include "server/control/parameter_specs.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/control/error.h"
#include "server/control/page_token.h"

namespace schedd {
namespace {

constexpr int64_t kMicrosecond = 1'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1'000'000'000;

// Slices: the range that Linux's own fair class takes for a task's slice (sched_setattr() clamps
// sched_runtime to 0.1 to 100 ms, from a tick at 10 kHz to ten at 100 Hz). Shorter ones cost more
// in switches than they give.
constexpr int64_t kMinSliceNs = 100 * kMicrosecond;
constexpr int64_t kMaxSliceNs = 100 * kMillisecond;

// Numbers as in the API's enum PlacementMode.
constexpr ParameterChoice kPlacementModes[] = {
    {1, "PLACEMENT_MODE_IDLE_BYPASS"},
    {2, "PLACEMENT_MODE_ALL_DECISIONS"},
};

constexpr auto kMachine = ParameterSpec::Scope::kMachine;
constexpr auto kTask = ParameterSpec::Scope::kTask;

template <int64_t PolicyParameters::* kMember, ParameterSpec::Scope kScope = kTask>
constexpr ParameterSpec Nanos(absl::string_view path, int64_t min_value, int64_t max_value,
                              ParameterSpec::Scale scale, absl::string_view description) {
  return {.field_path = path,
          .description = description,
          .unit = "ns",
          .min_value = min_value,
          .max_value = max_value,
          .default_value = PolicyParameters().*kMember,
          .scale = scale,
          .scope = kScope,
          .choices = {},
          .get = [](const PolicyParameters& p) { return p.*kMember; },
          .set = [](PolicyParameters& p, int64_t value) { p.*kMember = value; }};
}

constexpr auto kLinear = ParameterSpec::Scale::kLinear;
constexpr auto kLog = ParameterSpec::Scale::kLog;

constexpr ParameterSpec kSpecs[] = {
    Nanos<&PolicyParameters::base_slice_ns>(
        "base_slice", kMinSliceNs, kMaxSliceNs, kLog,
        "Time slice granted while at most one task a CPU waits."),
    Nanos<&PolicyParameters::min_slice_ns>(
        "min_slice", kMinSliceNs, kMaxSliceNs, kLog,
        "No slice is shorter, and tasks that wake take a CPU from others no more often than this."),
    Nanos<&PolicyParameters::max_slice_ns>("max_slice", kMinSliceNs, kMaxSliceNs, kLog,
                                           "Longest slice ever granted, overrides included."),
    // Beyond a second a sleeper would hold a CPU like a real-time task.
    Nanos<&PolicyParameters::sleeper_credit_ns>(
        "sleeper_credit", 0, kSecond, kLinear,
        "Largest virtual-time credit that a sleeper gathers; 0 gives none."),
    // Below 20 ms hardly any order is left but that of arrival; 10 s is a third of the kernel's
    // longest watchdog time.
    Nanos<&PolicyParameters::starvation_bound_ns>(
        "starvation_bound", 20 * kMillisecond, 10 * kSecond, kLog,
        "A runnable task that waited this long goes before all others."),
    Nanos<&PolicyParameters::wakeup_preempt_margin_ns>(
        "wakeup_preempt_margin", 0, kMaxSliceNs, kLinear,
        "A waking task preempts when its deadline is earlier than the running one's by more than "
        "this."),
    // Below a millisecond an ordinary delay of the scheduling thread would count as silence.
    Nanos<&PolicyParameters::decision_budget_ns, kMachine>(
        "decision_budget", kMillisecond, kSecond, kLog,
        "The dispatcher stops sending events to a scheduling thread silent for this long and runs "
        "tasks from its own queue."),
    // A quarter of the decision ring: a batch never has to wait for the one before.
    {.field_path = "dispatch_batch_count",
     .description = "Most decisions handed to the kernel in one batch.",
     .unit = "{task}",
     .min_value = 1,
     .max_value = 1'024,
     .default_value = PolicyParameters().dispatch_batch_count,
     .scale = kLog,
     .scope = kMachine,
     .choices = {},
     .get = [](const PolicyParameters& p) { return int64_t{p.dispatch_batch_count}; },
     .set = [](PolicyParameters& p,
               int64_t value) { p.dispatch_batch_count = static_cast<int32_t>(value); }},
    {.field_path = "placement_mode",
     .description = "Which wakeups go through the policy: those that find no idle CPU, or all.",
     .unit = "1",
     .min_value = 1,
     .max_value = 2,
     .default_value = 1,
     .scale = kLinear,
     .scope = kMachine,
     .choices = kPlacementModes,
     .get =
         [](const PolicyParameters& p) {
           return int64_t{p.placement_mode == PlacementMode::kAllDecisions ? 2 : 1};
         },
     .set =
         [](PolicyParameters& p, int64_t value) {
           p.placement_mode =
               value == 2 ? PlacementMode::kAllDecisions : PlacementMode::kIdleBypass;
         }},
};

std::string FieldOf(const ParameterSpec& spec) {
  return absl::StrCat("parameters.", spec.field_path);
}

std::string ChoiceNames(const ParameterSpec& spec) {
  return absl::StrJoin(spec.choices, ", ", [](std::string* out, const ParameterChoice& choice) {
    absl::StrAppend(out, choice.name);
  });
}

// The error of a rule between two parameters. `field` names the one to blame by its limit.
absl::Status RuleError(absl::string_view field, int64_t value_ns, absl::string_view relation,
                       absl::string_view limit_name, int64_t limit_ns) {
  const std::string value = absl::FormatDuration(absl::Nanoseconds(value_ns));
  const std::string limit = absl::FormatDuration(absl::Nanoseconds(limit_ns));
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kParameterOutOfRange,
                   absl::StrCat("parameters.", field, " would be ", value, ", but it must be ",
                                relation, " ", limit_name, " (", limit,
                                "): change both in one update, or choose another value"),
                   {{"field", absl::StrCat("parameters.", field)}});
}

}  // namespace

std::span<const ParameterSpec> ParameterSpecs() { return kSpecs; }

const ParameterSpec* FindParameterSpec(absl::string_view field_path) {
  const auto* found = std::ranges::find(kSpecs, field_path, &ParameterSpec::field_path);
  return found == std::end(kSpecs) ? nullptr : found;
}

std::string FormatParameterValue(const ParameterSpec& spec, int64_t value) {
  for (const ParameterChoice& choice : spec.choices) {
    if (choice.value == value) return std::string(choice.name);
  }
  if (spec.is_duration()) return absl::FormatDuration(absl::Nanoseconds(value));
  return absl::StrCat(value);
}

std::string DescribeParameterChange(const PolicyParameters& before, const PolicyParameters& after) {
  std::string text;
  for (const ParameterSpec& spec : ParameterSpecs()) {
    if (spec.get(before) == spec.get(after)) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", spec.field_path, " ",
                    FormatParameterValue(spec, spec.get(before)), " -> ",
                    FormatParameterValue(spec, spec.get(after)));
  }
  return text.empty() ? "no value differs" : text;
}

absl::Status CheckParameterRange(const ParameterSpec& spec, int64_t value) {
  if (value >= spec.min_value && value <= spec.max_value) return absl::OkStatus();
  const std::string field = FieldOf(spec);
  if (spec.categorical()) {
    return MakeError(absl::StatusCode::kInvalidArgument, reason::kParameterOutOfRange,
                     absl::StrCat(field, " has no value ", value, ": use ", ChoiceNames(spec)),
                     {{"field", field}});
  }
  const std::string minimum = FormatParameterValue(spec, spec.min_value);
  const std::string maximum = FormatParameterValue(spec, spec.max_value);
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kParameterOutOfRange,
                   absl::StrCat(field, " is ", FormatParameterValue(spec, value), ": use ", minimum,
                                " to ", maximum),
                   {{"field", field}, {"minimum", minimum}, {"maximum", maximum}});
}

absl::Status CheckParameters(const PolicyParameters& p, absl::Duration watchdog_timeout) {
  for (const ParameterSpec& spec : kSpecs) {
    if (absl::Status status = CheckParameterRange(spec, spec.get(p)); !status.ok()) return status;
  }
  if (p.base_slice_ns < p.min_slice_ns) {
    return RuleError("base_slice", p.base_slice_ns, "at least", "min_slice", p.min_slice_ns);
  }
  if (p.base_slice_ns > p.max_slice_ns) {
    return RuleError("base_slice", p.base_slice_ns, "at most", "max_slice", p.max_slice_ns);
  }
  // A task that waits has to let the running one end its slice; half the bound is left for the
  // order of those that are overdue together.
  if (p.starvation_bound_ns < 2 * p.max_slice_ns) {
    return RuleError("starvation_bound", p.starvation_bound_ns, "at least", "twice max_slice",
                     2 * p.max_slice_ns);
  }
  // A silent scheduling thread must be given up before a task is overdue because of it.
  if (p.starvation_bound_ns < p.decision_budget_ns) {
    return RuleError("starvation_bound", p.starvation_bound_ns, "at least", "decision_budget",
                     p.decision_budget_ns);
  }
  // The kernel ejects a scheduler that lets a task wait this long.
  const int64_t watchdog_ns = absl::ToInt64Nanoseconds(watchdog_timeout);
  if (p.starvation_bound_ns > watchdog_ns / 2) {
    return RuleError("starvation_bound", p.starvation_bound_ns, "at most",
                     "half the kernel's watchdog timeout", watchdog_ns / 2);
  }
  return absl::OkStatus();
}

absl::StatusOr<ParameterSpecPage> ListParameterSpecs(int32_t page_size,
                                                     absl::string_view page_token) {
  const absl::StatusOr<int32_t> size = CheckPageSize(page_size, 100, 1'000);
  if (!size.ok()) return size.status();
  const ParameterSpec* first = kSpecs;
  if (!page_token.empty()) {
    const absl::StatusOr<std::string> path = DecodePageToken("parameterSpecs", page_token);
    if (!path.ok()) return path.status();
    first = FindParameterSpec(*path);
    if (first == nullptr) return PageTokenError("it names a parameter that does not exist");
  }
  const std::span<const ParameterSpec> rest(first, std::end(kSpecs));
  ParameterSpecPage page = {.specs = rest.first(std::min<size_t>(rest.size(), *size)),
                            .next_page_token = {}};
  if (page.specs.size() < rest.size()) {
    page.next_page_token = EncodePageToken("parameterSpecs", rest[page.specs.size()].field_path);
  }
  return page;
}

}  // namespace schedd
