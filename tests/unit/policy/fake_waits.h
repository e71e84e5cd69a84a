// SPDX-License-Identifier: Apache-2.0
//
// A kernel's answers for tests of single policy calls: what was handed over waits until the test
// says it started.
//
// Owned by one test, one thread. Cannot fail.
#ifndef SCHEDD_TESTS_UNIT_POLICY_FAKE_WAITS_H_
#define SCHEDD_TESTS_UNIT_POLICY_FAKE_WAITS_H_

#include <cstdint>
#include <vector>

#include "server/policy/policy.h"

namespace schedd::testing {

class FakeWaits : public WaitQuery {
 public:
  explicit FakeWaits(size_t capacity) : ended_(capacity, 0), urgent_(capacity, 0) {}

  // Waits of `task` up to `sequence` are over.
  void End(TaskId task, uint32_t sequence) { ended_[task] = sequence; }
  // An urgent decision for the wait `sequence` of `task` is in effect.
  void MakeUrgent(TaskId task, uint32_t sequence) { urgent_[task] = sequence; }

  bool IsWaiting(TaskId task, uint32_t sequence) const override {
    ++asked_;
    return sequence > ended_[task];
  }
  bool IsUrgent(TaskId task, uint32_t sequence) const override {
    return IsWaiting(task, sequence) && urgent_[task] == sequence;
  }
  int64_t asked() const { return asked_; }

 private:
  std::vector<uint32_t> ended_;
  std::vector<uint32_t> urgent_;
  mutable int64_t asked_ = 0;
};

}  // namespace schedd::testing

#endif  // SCHEDD_TESTS_UNIT_POLICY_FAKE_WAITS_H_
