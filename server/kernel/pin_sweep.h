// SPDX-License-Identifier: Apache-2.0
//
// Removes what a daemon that was killed left on the BPF file system and in the settings of the
// kernel, once its dispatcher has ended.
//
// For the sweeper's process (server/daemon/sweeper.h). Cannot fail.
#ifndef SCHEDD_KERNEL_PIN_SWEEP_H_
#define SCHEDD_KERNEL_PIN_SWEEP_H_

namespace schedd {

// True when there is nothing (more) to do: no pins, or another daemon has them. False while the
// dispatcher still runs without a daemon: ask again later.
bool SweepPins();

}  // namespace schedd

#endif  // SCHEDD_KERNEL_PIN_SWEEP_H_
