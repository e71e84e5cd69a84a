// SPDX-License-Identifier: Apache-2.0
#include "tools/manual/tuning_page.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/control/parameter_specs.h"
#include "tools/manual/parameter_advice.h"

namespace schedd::manual {
namespace {

constexpr char kHead[] = R"(<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made from server/control/parameter_specs.cc and tools/manual/parameter_advice.cc; renewed by:
     bazel build //tools/manual && bazel-bin/tools/manual/manual tuning >docs/tuning.md -->
# Tuning

The parameters of the policy: what each does, and when to change it. The defaults suit a machine
with mixed work; change one because a figure says so, one at a time, and look at the figure again.

```sh
schedctl policy specs                              # names, bounds, defaults, as below
schedctl policy get                                # what is in force
schedctl policy set base_slice=5ms --dry-run       # would it be accepted?
schedctl policy set base_slice=5ms max_slice=20ms  # both or none; in force when it returns
schedctl policy set base_slice=default             # back
```

A change holds until the next one, over restarts of schedd too
([configuration.md](configuration.md)); the first value on a new machine is
`schedd --set base_slice=5ms`. A value outside its range, or against a rule between parameters, is
refused with the rule, and nothing changes. To prefer some tasks to others change no parameter but
their weight: `schedctl task boost`.

Figures named below are fields of the API: those of tasks in `schedctl task list -o json`, those of
the scheduler in `schedctl status -o json`. For Prometheus see [metrics.md](metrics.md).

*Scale* is how a search, a person's or a tuner's, should step: `log` by factors, `linear` by
differences. *Policies* says which ones may set it: each one, for its tasks, or `policies/default`
alone, for the machine ([configuration.md](configuration.md#policies)). `ListParameterSpecs` tells
both to programs, and the safe range (`schedd --safe-range`) that narrows the bounds for callers who
may not leave it.

| Parameter | Unit | Least | Most | Default | Scale | Policies |
|---|---|---|---|---|---|---|
)";

std::string Unit(const ParameterSpec& spec) {
  if (spec.is_duration()) return "time";
  if (spec.categorical()) return "name";
  return absl::StrCat(absl::StripSuffix(absl::StripPrefix(spec.unit, "{"), "}"), "s");
}

// As schedctl takes and shows it: "10ms", "256", "idle-bypass".
std::string Value(const ParameterSpec& spec, int64_t value) {
  const std::string text = FormatParameterValue(spec, value);
  if (!spec.categorical()) return text;
  const std::string prefix = absl::StrCat(absl::AsciiStrToUpper(spec.field_path), "_");
  return absl::AsciiStrToLower(absl::StrReplaceAll(absl::StripPrefix(text, prefix), {{"_", "-"}}));
}

std::string Choices(const ParameterSpec& spec) {
  return absl::StrJoin(spec.choices, ", ", [&](std::string* out, const ParameterChoice& choice) {
    absl::StrAppend(out, "`", Value(spec, choice.value), "`");
  });
}

std::string ScaleName(const ParameterSpec& spec) {
  if (spec.categorical()) return "one of a list";
  return spec.scale == ParameterSpec::Scale::kLog ? "log" : "linear";
}

std::string Policies(const ParameterSpec& spec) {
  return spec.scope == ParameterSpec::Scope::kMachine ? "default" : "each";
}

std::string OverviewRow(const ParameterSpec& spec) {
  const std::string range = spec.categorical() ? absl::StrCat(Choices(spec), " | ")
                                               : absl::StrCat(Value(spec, spec.min_value), " | ",
                                                              Value(spec, spec.max_value));
  return absl::StrCat("| [`", spec.field_path, "`](#", spec.field_path, ") | ", Unit(spec), " | ",
                      range, " | ", Value(spec, spec.default_value), " | ", ScaleName(spec), " | ",
                      Policies(spec), " |\n");
}

std::string Range(const ParameterSpec& spec) {
  if (spec.categorical()) return absl::StrCat("One of ", Choices(spec));
  return absl::StrCat(Value(spec, spec.min_value), " to ", Value(spec, spec.max_value));
}

std::string Section(const ParameterSpec& spec, const ParameterAdvice& advice) {
  const bool listed = spec.categorical();
  std::string text =
      absl::StrCat("\n## ", spec.field_path, "\n\n", spec.description, " ", advice.meaning, "\n\n",
                   Range(spec), "; default ", Value(spec, spec.default_value), ".");
  if (!advice.rules.empty()) absl::StrAppend(&text, " ", advice.rules);
  absl::StrAppend(&text, "\n\n- ", listed ? "Choose " : "**Raise it** when: ", advice.raise, "\n- ",
                  listed ? "Choose " : "**Lower it** when: ", advice.lower, "\n- **Look at** ",
                  advice.look_at, "\n\n", advice.situation, "\n\n```sh\n", advice.example,
                  "\n```\n");
  return text;
}

}  // namespace

std::string TuningPage() {
  std::string page = kHead;
  for (const ParameterSpec& spec : ParameterSpecs()) absl::StrAppend(&page, OverviewRow(spec));
  for (const ParameterSpec& spec : ParameterSpecs()) {
    const auto advice =
        std::ranges::find(ParameterAdvices(), spec.field_path, &ParameterAdvice::field_path);
    if (advice != ParameterAdvices().end()) absl::StrAppend(&page, Section(spec, *advice));
  }
  return page;
}

}  // namespace schedd::manual
