// SPDX-License-Identifier: Apache-2.0
//
// The clock of a machine that goes along with the real one: as fast, or faster or slower by a
// constant factor.
//
// A value that never changes; any thread. Times in ns; both clocks are CLOCK_MONOTONIC at the
// moment it was made. Cannot fail: a time too far away is the farthest one.
#ifndef SCHEDD_SIM_PACED_CLOCK_H_
#define SCHEDD_SIM_PACED_CLOCK_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace schedd {

class PacedClock {
 public:
  // Seconds of the machine in a real one; more than 0.
  explicit PacedClock(double speed) : speed_(speed), base_ns_(RealNanos()) {}

  // CLOCK_MONOTONIC.
  static int64_t RealNanos() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  int64_t NowNanos() const { return base_ns_ + Scaled(RealNanos() - base_ns_); }

  // How long so much real time is on the machine.
  int64_t Scaled(int64_t real_ns) const { return Times(real_ns, speed_); }

  // When the machine's clock shows `machine_ns`.
  std::chrono::steady_clock::time_point RealTime(int64_t machine_ns) const {
    const int64_t real_ns = base_ns_ + Times(machine_ns - base_ns_, 1 / speed_);
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(real_ns));
  }

 private:
  static int64_t Times(int64_t ns, double factor) {
    constexpr double kFarthestNs = 4e18;  // 127 years; base_ns_ can be added
    if (factor == 1) return std::min<int64_t>(ns, 4'000'000'000'000'000'000);
    return static_cast<int64_t>(
        std::clamp(static_cast<double>(ns) * factor, -kFarthestNs, kFarthestNs));
  }

  double speed_;
  int64_t base_ns_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_PACED_CLOCK_H_
