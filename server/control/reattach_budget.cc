// SPDX-License-Identifier: Apache-2.0
#include "server/control/reattach_budget.h"

#include <algorithm>

namespace schedd {
namespace {

constexpr int64_t kFirstError = 1024;  // SCX_EXIT_ERROR
constexpr absl::Duration kCalm = absl::Minutes(10);
constexpr absl::Duration kShortestDelay = absl::Seconds(1);
constexpr absl::Duration kLongestDelay = absl::Seconds(30);
// Beyond it the delay is the longest anyway.
constexpr int32_t kMostDoublings = 5;

}  // namespace

bool ReattachBudget::IsError(int64_t exit_kind) { return exit_kind >= kFirstError; }

std::optional<absl::Duration> ReattachBudget::Take() {
  calm_.Start(kCalm, [this] { used_ = 0; });
  if (used_ >= limit_) return std::nullopt;
  const int32_t doublings = std::min(used_++, kMostDoublings);
  return std::min(kShortestDelay * (1 << doublings), kLongestDelay);
}

void ReattachBudget::Reset() {
  calm_.Stop();
  used_ = 0;
}

}  // namespace schedd
