// SPDX-License-Identifier: Apache-2.0
//
// The audit log: each call that changes something, or was not allowed to, in the store and in the
// log.
//
// Owned by the server's user, outlives the server; any thread (calls are written one after the
// other, on gRPC's threads). Begin() stores a call before it is made and End() what came of it
// before it is answered, so an end of the process at any moment leaves no change without its entry.
// A store that fails does not keep calls back (a machine must be detachable on a full disk): what
// it did not take is counted, shown, and stands whole in the log.
#ifndef SCHEDD_RPC_AUDIT_H_
#define SCHEDD_RPC_AUDIT_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/base/log.h"
#include "server/control/audit_store.h"
#include "server/control/clock.h"

namespace schedd::rpc {

// Reads from a request what it is about: its name, or that of the resource in it.
std::string ResourceOf(const google::protobuf::Message& request);
// Generation in a reply; 0 when it has none.
int64_t GenerationOf(const google::protobuf::Message& reply);
// True for a request that only asks what would be.
bool ValidatesOnly(const google::protobuf::Message& request);

// What is known when a call comes in.
AuditEntry MakeAuditEntry(absl::Time time, absl::string_view method,
                          const google::protobuf::Message& request);

class AuditTrail {
 public:
  // Entries of one page at most.
  static constexpr int32_t kDefaultPageSize = 100;
  static constexpr int32_t kMaxPageSize = 1000;

  struct Page {
    std::vector<AuditEntry> entries;  // newest first
    std::string next_page_token;      // empty at the end
  };

  // `store` nullptr: only the log. All outlive it.
  AuditTrail(AuditStore* store, const Clock* clock, const Log* log)
      : store_(store), clock_(clock), log_(log) {}

  const Clock& clock() const { return *clock_; }

  // Stores `entry`, with its outcome if it has one, and keeps its id in it (0: not stored). An
  // entry with an outcome is logged.
  void Begin(AuditEntry& entry);
  // Adds the outcome of a call that Begin() was told of, and logs it.
  void End(const AuditEntry& entry);

  // UNAVAILABLE AUDIT_UNAVAILABLE; INVALID_ARGUMENT for a wrong size or token.
  absl::StatusOr<Page> List(int32_t page_size, const std::string& page_token);

  // Entries that were not stored, and why the newest of them was not; empty when the store took the
  // newest one.
  int64_t lost_count() const;
  std::string problem() const;

 private:
  void Note(const absl::Status& stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(const AuditEntry& entry, const absl::Status& stored) const;

  AuditStore* const store_;
  const Clock* const clock_;
  const Log* const log_;
  mutable absl::Mutex mutex_;
  int64_t lost_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string problem_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_AUDIT_H_
