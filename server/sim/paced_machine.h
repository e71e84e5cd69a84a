// SPDX-License-Identifier: Apache-2.0
//
// A simulated machine that keeps pace with the real clock, by a thread of its own.
//
// Shared by the host and its kernels. Any thread, but not from within With(). What is due happens
// at its exact time on the machine's clock, though up to kPaceNs later on the real one; where
// simulating takes longer than that time itself, the machine falls behind its clock. Times in ns of
// clock(). Cannot fail.
#ifndef SCHEDD_SIM_PACED_MACHINE_H_
#define SCHEDD_SIM_PACED_MACHINE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "server/sim/machine.h"
#include "server/sim/paced_clock.h"

namespace schedd {

class PacedMachine {
 public:
  // `options.start_ns` is ignored: it begins now.
  explicit PacedMachine(MachineOptions options, double speed = 1);
  ~PacedMachine();
  PacedMachine(const PacedMachine&) = delete;
  PacedMachine& operator=(const PacedMachine&) = delete;

  // CLOCK_MONOTONIC.
  static int64_t NowNanos() { return PacedClock::RealNanos(); }
  // The machine's own: the same at speed 1.
  const PacedClock& clock() const { return clock_; }

  // From here on, each time the machine is brought up to date, `service` is called on it. One at a
  // time for each `owner`.
  void AddService(const void* owner, std::function<void()> service);
  void RemoveService(const void* owner);

  // Has the machine brought up to date soon, by its own thread. Allocates nothing.
  void Nudge();

  // Brings the machine up to date, runs `action` on it with nobody else near it, and lets happen at
  // once what follows from it.
  void With(const std::function<void(SimMachine&)>& action);

 private:
  // How closely it follows the clock: few wakeups of the real machine, while ticks are 4 ms.
  static constexpr int64_t kPaceNs = 200'000;
  // So much real time is made up for at once; then others have their turn with the machine.
  static constexpr int64_t kMostAtOnceNs = 20'000'000;

  void Pace();
  void CatchUp();

  const PacedClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  SimMachine machine_;                                     // under mutex_
  int64_t sleeps_until_ns_ = 0;                            // under mutex_
  bool nudged_ = false;                                    // under mutex_
  std::map<const void*, std::function<void()>> services_;  // under mutex_
  bool stop_ = false;                                      // under mutex_
  std::thread thread_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_PACED_MACHINE_H_
