// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/pin_sweep.h"

#include "server/kernel/compaction.h"
#include "server/kernel/host_files.h"
#include "server/kernel/pins.h"

namespace schedd {

bool SweepPins() {
  const auto pins =
      PinDirectory::Take(kPinDirectory, PinDirectory::Missing::kFail, absl::ZeroDuration());
  if (!pins.ok()) return true;
  const KernelState state = ReadSchedExtState("", kOwnOpsPrefix);
  if (state.attachment == KernelState::Attachment::kOurs) return false;
  ReleaseLockedPages("");
  (*pins)->Remove();
  return true;
}

}  // namespace schedd
