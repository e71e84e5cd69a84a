// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/restore.h"
#include "server/control/task_fields.h"

namespace schedd::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// Numbers of a message's fields by their order, durations in nanoseconds.
std::vector<int64_t> Numbers(const Message& message) {
  std::vector<int64_t> numbers;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      google::protobuf::Duration duration;
      duration.CopyFrom(message.GetReflection()->GetMessage(message, field));
      numbers.push_back(absl::ToInt64Nanoseconds(FromProto(duration)));
    } else {
      numbers.push_back(message.GetReflection()->GetInt64(message, field));
    }
  }
  return numbers;
}

// A struct of int64 fields filled with 1, 2, 3 …
template <typename T>
T Counted() {
  static_assert(sizeof(T) % sizeof(int64_t) == 0);
  int64_t values[sizeof(T) / sizeof(int64_t)];
  for (size_t i = 0; i < std::size(values); ++i) values[i] = static_cast<int64_t>(i) + 1;
  T result;
  std::memcpy(&result, values, sizeof(result));
  return result;
}

std::vector<int64_t> UpTo(size_t count) {
  std::vector<int64_t> numbers;
  for (size_t i = 1; i <= count; ++i) numbers.push_back(static_cast<int64_t>(i));
  return numbers;
}

// --- times ---

TEST(ConvertTest, DurationsGoBothWays) {
  for (const absl::Duration d :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(1500), -absl::Seconds(1),
        -absl::Milliseconds(1500), absl::Hours(1'000'000)}) {
    EXPECT_EQ(FromProto(ToProto(d)), d);
  }
  EXPECT_EQ(ToProto(-absl::Milliseconds(1500)).seconds(), -1);
  EXPECT_EQ(ToProto(-absl::Milliseconds(1500)).nanos(), -500'000'000);
}

TEST(ConvertTest, TimesGoBothWaysAndNanosAreNeverNegative) {
  for (const absl::Time t : {absl::UnixEpoch(), absl::FromUnixNanos(1'800'000'000'123'456'789),
                             absl::FromUnixNanos(-1)}) {
    EXPECT_EQ(FromProto(ToProto(t)), t);
    EXPECT_GE(ToProto(t).nanos(), 0);
  }
}

// --- scheduler ---

TEST(ConvertTest, EveryCounterArrivesInItsField) {
  SchedulerInfo info;
  info.counters = Counted<SchedulerCounters>();
  const v1::Scheduler scheduler = ToProto(info);
  const auto fields = static_cast<size_t>(v1::SchedulerCounters::descriptor()->field_count());
  EXPECT_EQ(sizeof(SchedulerCounters) / sizeof(int64_t), fields);
  EXPECT_EQ(Numbers(scheduler.counters()), UpTo(fields));
}

TEST(ConvertTest, SchedulerThatIsAttached) {
  SchedulerInfo info;
  info.state = SchedulerState::kAttached;
  info.ops_name = "schedd";
  info.scope = SchedulerScope::kExtOnly;
  info.policy_generation = 4;
  info.attach_time = absl::FromUnixSeconds(77);
  info.attach_count = 2;
  info.scheduling_cpu_duration = absl::Milliseconds(1500);
  info.daemon_cpu_duration = absl::Milliseconds(2250);
  info.daemon_version = "1.2.3";
  info.kernel_release = "6.12.1";
  info.policy_kind = "fifo";
  info.reattach_count = 1;
  info.reattach_limit = 3;
  info.reattach_time = absl::FromUnixSeconds(88);
  const v1::Scheduler expected = Parse<v1::Scheduler>(R"(
      name: "schedulers/default" state: STATE_ATTACHED ops_name: "schedd" scope: SCOPE_EXT_ONLY
      policy_generation: 4 attach_time { seconds: 77 } attach_count: 2
      scheduling_cpu_duration { seconds: 1 nanos: 500000000 } daemon_version: "1.2.3"
      kernel_release: "6.12.1" policy_kind: "fifo" reattach_count: 1 reattach_limit: 3
      reattach_time { seconds: 88 } daemon_cpu_duration { seconds: 2 nanos: 250000000 })");
  EXPECT_EQ(ToProto(info).DebugString(), expected.DebugString());
}

TEST(ConvertTest, WhatIsNotThereStaysUnset) {
  const v1::Scheduler scheduler = ToProto(SchedulerInfo());
  EXPECT_FALSE(scheduler.has_last_exit());
  EXPECT_FALSE(scheduler.has_attach_time());
  EXPECT_FALSE(scheduler.has_reattach_time());
  EXPECT_FALSE(scheduler.has_counters());
  EXPECT_EQ(scheduler.state(), v1::Scheduler::STATE_DETACHED);
}

TEST(ConvertTest, ExitHasAllItsWords) {
  SchedulerInfo info;
  info.state = SchedulerState::kEjected;
  info.last_exit = ExitInfo{1026, "runnable task stall", "x[1] failed to run",
                            absl::FromUnixSeconds(5), "/var/lib/schedd/dumps/1"};
  const v1::ExitInfo expected = Parse<v1::ExitInfo>(R"(
      kind: 1026 reason: "runnable task stall" message: "x[1] failed to run"
      exit_time { seconds: 5 } dump_path: "/var/lib/schedd/dumps/1")");
  EXPECT_EQ(ToProto(info).last_exit().DebugString(), expected.DebugString());
}

TEST(ConvertTest, EveryStateHasAName) {
  std::set<int> states;
  for (const SchedulerState state :
       {SchedulerState::kDetached, SchedulerState::kAttached, SchedulerState::kEjected,
        SchedulerState::kForeign, SchedulerState::kUnsupported}) {
    SchedulerInfo info;
    info.state = state;
    states.insert(ToProto(info).state());
  }
  EXPECT_THAT(states, ElementsAre(1, 2, 3, 4, 5));
}

TEST(ConvertTest, AttachRequest) {
  EXPECT_EQ(FromProto(v1::AttachSchedulerRequest()).scope, SchedulerScope::kConfigured);
  EXPECT_FALSE(FromProto(v1::AttachSchedulerRequest()).validate_only);
  const auto all =
      FromProto(Parse<v1::AttachSchedulerRequest>("scope: SCOPE_ALL validate_only: true"));
  EXPECT_EQ(all.scope, SchedulerScope::kAll);
  EXPECT_TRUE(all.validate_only);
  EXPECT_EQ(FromProto(Parse<v1::AttachSchedulerRequest>("scope: SCOPE_EXT_ONLY")).scope,
            SchedulerScope::kExtOnly);
}

// --- tasks ---

TEST(ConvertTest, EveryTaskFieldArrives) {
  TaskInfo info;
  info.key = {12, 345};
  info.name = "tasks/12-345";
  info.tgid = 11;
  info.comm = "nginx";
  info.cgroup_path = "/web";
  info.nice = -5;
  info.weight = 300;
  info.effective_weight = 37.5;
  info.run_state = TaskRunState::kQueued;
  info.cpu = 3;
  info.policy = "policies/default";
  info.task_override = "taskOverrides/x";
  info.stats.run_time_ns = 1;
  info.uid = 33;
  info.kernel_thread = true;
  info.allowed_cpu_count = 4;
  const v1::Task task = ToProto(info);
  const v1::Task expected = Parse<v1::Task>(R"(
      name: "tasks/12-345" tid: 12 tgid: 11 comm: "nginx" cgroup_path: "/web" nice: -5 weight: 300 effective_weight: 37.5
      run_state: RUN_STATE_QUEUED cpu: 3 policy: "policies/default" task_override: "taskOverrides/x"
      stats { run_time_nanos: 1 } uid: 33 kernel_thread: true allowed_cpu_count: 4)");
  EXPECT_EQ(task.DebugString(), expected.DebugString());
  std::vector<const FieldDescriptor*> set;
  task.GetReflection()->ListFields(task, &set);
  EXPECT_EQ(static_cast<int>(set.size()), v1::Task::descriptor()->field_count())
      << "a field of Task is not converted";
}

TEST(ConvertTest, EveryStatisticArrivesInItsField) {
  TaskInfo info;
  info.stats.policy_generation = 1;
  info.stats.run_time_ns = 2;
  info.stats.wait_time_ns = 3;
  info.stats.vruntime_ns = 4;
  info.stats.lag_ns = 5;
  info.stats.slice_ns = 6;
  info.stats.voluntary_switch_count = 7;
  info.stats.involuntary_switch_count = 8;
  info.stats.wakeup_count = 9;
  info.stats.migration_count = 10;
  info.stats.wakeup_latency_mean_ns = 11;
  info.stats.wakeup_latency_p99_ns = 12;
  info.stats.wakeup_latency_max_ns = 13;
  info.stats.wakeup_latency_p50_ns = 14;
  EXPECT_EQ(Numbers(ToProto(info).stats()), UpTo(14));
  EXPECT_EQ(v1::TaskStats::descriptor()->field_count(), 14);
}

// --- parameters ---

TEST(ConvertTest, SpecsAndParametersAreTheSame) {
  const auto* type = v1::PolicyParameters::descriptor();
  EXPECT_EQ(static_cast<size_t>(type->field_count()), ParameterSpecs().size());
  for (const ParameterSpec& spec : ParameterSpecs()) {
    EXPECT_NE(type->FindFieldByName(std::string(spec.field_path)), nullptr) << spec.field_path;
  }
}

TEST(ConvertTest, EveryParameterGoesBothWays) {
  for (const ParameterSpec& spec : ParameterSpecs()) {
    PolicyInfo info;
    spec.set(info.parameters, spec.max_value);
    info.values = ValuesOf(info.parameters);
    v1::UpdatePolicyRequest request;
    *request.mutable_policy() = ToProto(info);
    const PolicyUpdate update = FromProto(request, {});
    EXPECT_EQ(update.values.size(), ParameterSpecs().size()) << "of the default policy";
    EXPECT_EQ(update.values.at(std::string(spec.field_path)), spec.get(info.parameters))
        << spec.field_path;
  }
}

TEST(ConvertTest, PolicyHasItsGenerations) {
  PolicyInfo info;
  info.generation = 7;
  info.applied_generation = 6;
  info.etag = "e";
  v1::Policy policy = ToProto(info);
  EXPECT_FALSE(policy.has_apply_time());
  info.apply_time = absl::FromUnixSeconds(3);
  policy = ToProto(info);
  EXPECT_EQ(policy.name(), "policies/default");
  EXPECT_EQ(policy.generation(), 7);
  EXPECT_EQ(policy.applied_generation(), 6);
  EXPECT_EQ(policy.apply_time().seconds(), 3);
  EXPECT_EQ(policy.etag(), "e");
}

TEST(ConvertTest, APolicyOfAControlGroupSaysWhatItSetsAndWhatIsInForce) {
  PolicyInfo info = {.name = "policies/a", .cgroup_path = "/a", .values = {{"base_slice", 5}}};
  info.parameters.base_slice_ns = 5;
  info.writer = "me";
  info.expire_time = absl::FromUnixSeconds(9);
  info.create_time = absl::FromUnixSeconds(4);
  const v1::Policy policy = ToProto(info);
  EXPECT_EQ(policy.selector().cgroup_path(), "/a");
  EXPECT_EQ(policy.parameters().ShortDebugString(), "base_slice { nanos: 5 }");
  EXPECT_EQ(policy.effective_parameters().base_slice().nanos(), 5);
  EXPECT_EQ(policy.effective_parameters().max_slice().nanos(), 40'000'000);
  EXPECT_EQ(policy.writer(), "me");
  EXPECT_EQ(policy.expire_time().seconds(), 9);
  EXPECT_EQ(policy.create_time().seconds(), 4);
  EXPECT_FALSE(ToProto(PolicyInfo()).has_selector());
}

TEST(ConvertTest, EveryFieldOfARevision) {
  const v1::PolicyRevision message = ToProto({.name = "policies/a/revisions/7",
                                              .revision = {.generation = 7,
                                                           .values = {{"min_slice", 3}},
                                                           .writer = "me",
                                                           .reason = "because",
                                                           .create_time = absl::FromUnixSeconds(4),
                                                           .end_cause = RevisionEnd::kExpired,
                                                           .end_time = absl::FromUnixSeconds(5),
                                                           .known_good = true}});
  EXPECT_EQ(message.ShortDebugString(),
            "name: \"policies/a/revisions/7\" parameters { min_slice { nanos: 3 } } generation: 7 "
            "writer: \"me\" reason: \"because\" create_time { seconds: 4 } "
            "end_cause: END_CAUSE_EXPIRED end_time { seconds: 5 } known_good: true");
}

TEST(ConvertTest, RequestsOfPolicies) {
  const ChangeContext context = {.writer = "me", .may_leave_safe_range = false, .reason = "r"};
  const CreatePolicyRequest create = FromProto(
      Parse<v1::CreatePolicyRequest>("policy_id: 'a' policy { selector { cgroup_path: '/a' } "
                                     "parameters { min_slice { nanos: 3 } } } validate_only: true"),
      context);
  EXPECT_EQ(create.id, "a");
  EXPECT_EQ(create.cgroup_path, "/a");
  EXPECT_THAT(create.values, ElementsAre(Pair("min_slice", 3)));
  EXPECT_TRUE(create.validate_only);
  EXPECT_FALSE(create.context.may_leave_safe_range);
  const DeletePolicyRequest erase = FromProto(
      Parse<v1::DeletePolicyRequest>("name: 'policies/a' etag: 'e' validate_only: true"), context);
  EXPECT_EQ(erase.name, "policies/a");
  EXPECT_EQ(erase.etag, "e");
  EXPECT_TRUE(erase.validate_only);
  EXPECT_EQ(erase.context.reason, "r");
  const RollbackRequest rollback =
      FromProto(Parse<v1::RollbackPolicyRequest>(
                    "name: 'policies/a' revision_id: '7' etag: 'e' validate_only: true"),
                context);
  EXPECT_EQ(rollback.name, "policies/a");
  EXPECT_EQ(rollback.revision_id, "7");
  EXPECT_EQ(rollback.etag, "e");
  EXPECT_TRUE(rollback.validate_only);
  EXPECT_EQ(rollback.context.writer, "me");
}

TEST(ConvertTest, OnlyWhatIsSetIsAValue) {
  EXPECT_THAT(FromProto(v1::UpdatePolicyRequest(), {}).values, IsEmpty());
  const PolicyUpdate update = FromProto(Parse<v1::UpdatePolicyRequest>(R"(
      policy {
        name: "policies/default" etag: "e"
        parameters {
          base_slice { nanos: 5000000 } min_slice {} dispatch_batch_count: 0
          placement_mode: PLACEMENT_MODE_ALL_DECISIONS
        }
      }
      update_mask { paths: "parameters.base_slice" paths: "*" }
      validate_only: true ttl { seconds: 7 })"),
                                        {.writer = "me", .reason = "because"});
  EXPECT_EQ(update.name, "policies/default");
  EXPECT_THAT(update.values,
              UnorderedElementsAre(Pair("base_slice", 5'000'000), Pair("min_slice", 0),
                                   Pair("dispatch_batch_count", 0), Pair("placement_mode", 2)));
  EXPECT_THAT(update.update_mask, ElementsAre("parameters.base_slice", "*"));
  EXPECT_EQ(update.etag, "e");
  EXPECT_TRUE(update.validate_only);
  EXPECT_EQ(update.context.writer, "me");
  EXPECT_EQ(update.context.reason, "because");
  EXPECT_EQ(update.ttl, absl::Seconds(7));
}

TEST(ConvertTest, UnspecifiedEnumIsNotSet) {
  const PolicyUpdate update =
      FromProto(Parse<v1::UpdatePolicyRequest>(
                    "policy { parameters { placement_mode: PLACEMENT_MODE_UNSPECIFIED } }"),
                {});
  EXPECT_THAT(update.values, IsEmpty());
}

// So that the check of the range sees it, not a number that wrapped round.
TEST(ConvertTest, DurationBeyondNanosecondsIsTheLargest) {
  const PolicyUpdate update =
      FromProto(Parse<v1::UpdatePolicyRequest>(
                    "policy { parameters { base_slice { seconds: 315576000000 } } }"),
                {});
  EXPECT_EQ(update.values.at("base_slice"), std::numeric_limits<int64_t>::max());
}

TEST(ConvertTest, SpecsOfBothKinds) {
  const v1::ParameterSpec number = ToProto(*FindParameterSpec("base_slice"), {7, 8});
  EXPECT_EQ(number.name(), "parameterSpecs/base_slice");
  EXPECT_EQ(number.field_path(), "base_slice");
  EXPECT_EQ(number.unit(), "ns");
  EXPECT_FALSE(number.description().empty());
  ASSERT_TRUE(number.has_int64_domain());
  EXPECT_EQ(number.int64_domain().default_value(), PolicyParameters().base_slice_ns);
  EXPECT_LT(number.int64_domain().min_value(), number.int64_domain().max_value());
  EXPECT_NE(number.scale(), v1::ParameterSpec::SCALE_UNSPECIFIED);
  EXPECT_EQ(number.scope(), v1::ParameterSpec::SCOPE_TASK);
  EXPECT_EQ(number.int64_domain().safe_min_value(), 7);
  EXPECT_EQ(number.int64_domain().safe_max_value(), 8);

  const v1::ParameterSpec choice = ToProto(*FindParameterSpec("placement_mode"), {});
  ASSERT_TRUE(choice.has_categorical_domain());
  EXPECT_EQ(choice.scope(), v1::ParameterSpec::SCOPE_MACHINE);
  EXPECT_THAT(choice.categorical_domain().values(),
              ElementsAre("PLACEMENT_MODE_IDLE_BYPASS", "PLACEMENT_MODE_ALL_DECISIONS"));
  EXPECT_EQ(choice.categorical_domain().default_value(), "PLACEMENT_MODE_IDLE_BYPASS");
}

// --- overrides ---

TEST(ConvertTest, OverrideFromARequest) {
  const CreateOverrideRequest request = FromProto(Parse<v1::CreateTaskOverrideRequest>(R"(
      task_override {
        selector { task: "tasks/1-1" tgid: 2 comm: "c" cgroup_path: "/p" uid: 0 }
        weight: 400 slice { nanos: 3000000 } ttl { seconds: 60 }
      }
      task_override_id: "boost" validate_only: true)"));
  EXPECT_EQ(request.id, "boost");
  EXPECT_TRUE(request.validate_only);
  const TaskSelector expected{"tasks/1-1", 2, "c", "/p", 0};
  EXPECT_EQ(request.spec.selector, expected);
  EXPECT_EQ(request.spec.weight, 400);
  EXPECT_EQ(request.spec.slice_ns, 3'000'000);
  EXPECT_EQ(request.spec.ttl, absl::Seconds(60));
  EXPECT_FALSE(request.spec.expire_time.has_value());
}

TEST(ConvertTest, WhatTheRequestDoesNotSayIsNotSet) {
  const OverrideSpec spec = FromProto(v1::CreateTaskOverrideRequest()).spec;
  EXPECT_EQ(spec.selector, TaskSelector());
  EXPECT_FALSE(spec.selector.uid.has_value());
  EXPECT_EQ(spec.weight, 0);
  EXPECT_FALSE(spec.slice_ns.has_value());
  EXPECT_FALSE(spec.ttl.has_value());
  EXPECT_FALSE(spec.expire_time.has_value());
}

TEST(ConvertTest, UpdateOfAnOverride) {
  const UpdateOverrideRequest request = FromProto(Parse<v1::UpdateTaskOverrideRequest>(R"(
      task_override { name: "taskOverrides/x" weight: 5 etag: "e" expire_time { seconds: 9 } }
      update_mask { paths: "weight" } validate_only: true)"));
  EXPECT_EQ(request.name, "taskOverrides/x");
  EXPECT_EQ(request.spec.weight, 5);
  EXPECT_EQ(request.spec.expire_time, absl::FromUnixSeconds(9));
  EXPECT_EQ(request.etag, "e");
  EXPECT_THAT(request.update_mask, ElementsAre("weight"));
  EXPECT_TRUE(request.validate_only);
}

TEST(ConvertTest, OverrideInAReply) {
  OverrideInfo info;
  info.name = "taskOverrides/x";
  info.spec.selector = {"tasks/1-1", 2, "c", "/p", 0};
  info.spec.weight = 400;
  info.spec.slice_ns = 3'000'000;
  info.spec.expire_time = absl::FromUnixSeconds(60);
  info.matched_task_count = 3;
  info.create_time = absl::FromUnixSeconds(50);
  info.etag = "e";
  info.generation = 8;
  const v1::TaskOverride expected = Parse<v1::TaskOverride>(R"(
      name: "taskOverrides/x" selector { task: "tasks/1-1" tgid: 2 comm: "c" cgroup_path: "/p" uid: 0 }
      weight: 400 slice { nanos: 3000000 } expire_time { seconds: 60 } matched_task_count: 3
      create_time { seconds: 50 } etag: "e" generation: 8)");
  EXPECT_EQ(ToProto(info).DebugString(), expected.DebugString());
  info.spec = {};
  EXPECT_FALSE(ToProto(info).has_slice());
  EXPECT_FALSE(ToProto(info).has_expire_time());
  EXPECT_FALSE(ToProto(info).selector().has_uid());
}

TEST(TaskFieldsTest, EachFieldOfATaskCanBeNamedInAFilter) {
  std::vector<std::string> paths;
  for (const auto& [type, prefix] :
       {std::pair(v1::Task::descriptor(), ""), std::pair(v1::TaskStats::descriptor(), "stats.")}) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (type->field(i)->message_type() == nullptr) {
        paths.push_back(absl::StrCat(prefix, type->field(i)->name()));
      }
    }
  }
  for (const std::string& path : paths) EXPECT_NE(FindTaskField(path), nullptr) << path;
  EXPECT_EQ(paths.size(), TaskFields().size());
}

}  // namespace
}  // namespace schedd::rpc
