// SPDX-License-Identifier: Apache-2.0
//
// The port to where the audit log is kept: who asked for which change, and what came of it.
//
// Implemented by server/store, in a file of its own; outlives its user, who calls it from one
// thread at a time (never from the scheduling or the control thread) and may be blocked for a
// write. What returned OK is there after any end of the process. Errors say in one sentence what is
// wrong and what to do.
#ifndef SCHEDD_CONTROL_AUDIT_STORE_H_
#define SCHEDD_CONTROL_AUDIT_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace schedd {

// What came of a call.
struct AuditOutcome {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason = {};   // of the error, "ETAG_MISMATCH"; empty when there is none
  std::string message = {};  // of the error
  int64_t generation = 0;    // that it brought about; 0: none

  bool operator==(const AuditOutcome&) const = default;
};

struct AuditEntry {
  int64_t id = 0;  // order of the calls, from 1; given by the store
  absl::Time time = {};
  std::string principal = {};  // "uid:1000 pid:4711"
  std::string roles = {};      // that it had: "viewer, operator"
  std::string method = {};     // "/schedd.v1.PolicyService/UpdatePolicy"
  std::string resource = {};   // that it is about; empty when the request names none
  std::string request = {};    // as JSON, cut
  std::string note = {};       // why, in the caller's words
  bool denied = false;         // for want of a role
  // Nothing: schedd ended before the call did.
  std::optional<AuditOutcome> outcome = {};
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;

  // Returns its id; that in `entry` does not count. Old entries may go to make room.
  virtual absl::StatusOr<int64_t> Add(const AuditEntry& entry) = 0;
  virtual absl::Status SetOutcome(int64_t id, const AuditOutcome& outcome) = 0;
  // Newest first, those with an id below `before`, at most `limit`.
  virtual absl::StatusOr<std::vector<AuditEntry>> List(int64_t before, int32_t limit) = 0;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_AUDIT_STORE_H_
