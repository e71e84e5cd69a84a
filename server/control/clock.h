// SPDX-License-Identifier: Apache-2.0
//
// Wall-clock time as an argument: for what people and other machines see (create_time,
// expire_time).
//
// Owned by the daemon, outlives its users; any thread. Intervals are measured by Sequence, never by
// this: the wall clock may jump. Cannot fail.
#ifndef SCHEDD_CONTROL_CLOCK_H_
#define SCHEDD_CONTROL_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace schedd {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CLOCK_H_
