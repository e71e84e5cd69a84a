// SPDX-License-Identifier: Apache-2.0
//
// Keeps what callers change: says what the control plane begins with, and stores each change before
// it is made.
//
// Owned by Control, used on its sequence; a write blocks (well below 1 ms on a healthy disk). Fails
// with UNAVAILABLE STORE_UNAVAILABLE: the caller must then leave all as it was. When the store
// could not be read, no change is accepted at all: it would be mixed with what is in there.
#ifndef SCHEDD_CONTROL_STATE_JOURNAL_H_
#define SCHEDD_CONTROL_STATE_JOURNAL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/control/control_options.h"
#include "server/control/state_store.h"

namespace schedd {

class StateJournal {
 public:
  // Loads. `store` outlives it; nullptr: nothing is kept, and every change is accepted.
  StateJournal(StateStore* store, const ControlOptions& options, absl::Time now);

  const StoredState& initial() const { return initial_; }

  absl::Status PutPolicy(const StoredPolicy& policy, int64_t generation);
  absl::Status RemovePolicy(const std::string& id, int64_t generation);
  absl::Status PutOverride(const StoredOverride& entry);
  absl::Status RemoveOverrides(const std::vector<std::string>& ids, int64_t generation);

 private:
  absl::Status Write(const std::function<absl::Status()>& change);
  absl::Status WriteInitial();

  StateStore* const store_;
  absl::Status load_status_;
  StoredState initial_;
  // initial_ differs from what is stored, still: the store refused it. It goes before the next
  // change.
  bool initial_is_due_ = false;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_STATE_JOURNAL_H_
