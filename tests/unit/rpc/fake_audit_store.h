// SPDX-License-Identifier: Apache-2.0
//
// An audit store in memory that fails when it is told to.
#ifndef SCHEDD_TESTS_UNIT_RPC_FAKE_AUDIT_STORE_H_
#define SCHEDD_TESTS_UNIT_RPC_FAKE_AUDIT_STORE_H_

#include <cstdint>
#include <vector>

#include "server/control/audit_store.h"

namespace schedd::rpc {

class FakeAuditStore : public AuditStore {
 public:
  absl::StatusOr<int64_t> Add(const AuditEntry& entry) override {
    if (!problem.ok()) return problem;
    entries.push_back(entry);
    entries.back().id = static_cast<int64_t>(entries.size());
    return entries.back().id;
  }
  absl::Status SetOutcome(int64_t id, const AuditOutcome& outcome) override {
    if (!problem.ok()) return problem;
    entries.at(static_cast<size_t>(id) - 1).outcome = outcome;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<AuditEntry>> List(int64_t before, int32_t limit) override {
    if (!problem.ok()) return problem;
    std::vector<AuditEntry> found;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->id < before && static_cast<int32_t>(found.size()) < limit) found.push_back(*entry);
    }
    return found;
  }

  std::vector<AuditEntry> entries;  // oldest first
  absl::Status problem;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_FAKE_AUDIT_STORE_H_
