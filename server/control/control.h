// SPDX-License-Identifier: Apache-2.0
//
// The control plane as one object: everything that the API means, without gRPC and without
// protobuf.
//
// Owned by the daemon. Every method may be called on any thread but the sequence's: it posts to the
// sequence and waits for the answer, so it blocks (normally well below 1 ms; an attach for as long
// as the kernel verifies; a change for up to apply_timeout until the scheduling thread has taken it
// up). After Shutdown() all return UNAVAILABLE, reason DRAINING. Errors carry a reason (error.h);
// one that refuses a change has changed nothing. With a store, a change that was answered is
// stored; one that cannot be is refused, UNAVAILABLE, reason STORE_UNAVAILABLE.
//
//   ControlThread thread;
//   SystemClock clock;
//   Control control(&thread, &clock, host, MakeSchedulingThreadFactory(host, "vruntime", {}),
//   options);
//   ... serve ...
//   control.Shutdown();   // detaches
//   thread.Stop();
#ifndef SCHEDD_CONTROL_CONTROL_H_
#define SCHEDD_CONTROL_CONTROL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/control/clock.h"
#include "server/control/control_options.h"
#include "server/control/engine_runner.h"
#include "server/control/override_info.h"
#include "server/control/policy_info.h"
#include "server/control/scheduler_info.h"
#include "server/control/scheduler_watch.h"
#include "server/control/sequence.h"
#include "server/control/state_store.h"
#include "server/control/task_info.h"
#include "server/engine/kernel.h"

namespace schedd {

class Control {
 public:
  // A call that takes longer ends DEADLINE_EXCEEDED, reason CALL_TIMED_OUT: before it has begun,
  // then nothing was done, or in the middle (a disk that hangs), then schedd goes on with it.
  static constexpr absl::Duration kLongestCall = absl::Seconds(10);
  // The same for an attach, or a detach: the kernel verifies a program, and stops all CPUs.
  static constexpr absl::Duration kLongestAttach = absl::Seconds(60);

  // Arguments outlive it. INVALID_ARGUMENT in Start() when options.parameters do not pass the
  // checks. `store` nullptr: changes end with this object.
  Control(Sequence* sequence, Clock* clock, KernelHost* host, EngineRunnerFactory make_engine,
          ControlOptions options, StateStore* store = nullptr);
  ~Control();  // Shutdown()
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Detaches, ends all timers, and refuses what comes later. May be called twice. Returns how the
  // detach went.
  absl::Status Shutdown();

  // As Shutdown(), but the dispatcher stays attached for the daemon that comes next.
  void HandOver();

  // --- scheduler ---
  absl::StatusOr<SchedulerInfo> GetScheduler();
  // FAILED_PRECONDITION SCHEDULER_BUSY, PERMISSION_DENIED, UNIMPLEMENTED, INTERNAL
  // VERIFIER_REJECTED. Success when attached already.
  absl::StatusOr<SchedulerInfo> AttachScheduler(const AttachRequest& request);
  // Success when nothing of ours is attached.
  absl::StatusOr<SchedulerInfo> DetachScheduler(const std::string& reason);
  // Valid as long as this object; see scheduler_watch.h.
  SchedulerWatch& watch();

  // --- policies; the specs are ParameterSpecs() in parameter_specs.h, with these safe ranges ---
  const SafeRanges& safe_ranges() const { return options_.safe_ranges; }  // any thread
  absl::StatusOr<PolicyInfo> GetPolicy(const std::string& name);
  absl::StatusOr<PolicyPage> ListPolicies(int32_t page_size, const std::string& page_token);
  absl::StatusOr<RevisionPage> ListPolicyRevisions(const std::string& name, int32_t page_size,
                                                   const std::string& page_token);
  absl::StatusOr<PolicyInfo> CreatePolicy(const CreatePolicyRequest& request);
  absl::StatusOr<PolicyInfo> UpdatePolicy(const PolicyUpdate& update);
  absl::Status DeletePolicy(const DeletePolicyRequest& request);
  absl::StatusOr<PolicyInfo> RollbackPolicy(const RollbackRequest& request);

  // --- tasks; filter, order and page the snapshot with TaskQuery (task_query.h) on the caller's
  // thread ---
  absl::StatusOr<TaskInfo> GetTask(const std::string& name);
  // A snapshot no older than max_age; streams share one that way. FAILED_PRECONDITION
  // SCHEDULER_DETACHED.
  absl::StatusOr<std::shared_ptr<const TaskSnapshot>> SnapshotTasks(
      absl::Duration max_age = absl::ZeroDuration());

  // --- overrides ---
  absl::StatusOr<OverrideInfo> CreateOverride(const CreateOverrideRequest& request);
  absl::StatusOr<OverrideInfo> GetOverride(const std::string& name);
  absl::StatusOr<OverridePage> ListOverrides(int32_t page_size, const std::string& page_token);
  absl::StatusOr<OverrideInfo> UpdateOverride(const UpdateOverrideRequest& request);
  absl::Status DeleteOverride(const std::string& name, const std::string& etag);

 private:
  struct Parts;

  template <typename Answer>
  Answer Call(std::function<void(Parts& parts, std::function<void(Answer)> done)> work,
              absl::Duration limit = kLongestCall);

  Sequence* const sequence_;
  const ControlOptions options_;
  bool shut_down_ = false;        // on the sequence
  std::unique_ptr<Parts> parts_;  // on the sequence
  SchedulerWatch* watch_ = nullptr;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CONTROL_H_
