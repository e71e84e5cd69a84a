// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_fields.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace schedd {
namespace {

using Type = TaskField::Type;

template <auto kMember>
constexpr TaskField Number(absl::string_view path, Type type) {
  return {.path = path,
          .type = type,
          .number = [](const TaskInfo& task) { return static_cast<int64_t>(task.*kMember); },
          .text = nullptr};
}

template <std::string TaskInfo::* kMember>
constexpr TaskField Text(absl::string_view path) {
  return {.path = path,
          .type = Type::kText,
          .number = nullptr,
          .text = [](const TaskInfo& task) -> const std::string& { return task.*kMember; }};
}

template <int64_t TaskStats::* kMember>
constexpr TaskField Stat(absl::string_view path, Type type) {
  return {.path = path,
          .type = type,
          .number = [](const TaskInfo& task) { return task.stats.*kMember; },
          .text = nullptr};
}

constexpr TaskField kFields[] = {
    Text<&TaskInfo::name>("name"),
    {.path = "tid",
     .type = Type::kInteger,
     .number = [](const TaskInfo& task) { return int64_t{task.key.tid}; },
     .text = nullptr},
    Number<&TaskInfo::tgid>("tgid", Type::kInteger),
    Text<&TaskInfo::comm>("comm"),
    Text<&TaskInfo::cgroup_path>("cgroup_path"),
    Number<&TaskInfo::nice>("nice", Type::kInteger),
    Number<&TaskInfo::weight>("weight", Type::kInteger),
    Number<&TaskInfo::run_state>("run_state", Type::kRunState),
    Number<&TaskInfo::cpu>("cpu", Type::kInteger),
    Text<&TaskInfo::policy>("policy"),
    Text<&TaskInfo::task_override>("task_override"),
    Number<&TaskInfo::uid>("uid", Type::kInteger),
    Number<&TaskInfo::kernel_thread>("kernel_thread", Type::kBoolean),
    Number<&TaskInfo::allowed_cpu_count>("allowed_cpu_count", Type::kInteger),
    {.path = "effective_weight",
     .type = Type::kDecimal,
     .number = [](const TaskInfo& task) { return ToMillionths(task.effective_weight); },
     .text = nullptr},
    Stat<&TaskStats::policy_generation>("stats.policy_generation", Type::kInteger),
    Stat<&TaskStats::run_time_ns>("stats.run_time_nanos", Type::kNanos),
    Stat<&TaskStats::wait_time_ns>("stats.wait_time_nanos", Type::kNanos),
    Stat<&TaskStats::vruntime_ns>("stats.vruntime_nanos", Type::kNanos),
    Stat<&TaskStats::lag_ns>("stats.lag_nanos", Type::kNanos),
    Stat<&TaskStats::slice_ns>("stats.slice_nanos", Type::kNanos),
    Stat<&TaskStats::voluntary_switch_count>("stats.voluntary_switch_count", Type::kInteger),
    Stat<&TaskStats::involuntary_switch_count>("stats.involuntary_switch_count", Type::kInteger),
    Stat<&TaskStats::wakeup_count>("stats.wakeup_count", Type::kInteger),
    Stat<&TaskStats::migration_count>("stats.migration_count", Type::kInteger),
    Stat<&TaskStats::wakeup_latency_mean_ns>("stats.wakeup_latency_mean_nanos", Type::kNanos),
    Stat<&TaskStats::wakeup_latency_p99_ns>("stats.wakeup_latency_p99_nanos", Type::kNanos),
    Stat<&TaskStats::wakeup_latency_max_ns>("stats.wakeup_latency_max_nanos", Type::kNanos),
    Stat<&TaskStats::wakeup_latency_p50_ns>("stats.wakeup_latency_p50_nanos", Type::kNanos),
};

struct RunStateWord {
  absl::string_view word;
  TaskRunState state;
};

constexpr RunStateWord kRunStates[] = {
    {"RUNNING", TaskRunState::kRunning},
    {"QUEUED", TaskRunState::kQueued},
    {"SLEEPING", TaskRunState::kSleeping},
};

}  // namespace

std::span<const TaskField> TaskFields() { return kFields; }

const TaskField* FindTaskField(absl::string_view path) {
  const auto* found = std::ranges::find(kFields, path, &TaskField::path);
  return found == std::end(kFields) ? nullptr : found;
}

std::string TaskFieldList() {
  return absl::StrJoin(kFields, ", ", [](std::string* out, const TaskField& field) {
    absl::StrAppend(out, field.path);
  });
}

int64_t ToMillionths(double value) { return std::llround(value * 1e6); }

bool ParseRunState(absl::string_view word, int64_t* number) {
  (void)absl::ConsumePrefix(&word, "RUN_STATE_");
  const auto* found = std::ranges::find(kRunStates, word, &RunStateWord::word);
  if (found == std::end(kRunStates)) return false;
  *number = static_cast<int64_t>(found->state);
  return true;
}

}  // namespace schedd
