// SPDX-License-Identifier: Apache-2.0
//
// The port to where changes are kept beyond the daemon's life: what callers changed, and the number
// of the newest change.
//
// Implemented by server/store; outlives Control, which calls it on its sequence alone (never on the
// scheduling thread) and may be blocked for a write. A change that returned OK is there after any
// end of the process; one that failed has changed nothing. Nanoseconds. Errors say in one sentence
// what is wrong and what to do; DATA_LOSS means that what is kept cannot be read.
#ifndef SCHEDD_CONTROL_STATE_STORE_H_
#define SCHEDD_CONTROL_STATE_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/control/override_info.h"

namespace schedd {

// Field path of a parameter ("base_slice") to its value: a store outlasts versions of schedd, whose
// parameters may differ.
using ParameterValues = std::map<std::string, int64_t>;

// What is kept of an override.
struct StoredOverride {
  std::string id = {};
  OverrideSpec spec = {};  // `ttl` has become expire_time
  // Start of the process that selector.tgid meant, when known: the number may be another process's
  // later.
  std::optional<uint64_t> process_start_ns = {};
  int64_t creation = 0;  // order of creation, from 1
  absl::Time create_time = {};
  int64_t generation = 0;  // of its last change
};

// Why a revision of a policy ended. The numbers are stored, and those of the API.
enum class RevisionEnd : int32_t {
  kInForce = 0,
  kSuperseded = 1,
  kRolledBack = 2,
  kExpired = 3,
  kEjected = 4,
};

// What a policy set from one change to the next.
struct StoredRevision {
  int64_t generation = 1;
  ParameterValues values = {};
  std::string writer = {};
  std::string reason = {};
  std::optional<absl::Time> create_time = {};  // nothing: not known
  RevisionEnd end_cause = RevisionEnd::kInForce;
  std::optional<absl::Time> end_time = {};
  bool known_good = false;

  bool operator==(const StoredRevision&) const = default;
};

// What is kept of a policy.
struct StoredPolicy {
  std::string id = {};
  std::string cgroup_path = {};  // normal form ("/a/b"); empty: all tasks
  std::optional<absl::Time> create_time = {};
  // By generation; the last one is in force. Never empty.
  std::vector<StoredRevision> revisions = {};
  // While some of its values are temporary: when they lapse, and what comes back then.
  std::optional<absl::Time> expire_time = {};
  ParameterValues baseline = {};

  const StoredRevision& newest() const { return revisions.back(); }
  bool operator==(const StoredPolicy&) const = default;
};

struct StoredState {
  int64_t run = 0;                          // of GenerationCounter: a part of all etags
  int64_t generation = 1;                   // newest
  int64_t created = 0;                      // overrides so far
  ParameterValues configured = {};          // at the daemon's last start
  std::vector<StoredPolicy> policies = {};  // the default one among them
  std::vector<StoredOverride> overrides = {};
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // Nothing when nothing was ever stored.
  virtual absl::StatusOr<std::optional<StoredState>> Load() = 0;

  // All of it, in place of what was there.
  virtual absl::Status Replace(const StoredState& state) = 0;

  // Each of these is one change, and one more generation (but for overrides that ended with their
  // task, and for what is found out of a policy's revision).
  //
  // Makes or changes a policy. Of the revisions the newest three are written, older ones are as
  // they were (one more than the two that a change touches: a lapse may not have been stored);
  // those kept that are older than its first one are removed.
  static constexpr size_t kWrittenRevisions = 3;
  virtual absl::Status PutPolicy(const StoredPolicy& policy, int64_t generation) = 0;
  virtual absl::Status RemovePolicy(const std::string& id, int64_t generation) = 0;
  virtual absl::Status PutOverride(const StoredOverride& entry) = 0;
  virtual absl::Status RemoveOverrides(const std::vector<std::string>& ids, int64_t generation) = 0;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_STATE_STORE_H_
