// SPDX-License-Identifier: Apache-2.0
//
// The part of convert.h that belongs to what callers change: policies and overrides.
#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/convert.h"

namespace schedd::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The field of PolicyParameters that a spec names. The table of specs and the message have the same
// fields (a test compares them), so that a new parameter needs no code here.
const FieldDescriptor* FieldOf(const ParameterSpec& spec) {
  return v1::PolicyParameters::descriptor()->FindFieldByName(std::string(spec.field_path));
}

void SetParameter(const ParameterSpec& spec, int64_t value, v1::PolicyParameters* parameters) {
  const FieldDescriptor* field = FieldOf(spec);
  if (field == nullptr) return;
  const google::protobuf::Reflection& reflection = *parameters->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      reflection.MutableMessage(parameters, field)->CopyFrom(ToProto(absl::Nanoseconds(value)));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection.SetEnumValue(parameters, field, static_cast<int>(value));
      break;
    default:
      reflection.SetInt32(parameters, field, static_cast<int32_t>(value));
  }
}

// Nothing when the field is not set.
std::optional<int64_t> GetParameter(const ParameterSpec& spec,
                                    const v1::PolicyParameters& parameters) {
  const FieldDescriptor* field = FieldOf(spec);
  if (field == nullptr) return std::nullopt;
  const google::protobuf::Reflection& reflection = *parameters.GetReflection();
  // An enum without presence counts as set unless it is UNSPECIFIED, which is 0: HasField() says
  // so.
  if (!reflection.HasField(parameters, field)) return std::nullopt;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      google::protobuf::Duration duration;
      duration.CopyFrom(reflection.GetMessage(parameters, field));
      return absl::ToInt64Nanoseconds(FromProto(duration));
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnumValue(parameters, field);
    default:
      return reflection.GetInt32(parameters, field);
  }
}

OverrideSpec SpecFromProto(const v1::TaskOverride& message) {
  OverrideSpec spec;
  const v1::TaskSelector& selector = message.selector();
  spec.selector.task = selector.task();
  spec.selector.tgid = selector.tgid();
  spec.selector.comm = selector.comm();
  spec.selector.cgroup_path = selector.cgroup_path();
  if (selector.has_uid()) spec.selector.uid = selector.uid();
  spec.weight = message.weight();
  if (message.has_slice()) spec.slice_ns = absl::ToInt64Nanoseconds(FromProto(message.slice()));
  if (message.has_expire_time()) spec.expire_time = FromProto(message.expire_time());
  if (message.has_ttl()) spec.ttl = FromProto(message.ttl());
  return spec;
}

// Those that are set in the message.
ParameterValues ValuesFromProto(const v1::PolicyParameters& parameters) {
  ParameterValues values;
  for (const ParameterSpec& spec : ParameterSpecs()) {
    const std::optional<int64_t> value = GetParameter(spec, parameters);
    if (value.has_value()) values[std::string(spec.field_path)] = *value;
  }
  return values;
}

void ToProto(const ParameterValues& values, v1::PolicyParameters* parameters) {
  for (const ParameterSpec& spec : ParameterSpecs()) {
    const auto value = values.find(std::string(spec.field_path));
    if (value != values.end()) SetParameter(spec, value->second, parameters);
  }
}

v1::PolicyRevision::EndCause ToProto(RevisionEnd cause) {
  switch (cause) {
    case RevisionEnd::kSuperseded:
      return v1::PolicyRevision::END_CAUSE_SUPERSEDED;
    case RevisionEnd::kRolledBack:
      return v1::PolicyRevision::END_CAUSE_ROLLED_BACK;
    case RevisionEnd::kExpired:
      return v1::PolicyRevision::END_CAUSE_EXPIRED;
    case RevisionEnd::kEjected:
      return v1::PolicyRevision::END_CAUSE_SCHEDULER_EJECTED;
    case RevisionEnd::kInForce:
      break;
  }
  return v1::PolicyRevision::END_CAUSE_UNSPECIFIED;
}

}  // namespace

v1::ParameterSpec ToProto(const ParameterSpec& spec, const ParameterRange& safe) {
  v1::ParameterSpec message;
  message.set_name(absl::StrCat("parameterSpecs/", std::string(spec.field_path)));
  message.set_field_path(std::string(spec.field_path));
  message.set_description(std::string(spec.description));
  message.set_unit(std::string(spec.unit));
  if (spec.categorical()) {
    v1::ParameterSpec::CategoricalDomain& domain = *message.mutable_categorical_domain();
    for (const ParameterChoice& choice : spec.choices) {
      domain.add_values(std::string(choice.name));
      if (choice.value == spec.default_value) domain.set_default_value(std::string(choice.name));
    }
  } else {
    v1::ParameterSpec::Int64Domain& domain = *message.mutable_int64_domain();
    domain.set_min_value(spec.min_value);
    domain.set_max_value(spec.max_value);
    domain.set_default_value(spec.default_value);
    domain.set_safe_min_value(safe.min_value);
    domain.set_safe_max_value(safe.max_value);
  }
  message.set_scope(spec.scope == ParameterSpec::Scope::kMachine ? v1::ParameterSpec::SCOPE_MACHINE
                                                                 : v1::ParameterSpec::SCOPE_TASK);
  message.set_scale(spec.scale == ParameterSpec::Scale::kLog ? v1::ParameterSpec::SCALE_LOG
                                                             : v1::ParameterSpec::SCALE_LINEAR);
  return message;
}

v1::Policy ToProto(const PolicyInfo& info) {
  v1::Policy policy;
  policy.set_name(info.name);
  if (!info.cgroup_path.empty()) policy.mutable_selector()->set_cgroup_path(info.cgroup_path);
  ToProto(info.values, policy.mutable_parameters());
  for (const ParameterSpec& spec : ParameterSpecs()) {
    SetParameter(spec, spec.get(info.parameters), policy.mutable_effective_parameters());
  }
  policy.set_generation(info.generation);
  policy.set_applied_generation(info.applied_generation);
  if (info.apply_time.has_value()) *policy.mutable_apply_time() = ToProto(*info.apply_time);
  policy.set_etag(info.etag);
  policy.set_writer(info.writer);
  if (info.expire_time.has_value()) *policy.mutable_expire_time() = ToProto(*info.expire_time);
  if (info.create_time.has_value()) *policy.mutable_create_time() = ToProto(*info.create_time);
  return policy;
}

v1::PolicyRevision ToProto(const RevisionInfo& info) {
  const StoredRevision& revision = info.revision;
  v1::PolicyRevision message;
  message.set_name(info.name);
  ToProto(revision.values, message.mutable_parameters());
  message.set_generation(revision.generation);
  message.set_writer(revision.writer);
  message.set_reason(revision.reason);
  if (revision.create_time.has_value()) {
    *message.mutable_create_time() = ToProto(*revision.create_time);
  }
  message.set_end_cause(ToProto(revision.end_cause));
  if (revision.end_time.has_value()) *message.mutable_end_time() = ToProto(*revision.end_time);
  message.set_known_good(revision.known_good);
  return message;
}

CreatePolicyRequest FromProto(const v1::CreatePolicyRequest& request, ChangeContext context) {
  return {.id = request.policy_id(),
          .cgroup_path = request.policy().selector().cgroup_path(),
          .values = ValuesFromProto(request.policy().parameters()),
          .validate_only = request.validate_only(),
          .context = std::move(context)};
}

PolicyUpdate FromProto(const v1::UpdatePolicyRequest& request, ChangeContext context) {
  PolicyUpdate update;
  update.name = request.policy().name();
  update.cgroup_path = request.policy().selector().cgroup_path();
  update.values = ValuesFromProto(request.policy().parameters());
  update.update_mask.assign(request.update_mask().paths().begin(),
                            request.update_mask().paths().end());
  update.etag = request.policy().etag();
  update.validate_only = request.validate_only();
  if (request.has_ttl()) update.ttl = FromProto(request.ttl());
  update.context = std::move(context);
  return update;
}

DeletePolicyRequest FromProto(const v1::DeletePolicyRequest& request, ChangeContext context) {
  return {.name = request.name(),
          .etag = request.etag(),
          .validate_only = request.validate_only(),
          .context = std::move(context)};
}

RollbackRequest FromProto(const v1::RollbackPolicyRequest& request, ChangeContext context) {
  return {.name = request.name(),
          .revision_id = request.revision_id(),
          .etag = request.etag(),
          .validate_only = request.validate_only(),
          .context = std::move(context)};
}

v1::TaskOverride ToProto(const OverrideInfo& info) {
  v1::TaskOverride message;
  message.set_name(info.name);
  v1::TaskSelector& selector = *message.mutable_selector();
  selector.set_task(info.spec.selector.task);
  selector.set_tgid(info.spec.selector.tgid);
  selector.set_comm(info.spec.selector.comm);
  selector.set_cgroup_path(info.spec.selector.cgroup_path);
  if (info.spec.selector.uid.has_value()) selector.set_uid(*info.spec.selector.uid);
  message.set_weight(info.spec.weight);
  if (info.spec.slice_ns.has_value()) {
    *message.mutable_slice() = ToProto(absl::Nanoseconds(*info.spec.slice_ns));
  }
  if (info.spec.expire_time.has_value()) {
    *message.mutable_expire_time() = ToProto(*info.spec.expire_time);
  }
  message.set_matched_task_count(info.matched_task_count);
  *message.mutable_create_time() = ToProto(info.create_time);
  message.set_etag(info.etag);
  message.set_generation(info.generation);
  return message;
}

CreateOverrideRequest FromProto(const v1::CreateTaskOverrideRequest& request) {
  return {SpecFromProto(request.task_override()), request.task_override_id(),
          request.validate_only()};
}

UpdateOverrideRequest FromProto(const v1::UpdateTaskOverrideRequest& request) {
  UpdateOverrideRequest result;
  result.name = request.task_override().name();
  result.spec = SpecFromProto(request.task_override());
  result.update_mask.assign(request.update_mask().paths().begin(),
                            request.update_mask().paths().end());
  result.etag = request.task_override().etag();
  result.validate_only = request.validate_only();
  return result;
}

}  // namespace schedd::rpc
