// SPDX-License-Identifier: Apache-2.0
//
// What the API says of tasks, as plain values (schedd.v1.Task).
//
// Value objects; a snapshot is immutable and shared between threads. Times are nanoseconds. Nothing
// here can fail but parsing a name.
#ifndef SCHEDD_CONTROL_TASK_INFO_H_
#define SCHEDD_CONTROL_TASK_INFO_H_

#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace schedd {

// Identifies a task for all time: a thread ID may be reused, the pair is not.
struct TaskKey {
  int32_t tid = 0;
  uint64_t start_boottime_ns = 0;

  auto operator<=>(const TaskKey&) const = default;
};

// "tasks/<tid>-<start_boottime_ns>"
std::string FormatTaskName(const TaskKey& key);
// INVALID_ARGUMENT, INVALID_NAME for what FormatTaskName() never returns.
absl::StatusOr<TaskKey> ParseTaskName(absl::string_view name);

enum class TaskRunState { kRunning, kQueued, kSleeping };

// Fields as in schedd.v1.TaskStats.
struct TaskStats {
  int64_t policy_generation = 0;  // of the last decision for this task
  int64_t run_time_ns = 0;        // the present run included
  int64_t wait_time_ns = 0;       // the present wait included
  int64_t vruntime_ns = 0;
  int64_t lag_ns = 0;
  int64_t slice_ns = 0;
  int64_t voluntary_switch_count = 0;
  int64_t involuntary_switch_count = 0;
  int64_t wakeup_count = 0;
  int64_t migration_count = 0;
  int64_t wakeup_latency_mean_ns = 0;
  int64_t wakeup_latency_p50_ns = 0;
  int64_t wakeup_latency_p99_ns = 0;
  int64_t wakeup_latency_max_ns = 0;

  bool operator==(const TaskStats&) const = default;
};

// What a TaskInfo is as bytes, made when it is wanted first and kept with it: lists and streams
// show the same task again and again. Any thread. A copy has none, for it may be changed.
class Encoding {
 public:
  Encoding() = default;
  Encoding(const Encoding&) {}
  Encoding& operator=(const Encoding&) {
    delete bytes_.exchange(nullptr);
    return *this;
  }
  ~Encoding() { delete bytes_.load(); }

  // What `make` returned, on whichever thread was the first. Valid as long as this.
  template <typename Make>
  const std::string& Get(const Make& make) const {
    const std::string* bytes = bytes_.load(std::memory_order_acquire);
    if (bytes != nullptr) return *bytes;
    auto made = std::make_unique<const std::string>(make());
    if (bytes_.compare_exchange_strong(bytes, made.get())) return *made.release();
    return *bytes;
  }

 private:
  mutable std::atomic<const std::string*> bytes_{nullptr};
};

struct TaskInfo {
  TaskKey key = {};
  std::string name = {};  // FormatTaskName(key)
  int32_t tgid = 0;
  std::string comm = {};         // valid UTF-8; other bytes, control characters and '\' as \xNN
  std::string cgroup_path = {};  // "/" for the root, else "/a/b"; empty when it is gone
  int32_t nice = 0;
  int32_t weight = 0;  // in force: an override's or the kernel's
  // With which it competes with tasks of other cgroups: an override's, or the kernel's divided by
  // cpu.weight. Above 0.
  double effective_weight = 0;
  TaskRunState run_state = TaskRunState::kSleeping;
  int32_t cpu = 0;
  std::string policy = {};         // "policies/default"
  std::string task_override = {};  // name of the override in force, empty for none
  TaskStats stats = {};
  int64_t uid = 0;
  bool kernel_thread = false;
  int32_t allowed_cpu_count = 0;
  Encoding encoding = {};  // the API's, of all fields
};

// One task of a snapshot. Key and version stand beside the pointer, so that who looks for what
// ended or changed reads one block of memory and not every task.
struct TaskEntry {
  TaskKey key = {};
  int64_t version = 0;  // of the first snapshot that has the task as it is in this one
  std::shared_ptr<const TaskInfo> info = {};  // never null; shared with other snapshots
};

struct TaskSnapshot {
  absl::Time collect_time = {};
  int64_t version = 0;                // greater than that of every snapshot before; above 0
  int64_t policy_generation = 0;      // in force then
  int64_t lost_event_count = 0;       // since attach
  std::vector<TaskEntry> tasks = {};  // by key
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_INFO_H_
