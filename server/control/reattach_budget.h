// SPDX-License-Identifier: Apache-2.0
//
// How often, and how soon, an ejected dispatcher is attached again without anybody asking.
//
// Owned by SchedulerControl, all on its sequence. After an ejection for an error (an exit kind from
// SCX_EXIT_ERROR on) there is another try: the first after 1 s, each following one after twice as
// long, 30 s at most, up to `limit` of them. 10 minutes after the last ejection, and when somebody
// attaches, the count begins anew. Cannot fail.
#ifndef SCHEDD_CONTROL_REATTACH_BUDGET_H_
#define SCHEDD_CONTROL_REATTACH_BUDGET_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "server/control/sequence.h"

namespace schedd {

class ReattachBudget {
 public:
  // `limit` 0 or less: never.
  ReattachBudget(Sequence* sequence, int32_t limit) : limit_(limit), calm_(sequence) {}

  // True for an end that the kernel calls an error: not for a detach, by whomever, nor for sysrq-S.
  static bool IsError(int64_t exit_kind);

  // Takes one try. Returns how long to wait before it; nothing when all are used up.
  std::optional<absl::Duration> Take();

  // All of them are there again.
  void Reset();

  // Tries taken since the count began.
  int32_t used() const { return used_; }
  int32_t limit() const { return limit_; }

 private:
  const int32_t limit_;
  int32_t used_ = 0;
  Timer calm_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_REATTACH_BUDGET_H_
