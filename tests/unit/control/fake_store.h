// SPDX-License-Identifier: Apache-2.0
//
// A StateStore in memory that can refuse, and remembers what it was asked for.
//
// Owned by a test and used on its thread.
#ifndef SCHEDD_TESTS_UNIT_CONTROL_FAKE_STORE_H_
#define SCHEDD_TESTS_UNIT_CONTROL_FAKE_STORE_H_

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/control/state_store.h"

namespace schedd {

class FakeStore : public StateStore {
 public:
  absl::StatusOr<std::optional<StoredState>> Load() override {
    if (!load_refusal.ok()) return load_refusal;
    return state;
  }
  absl::Status Replace(const StoredState& all) override {
    return Do("replace", [&] { state = all; });
  }
  absl::Status PutPolicy(const StoredPolicy& policy, int64_t generation) override {
    return Do(absl::StrCat("policy ", policy.id, " ", generation), [&] {
      ErasePolicy(policy.id);
      state->policies.push_back(policy);
      state->generation = generation;
    });
  }
  absl::Status RemovePolicy(const std::string& id, int64_t generation) override {
    return Do(absl::StrCat("remove policy ", id, " ", generation), [&] {
      ErasePolicy(id);
      state->generation = generation;
    });
  }
  absl::Status PutOverride(const StoredOverride& entry) override {
    return Do(absl::StrCat("override ", entry.id, " ", entry.generation), [&] {
      Erase(entry.id);
      state->overrides.push_back(entry);
      state->generation = entry.generation;
      state->created = std::max(state->created, entry.creation);
    });
  }
  absl::Status RemoveOverrides(const std::vector<std::string>& ids, int64_t generation) override {
    return Do(absl::StrCat("remove ", absl::StrJoin(ids, ","), " ", generation), [&] {
      for (const std::string& id : ids) Erase(id);
      state->generation = generation;
    });
  }

  const StoredOverride* Find(const std::string& id) const {
    for (const StoredOverride& entry : state->overrides) {
      if (entry.id == id) return &entry;
    }
    return nullptr;
  }

  const StoredPolicy* FindPolicy(const std::string& id) const {
    for (const StoredPolicy& policy : state->policies) {
      if (policy.id == id) return &policy;
    }
    return nullptr;
  }

  std::optional<StoredState> state;
  absl::Status load_refusal;
  absl::Status refusal;              // of writes
  std::vector<std::string> written;  // and of these, those that were accepted

 private:
  absl::Status Do(const std::string& what, const std::function<void()>& change) {
    if (!refusal.ok()) return refusal;
    written.push_back(what);
    change();
    return absl::OkStatus();
  }
  void ErasePolicy(const std::string& id) {
    std::erase_if(state->policies, [&](const StoredPolicy& policy) { return policy.id == id; });
  }
  void Erase(const std::string& id) {
    std::erase_if(state->overrides, [&](const StoredOverride& entry) { return entry.id == id; });
  }
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_CONTROL_FAKE_STORE_H_
