// SPDX-License-Identifier: Apache-2.0
//
// Says and changes what policy parameters are in force.
//
// Owned by Control, all on its sequence. Never blocks: Update() answers through a callback once the
// scheduling thread has the change in force or the time is up; a store's write is waited for. A
// change is taken whole or not at all, and stored before it is made; a refused one changes nothing.
// While nothing is attached a change is accepted too, and counts from the next attach on.
#ifndef SCHEDD_CONTROL_POLICY_CONTROL_H_
#define SCHEDD_CONTROL_POLICY_CONTROL_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "server/control/clock.h"
#include "server/control/control_options.h"
#include "server/control/generation.h"
#include "server/control/policy_info.h"
#include "server/control/scheduler_control.h"
#include "server/control/state_journal.h"
#include "server/policy/parameters.h"

namespace schedd {

class PolicyControl {
 public:
  using Done = std::function<void(absl::StatusOr<PolicyInfo>)>;

  // Arguments outlive it.
  PolicyControl(const Clock* clock, const ControlOptions* options, GenerationCounter* generations,
                StateJournal* journal, SchedulerControl* scheduler);

  const PolicyParameters& parameters() const { return parameters_; }

  // NOT_FOUND POLICY_NOT_FOUND for any name but "policies/default".
  absl::StatusOr<PolicyInfo> Get(const std::string& name) const;

  // INVALID_ARGUMENT (PARAMETER_OUT_OF_RANGE, UNKNOWN_PARAMETER, EMPTY_UPDATE), NOT_FOUND, ABORTED
  // ETAG_MISMATCH, UNAVAILABLE STORE_UNAVAILABLE.
  void Update(const PolicyUpdate& update, Done done);

 private:
  absl::Status CheckTarget(const std::string& name) const;
  absl::StatusOr<PolicyParameters> Apply(const PolicyUpdate& update) const;
  PolicyInfo Describe() const;

  const Clock* const clock_;
  const ControlOptions* const options_;
  GenerationCounter* const generations_;
  StateJournal* const journal_;
  SchedulerControl* const scheduler_;

  PolicyParameters parameters_;
  int64_t generation_;  // of the last change of parameters_
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_CONTROL_H_
