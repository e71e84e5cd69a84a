// SPDX-License-Identifier: Apache-2.0
//
// Waits until the server of a benchmark has attached its simulated machine.
//
// Any thread. DEADLINE_EXCEEDED, or the client's error, after a minute.
#ifndef SCHEDD_TESTS_BENCH_API_AWAIT_ATTACHED_H_
#define SCHEDD_TESTS_BENCH_API_AWAIT_ATTACHED_H_

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/lib/client.h"

namespace schedd {

inline absl::Status AwaitAttached(client::Client& client) {
  const absl::Time give_up = absl::Now() + absl::Seconds(60);
  while (true) {
    const auto scheduler = client.GetScheduler();
    if (scheduler.ok() && scheduler->state() == v1::Scheduler::STATE_ATTACHED) {
      return absl::OkStatus();
    }
    if (absl::Now() > give_up) {
      return scheduler.ok() ? absl::DeadlineExceededError("the server does not attach")
                            : scheduler.status();
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace schedd

#endif  // SCHEDD_TESTS_BENCH_API_AWAIT_ATTACHED_H_
