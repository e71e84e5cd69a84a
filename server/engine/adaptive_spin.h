// SPDX-License-Identifier: Apache-2.0
//
// For how long it pays to look for work before going to sleep.
//
// A look that finds work saves a wakeup; one that does not costs CPU time that others may want. How
// it went lately tells what the next one is worth: the bound doubles with each look that found work
// in time and halves with each that did not, down to none at all, and is tried again now and then.
// A look may last longer than it was meant to, when a hypervisor or another task takes the CPU
// meanwhile: what it found then was not found by looking.
//
// Pure; scheduling thread. Times in ns. Nothing here fails.
#ifndef SCHEDD_ENGINE_ADAPTIVE_SPIN_H_
#define SCHEDD_ENGINE_ADAPTIVE_SPIN_H_

#include <algorithm>
#include <cstdint>

namespace schedd {

class AdaptiveSpin {
 public:
  // `most_ns`: the longest look; 0 or less for none, ever.
  explicit AdaptiveSpin(int64_t most_ns)
      : most_ns_(std::max<int64_t>(most_ns, 0)), bound_ns_(most_ns_) {}

  // How long to look this time; 0: sleep at once. Once for each chance to look.
  int64_t NextNanos() {
    if (bound_ns_ > 0) return bound_ns_;
    if (++passed_up_ < kTryEvery) return 0;
    passed_up_ = 0;
    return most_ns_ / kLeastPart;
  }

  // How the look went for which NextNanos() had said `meant_ns`.
  void Note(int64_t meant_ns, bool found, int64_t took_ns) {
    if (found && took_ns <= most_ns_) {
      bound_ns_ = std::min(most_ns_, 2 * meant_ns);
    } else {
      bound_ns_ = meant_ns / 2 < most_ns_ / kLeastPart ? 0 : meant_ns / 2;
    }
  }

 private:
  static constexpr int64_t kLeastPart = 8;  // of the longest look: the shortest
  static constexpr int kTryEvery = 32;

  const int64_t most_ns_;
  int64_t bound_ns_;
  int passed_up_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_ADAPTIVE_SPIN_H_
