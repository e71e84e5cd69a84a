// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_control.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/control/error.h"
#include "server/control/parameter_specs.h"
#include "server/control/restore.h"

namespace schedd {
namespace {

constexpr absl::string_view kParametersPrefix = "parameters.";

absl::Status UnknownPath(absl::string_view path) {
  const std::string known =
      absl::StrJoin(ParameterSpecs(), ", ", [](std::string* out, const ParameterSpec& spec) {
        absl::StrAppend(out, kParametersPrefix, spec.field_path);
      });
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kUnknownParameter,
      absl::StrCat("there is no parameter \"", path, "\": use ", known, ", or * for all"),
      {{"field", std::string(path)}});
}

// The parameters that an update names, in the order of the table.
absl::StatusOr<std::set<const ParameterSpec*>> NamedParameters(const PolicyUpdate& update) {
  std::set<const ParameterSpec*> named;
  for (const auto& [path, value] : update.values) {
    const ParameterSpec* spec = FindParameterSpec(path);
    if (spec == nullptr) return UnknownPath(absl::StrCat(kParametersPrefix, path));
    if (update.update_mask.empty()) named.insert(spec);
  }
  for (const std::string& masked : update.update_mask) {
    if (masked == "*" || masked == "parameters") {
      for (const ParameterSpec& spec : ParameterSpecs()) named.insert(&spec);
      continue;
    }
    absl::string_view path = masked;
    const ParameterSpec* spec =
        absl::ConsumePrefix(&path, kParametersPrefix) ? FindParameterSpec(path) : nullptr;
    if (spec == nullptr) return UnknownPath(masked);
    named.insert(spec);
  }
  if (named.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, reason::kEmptyUpdate,
                     "nothing to change: set at least one parameter or name one in update_mask",
                     {{"field", "update_mask"}});
  }
  return named;
}

}  // namespace

PolicyControl::PolicyControl(const Clock* clock, const ControlOptions* options,
                             GenerationCounter* generations, StateJournal* journal,
                             SchedulerControl* scheduler)
    : clock_(clock),
      options_(options),
      generations_(generations),
      journal_(journal),
      scheduler_(scheduler),
      parameters_(ParametersOf(journal->initial().parameters).value_or(options->parameters)),
      generation_(journal->initial().policy_generation) {}

absl::StatusOr<PolicyInfo> PolicyControl::Get(const std::string& name) const {
  if (absl::Status status = CheckTarget(name); !status.ok()) return status;
  return Describe();
}

void PolicyControl::Update(const PolicyUpdate& update, Done done) {
  absl::Status target = CheckTarget(update.name);
  if (!target.ok()) return done(target);
  if (!update.etag.empty() && update.etag != generations_->Etag(generation_)) {
    return done(MakeError(absl::StatusCode::kAborted, reason::kEtagMismatch,
                          absl::StrCat(update.name, " has changed since you read it (generation ",
                                       generation_, " now): read it again and repeat the change"),
                          {{"field", "policy.etag"}}));
  }
  const absl::StatusOr<PolicyParameters> changed = Apply(update);
  if (!changed.ok()) return done(changed.status());
  if (update.validate_only) {
    PolicyInfo would_be = Describe();
    would_be.parameters = *changed;
    return done(would_be);
  }
  absl::Status stored = journal_->PutParameters(*changed, generations_->upcoming());
  if (!stored.ok()) return done(stored);
  const std::string what = DescribeParameterChange(parameters_, *changed);
  parameters_ = *changed;
  generation_ = generations_->Next();
  if (options_->log) {
    options_->log(absl::StrCat("generation ", generation_, ": ", what,
                               update.reason.empty() ? "" : " because: ", update.reason));
  }
  scheduler_->outbox().Send({.generation = generation_, .parameters = parameters_, .settings = {}});
  scheduler_->outbox().WhenApplied(generation_, options_->apply_timeout,
                                   [this, done = std::move(done)] { done(Describe()); });
}

absl::Status PolicyControl::CheckTarget(const std::string& name) const {
  if (name == kPolicyName) return absl::OkStatus();
  return MakeError(absl::StatusCode::kNotFound, reason::kPolicyNotFound,
                   absl::StrCat("there is no policy \"", name, "\": the only one is ", kPolicyName),
                   {{"field", "name"}});
}

absl::StatusOr<PolicyParameters> PolicyControl::Apply(const PolicyUpdate& update) const {
  const absl::StatusOr<std::set<const ParameterSpec*>> named = NamedParameters(update);
  if (!named.ok()) return named.status();
  PolicyParameters changed = parameters_;
  for (const ParameterSpec* spec : *named) {
    const auto entry = update.values.find(std::string(spec->field_path));
    const int64_t value = entry == update.values.end() ? spec->default_value : entry->second;
    // Before it is stored: the field may be narrower than the number.
    if (absl::Status status = CheckParameterRange(*spec, value); !status.ok()) return status;
    spec->set(changed, value);
  }
  const absl::Status status =
      CheckParameters(changed, absl::Milliseconds(options_->load.watchdog_timeout_ms));
  if (!status.ok()) return status;
  return changed;
}

PolicyInfo PolicyControl::Describe() const {
  PolicyInfo info;
  info.parameters = parameters_;
  info.generation = generation_;
  info.etag = generations_->Etag(generation_);
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) return info;
  info.applied_generation = attachment->engine->applied_generation();
  info.apply_time = ApplyTime(*attachment, *clock_);
  return info;
}

}  // namespace schedd
